/** Limits a rate of bytes. The burst is a tenth of a second's worth, also after a pause. */
export class TokenBucket {
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #at: number;

  /**
   * @param rate bytes per second, at least 1
   * @param monotonicMs the present, by any monotonic clock
   */
  constructor(rate: number, monotonicMs: number) {
    this.#perMs = rate / 1000;
    this.#burst = Math.max(1, Math.floor(rate / 10));
    this.#tokens = this.#burst;
    this.#at = monotonicMs;
  }

  /** Takes up to `wanted` tokens; how many bytes may be sent, 0 if it is too early. */
  take(wanted: number, monotonicMs: number): number {
    this.#tokens = Math.min(this.#burst, this.#tokens + (monotonicMs - this.#at) * this.#perMs);
    this.#at = monotonicMs;
    if (this.#tokens < Math.min(wanted, this.#minWrite)) return 0;
    const taken = Math.min(wanted, Math.floor(this.#tokens));
    this.#tokens -= taken;
    return taken;
  }

  /** After `take` returned 0: how long to wait before the next `take`. */
  waitMs(wanted: number): number {
    return Math.max(1, (Math.min(wanted, this.#minWrite) - this.#tokens) / this.#perMs);
  }

  /** Half a burst: smaller writes would only need more calls. */
  get #minWrite(): number {
    return Math.max(1, this.#burst / 2);
  }
}
