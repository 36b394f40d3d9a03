/** Time over which bins are averaged, in bins. */
const WINDOW = 60;

/** Fewer bins say nothing. */
const LEAST_BINS = 10;

/** What is known of one server. */
interface Arrivals {
  /** All clients until the last bin. */
  total: number;
  bins: number;
  /** Of the clients in a bin, the latest bins with more weight. */
  mean: number;
  variance: number;
}

/**
 * Measures herding: the variance of the clients that are sent to a server in bins of equal length,
 * divided by their mean. It is 1 if clients come at random, less if servers take turns, more if
 * clients come in crowds. Pure.
 */
export class ArrivalDispersion {
  #servers = new Map<string, Arrivals>();

  /**
   * Ends a bin; servers that are not counted any more are forgotten.
   *
   * @param totals clients that were sent to each server until now, by authority
   */
  endBin(totals: ReadonlyMap<string, number>): void {
    const servers = new Map<string, Arrivals>();
    for (const [authority, total] of totals) {
      const known = this.#servers.get(authority) ?? { total: 0, bins: 0, mean: 0, variance: 0 };
      // Fewer than before: it was listed again.
      const clients = total < known.total ? total : total - known.total;
      const weight = 1 / Math.min(WINDOW, ++known.bins);
      const difference = clients - known.mean;
      known.mean += weight * difference;
      known.variance = (1 - weight) * (known.variance + weight * difference ** 2);
      known.total = total;
      servers.set(authority, known);
    }
    this.#servers = servers;
  }

  /** The sum of all variances by the sum of all means; undefined if too little is known. */
  get ratio(): number | undefined {
    let [means, variances] = [0, 0];
    for (const { bins, mean, variance } of this.#servers.values()) {
      if (bins < LEAST_BINS) continue;
      means += mean;
      variances += variance;
    }
    return means > 0 ? variances / means : undefined;
  }
}
