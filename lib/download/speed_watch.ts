/** Watches that content keeps coming quickly enough. Pure: the time is an argument. */
export class SpeedWatch {
  readonly #leastPerSecond: number;
  readonly #windowMs: number;
  #since: number;
  #received = 0;

  /**
   * Of one server.
   *
   * @param leastPerSecond in octets; 0 for any speed
   * @param windowMs over how long the speed is taken
   * @param now ms on any clock that never goes back
   */
  constructor(leastPerSecond: number, windowMs: number, now: number) {
    this.#leastPerSecond = leastPerSecond;
    this.#windowMs = windowMs;
    this.#since = now;
  }

  /** So many octets have arrived: whether they were too few for the time since the window began. */
  isTooSlow(octets: number, now: number): boolean {
    this.#received += octets;
    const elapsedMs = now - this.#since;
    if (elapsedMs < this.#windowMs) return false;
    const isTooSlow = this.#received < this.#leastPerSecond * elapsedMs / 1000;
    this.#since = now;
    this.#received = 0;
    return isTooSlow;
  }
}
