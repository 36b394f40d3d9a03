/**
 * Signals to a role that listens: stop, and reload.
 *
 * @module
 */

import { receiveCommand, workerPort } from "./worker_protocol.ts";

/**
 * How long a process that was replaced keeps connections open that are idle or new. Its replies then
 * have `Connection: close`.
 */
const DRAIN_MS = 2000;

/** How a process learns that it is to stop. */
export interface StopOptions {
  /** How long it goes on accepting after a SIGTERM, in ms, while its health check fails. */
  readonly drainDelayMs?: number;
  /** Called before the process ends at once. */
  readonly onSecond?: () => void;
  /** Called, in a worker, with the content of each update of its parent. */
  readonly onUpdate?: ((content: unknown) => void) | undefined;
}

/** The end of a process, announced and begun. */
export interface Stop {
  /** Fires when its health check is to fail from now on. */
  readonly draining: AbortSignal;
  /** Fires when it is to accept no more: at the same time, or after the delay. */
  readonly signal: AbortSignal;
}

/**
 * Signals that fire when the process is to stop: at the first SIGINT or SIGTERM; in a worker at its
 * parent's command, and at a SIGTERM. A second one ends the process at once, with the status that a
 * shell gives it: 128 and the signal's number; workers leave that to their parent.
 */
export function stopSignals(
  { drainDelayMs = 0, onSecond = () => {}, onUpdate }: StopOptions = {},
): Stop {
  const [draining, stop] = [new AbortController(), new AbortController()];
  if (workerPort() !== undefined) return commandedStop(stop, onUpdate);
  const exitStatuses = { SIGINT: 130, ...(Deno.build.os !== "windows" && { SIGTERM: 143 }) };
  for (const [name, exitStatus] of Object.entries(exitStatuses)) {
    Deno.addSignalListener(name as Deno.Signal, () => {
      if (draining.signal.aborted) {
        onSecond();
        Deno.exit(exitStatus);
      }
      draining.abort();
      if (drainDelayMs === 0 || name === "SIGINT") stop.abort();
      else setTimeout(() => stop.abort(), drainDelayMs);
    });
  }
  return { draining: draining.signal, signal: stop.signal };
}

function commandedStop(controller: AbortController, onUpdate: StopOptions["onUpdate"]): Stop {
  receiveCommand(onUpdate).then((command) => controller.abort(command));
  Deno.addSignalListener("SIGTERM", () => controller.abort("stop"));
  // A terminal sends these to all of its processes; a worker follows its parent.
  for (const signal of ["SIGINT", "SIGHUP"] as const) Deno.addSignalListener(signal, () => {});
  return { draining: controller.signal, signal: controller.signal };
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

/**
 * How long connections without a request may last after a stop, in ms.
 *
 * @param isShared whether another process listens on the same port, and this one is replaced
 */
export function idleGraceMs(stop: AbortSignal, isShared = false): number {
  return isShared || stop.reason === "drain" ? DRAIN_MS : 0;
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
