/** Watches that content keeps coming quickly enough. Pure: the time is an argument. */
export class SpeedWatch {
  readonly #leastPerSecond: number;
  readonly #windowMs: number;
  #since: number;
  #received = 0;

  /**
   * Of one server.
   *
   * @param leastPerSecond in bytes; 0 for any speed
   * @param windowMs over how long the speed is taken
   * @param now ms on any clock that never goes back
   */
  constructor(leastPerSecond: number, windowMs: number, now: number) {
    this.#leastPerSecond = leastPerSecond;
    this.#windowMs = windowMs;
    this.#since = now;
  }

  /** So many bytes have arrived: whether they were too few for the time since the window began. */
  isTooSlow(bytes: number, now: number): boolean {
    this.#received += bytes;
    const elapsedMs = now - this.#since;
    if (elapsedMs < this.#windowMs) return false;
    const isTooSlow = this.#received < this.#leastPerSecond * elapsedMs / 1000;
    this.#since = now;
    this.#received = 0;
    return isTooSlow;
  }
}

/** How long ago the speed may begin, in ms: it is that of the present, not of the whole download. */
const WINDOW_MS = 5000;
const LEAST_STEP_MS = 250;

/** How fast something grows at present. Pure: the time is an argument. */
export class PaceMeter {
  readonly #marks: { readonly at: number; readonly received: number }[] = [];

  /**
   * So many bytes are there now.
   *
   * @param now ms on any clock that never goes back
   * @returns bytes per second; undefined when it cannot be told yet
   */
  measure(received: number, now: number): number | undefined {
    const last = this.#marks.at(-1);
    // What begins anew is measured anew.
    if (last !== undefined && received < last.received) this.#marks.length = 0;
    if (last === undefined || now - last.at >= LEAST_STEP_MS) {
      this.#marks.push({ at: now, received });
    }
    while (this.#marks.length > 2 && now - this.#marks[1]!.at >= WINDOW_MS) this.#marks.shift();
    const first = this.#marks[0];
    if (first === undefined || now - first.at < LEAST_STEP_MS) return undefined;
    return (received - first.received) / (now - first.at) * 1000;
  }
}
