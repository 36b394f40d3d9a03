/**
 * Signals to a role that listens: stop, and reload.
 *
 * @module
 */

import { receiveOrder, workerPort } from "./worker_protocol.ts";

/**
 * How long a worker that was replaced keeps connections open that are idle or new. Its replies then
 * have `Connection: close`.
 */
const RETIREMENT_MS = 2000;

/**
 * A signal that fires at the first SIGINT or SIGTERM; in a worker, at its parent's order or a
 * SIGTERM. A second SIGINT or SIGTERM ends the process at once, with 128 plus the signal's number as
 * its exit status, except in a worker.
 *
 * @param onSecond called before a second signal ends the process
 * @param onNews called, in a worker, with each line of news from its parent
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

function orderedStop(controller: AbortController, onNews: (news: string) => void): AbortSignal {
  receiveOrder(onNews).then((order) => controller.abort(order));
  Deno.addSignalListener("SIGTERM", () => controller.abort("stop"));
  // A terminal sends these to all of its processes; a worker follows its parent.
  for (const signal of ["SIGINT", "SIGHUP"] as const) Deno.addSignalListener(signal, () => {});
  return controller.signal;
}

/** Calls back at every SIGHUP, except on Windows and in a worker, whose parent handles it. */
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

/** SIGHUP as a request to reload; one that comes before the handler is set is kept. */
export class ReloadSignal {
  #call: (() => void) | undefined;
  #isKept = false;

  /**
   * Listens from now on.
   *
   * @param onEarly called for each signal that is kept
   */
  constructor(onEarly: () => void) {
    onHangup(() => {
      if (this.#call !== undefined) return this.#call();
      this.#isKept = true;
      onEarly();
    });
  }

  /** Whether a signal was kept; forgets it. */
  take(): boolean {
    const wasKept = this.#isKept;
    this.#isKept = false;
    return wasKept;
  }

  /** Sets the handler of each signal; one that was kept calls it at once. */
  each(call: () => void): void {
    this.#call = call;
    if (this.take()) call();
  }
}
