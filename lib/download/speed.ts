import { TryError } from "./download_error.ts";

/** Watches that content keeps coming quickly enough. Pure: the time is an argument. */
export class SpeedWatch {
  readonly #leastPerSecond: number;
  readonly #windowMs: number;
  #since: number;
  #received = 0;

  /**
   * @param leastPerSecond in bytes
   * @param windowMs over how long the speed is taken
   * @param monotonicMs the present
   */
  constructor(leastPerSecond: number, windowMs: number, monotonicMs: number) {
    this.#leastPerSecond = leastPerSecond;
    this.#windowMs = windowMs;
    this.#since = monotonicMs;
  }

  /**
   * Counts bytes that have arrived from a server.
   *
   * @throws {TryError} when they were too few for the time since the window began
   */
  add(bytes: number, monotonicMs: number, server: string): void {
    this.#received += bytes;
    const elapsedMs = monotonicMs - this.#since;
    if (elapsedMs < this.#windowMs) return;
    const isTooSlow = this.#received < this.#leastPerSecond * elapsedMs / 1000;
    this.#since = monotonicMs;
    this.#received = 0;
    if (!isTooSlow) return;
    const reason = `it sent less than ${this.#leastPerSecond} bytes a second`;
    throw new TryError("network", server, reason, { isTooSlow: true });
  }
}

/** How long ago the speed may begin, in ms: it is that of the present, not of the whole download. */
const WINDOW_MS = 5000;
const LEAST_STEP_MS = 250;

/** How fast something grows at present. Pure: the time is an argument. */
export class PaceMeter {
  readonly #marks: { readonly at: number; readonly received: number }[] = [];

  /**
   * Takes a mark of how many bytes are there now.
   *
   * @returns bytes per second; undefined when it cannot be told yet
   */
  measure(received: number, monotonicMs: number): number | undefined {
    const last = this.#marks.at(-1);
    // What begins anew is measured anew.
    if (last !== undefined && received < last.received) this.#marks.length = 0;
    if (last === undefined || monotonicMs - last.at >= LEAST_STEP_MS) {
      this.#marks.push({ at: monotonicMs, received });
    }
    while (this.#marks.length > 2 && monotonicMs - this.#marks[1]!.at >= WINDOW_MS) {
      this.#marks.shift();
    }
    const first = this.#marks[0];
    if (first === undefined || monotonicMs - first.at < LEAST_STEP_MS) return undefined;
    return (received - first.received) / (monotonicMs - first.at) * 1000;
  }
}
