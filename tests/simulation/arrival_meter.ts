/** Length of a bin and of the windows inside which bins are compared, in ms. */
const BIN_MS = 1000;
const WINDOW_MS = 60_000;

/**
 * Measures herding: the variance of the arrivals per server in bins of a second, divided by their
 * mean. It is 1 if clients come at random, less if they take turns, more if they come in crowds. Bins
 * are compared inside a minute only, so that a server whose share changes does not count.
 */
export class ArrivalMeter {
  readonly #bins = WINDOW_MS / BIN_MS;
  readonly #counts: Uint32Array;
  /** Sums of squares of the bins in the present window, and of all of them. */
  readonly #squares: Float64Array;
  readonly #sums: Float64Array;
  #bin = 0;
  #variance = 0;
  #mean = 0;

  constructor(servers: number) {
    this.#counts = new Uint32Array(servers);
    this.#squares = new Float64Array(servers);
    this.#sums = new Float64Array(servers);
  }

  /** A client was sent to a server. Times do not decrease. */
  add(server: number, now: number): void {
    const bin = Math.floor(now / BIN_MS);
    if (bin > this.#bin) this.#endBin(bin);
    this.#counts[server]!++;
  }

  /** Of the windows that are over; NaN if there is none. */
  get dispersion(): number {
    return this.#variance / this.#mean;
  }

  #endBin(next: number): void {
    this.#counts.forEach((count, server) => {
      this.#sums[server]! += count;
      this.#squares[server]! += count * count;
    });
    this.#counts.fill(0);
    const window = Math.floor(this.#bin / this.#bins);
    if (Math.floor(next / this.#bins) > window) this.#endWindow();
    this.#bin = next;
  }

  #endWindow(): void {
    this.#sums.forEach((sum, server) => {
      const mean = sum / this.#bins;
      this.#mean += mean;
      this.#variance += (this.#squares[server]! - sum * mean) / (this.#bins - 1);
    });
    this.#sums.fill(0);
    this.#squares.fill(0);
  }
}
