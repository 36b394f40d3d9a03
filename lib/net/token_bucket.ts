/**
 * Spreads bytes evenly over time. At no moment more than a tenth of a second's worth goes at once,
 * and after a pause nothing is made up for beyond that.
 */
export class TokenBucket {
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #at: number;

  /**
   * Begins with a full tenth of a second's worth to spend.
   *
   * @param rate bytes per second, at least 1
   * @param monotonicMs on any clock that never goes back
   */
  constructor(rate: number, monotonicMs: number) {
    this.#perMs = rate / 1000;
    this.#burst = Math.max(1, Math.floor(rate / 10));
    this.#tokens = this.#burst;
    this.#at = monotonicMs;
  }

  /**
   * Takes up to `wanted` bytes out of what may go now.
   *
   * @returns how many may go; 0 when it is too early
   */
  take(wanted: number, monotonicMs: number): number {
    this.#tokens = Math.min(this.#burst, this.#tokens + (monotonicMs - this.#at) * this.#perMs);
    this.#at = monotonicMs;
    if (this.#tokens < Math.min(wanted, this.#minWrite)) return 0;
    const taken = Math.min(wanted, Math.floor(this.#tokens));
    this.#tokens -= taken;
    return taken;
  }

  /** After `take` gave 0: the ms to wait before some of `wanted` may go. */
  waitMs(wanted: number): number {
    return Math.max(1, (Math.min(wanted, this.#minWrite) - this.#tokens) / this.#perMs);
  }

  /** Half a burst: fewer bytes at a time would only cost more calls. */
  get #minWrite(): number {
    return Math.max(1, this.#burst / 2);
  }
}
