/**
 * When a role that listens is to stop, and how.
 *
 * @module
 */

import { receiveOrder, workerPort } from "./worker_protocol.ts";

/**
 * How long a worker that another has replaced waits for clients that are between two requests, or
 * have connected and not yet asked: whoever sends one gets its answer, and that it is the last.
 */
const RETIREMENT_MS = 2000;

/**
 * A signal that fires when the process is to stop: at the first SIGINT or SIGTERM; in a worker at
 * its parent's order, and at a SIGTERM. A second one ends the process at once, with the status that
 * a shell gives it: 128 and the signal's number; workers leave that to their parent.
 *
 * @param onSecond called before the process ends at once
 * @param onNews told, in a worker, what its parent has to say
 */
export function stopSignal(
  onSecond: () => void = () => {},
  onNews: (news: string) => void = () => {},
): AbortSignal {
  const controller = new AbortController();
  if (workerPort() !== undefined) return orderedStop(controller, onNews);
  const exitStatuses = { SIGINT: 130, ...(Deno.build.os !== "windows" && { SIGTERM: 143 }) };
  for (const [signal, exitStatus] of Object.entries(exitStatuses)) {
    Deno.addSignalListener(signal as Deno.Signal, () => {
      if (controller.signal.aborted) {
        onSecond();
        Deno.exit(exitStatus);
      }
      controller.abort();
    });
  }
  return controller.signal;
}

function orderedStop(
  controller: AbortController,
  onNews: (news: string) => void,
): AbortSignal {
  receiveOrder(onNews).then((order) => controller.abort(order));
  Deno.addSignalListener("SIGTERM", () => controller.abort("stop"));
  // A terminal sends these to all of its processes; the parent says what is to be done.
  for (const signal of ["SIGINT", "SIGHUP"] as const) Deno.addSignalListener(signal, () => {});
  return controller.signal;
}

/** Calls back at every SIGHUP, where there is one; not in a worker, whose parent acts on it. */
export function onHangup(call: () => void): void {
  if (Deno.build.os === "windows" || workerPort() !== undefined) return;
  Deno.addSignalListener("SIGHUP", call);
}

/** Settles when the signal fires. */
export function fired(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
}

/** How long connections without a request may last after a stop, in ms. */
export function idleGraceMs(stop: AbortSignal): number {
  return stop.reason === "retire" ? RETIREMENT_MS : 0;
}

/** SIGHUPs; one that comes before anybody can act on it is kept. */
export class ReloadSignal {
  #call: (() => void) | undefined;
  #isKept = false;

  /**
   * Waits for them from now on.
   *
   * @param onEarly called for each that is kept
   */
  constructor(onEarly: () => void) {
    onHangup(() => {
      if (this.#call !== undefined) return this.#call();
      this.#isKept = true;
      onEarly();
    });
  }

  /** Whether one was kept; it is no more. */
  take(): boolean {
    const wasKept = this.#isKept;
    this.#isKept = false;
    return wasKept;
  }

  /** From now on each makes this call; one that was kept does so at once. */
  each(call: () => void): void {
    this.#call = call;
    if (this.take()) call();
  }
}
