/** How many clients were sent where. */
export class Tally {
  readonly #redirects = new Map<string, number>();
  #total = 0;
  /** Clients that were told that no server is available. */
  unavailable = 0;

  /** A client was sent to the server of this name. */
  redirected(name: string, count = 1): void {
    this.#redirects.set(name, (this.#redirects.get(name) ?? 0) + count);
    this.#total += count;
  }

  /** Clients that were sent to the server of this name. */
  redirectsTo(name: string): number {
    return this.#redirects.get(name) ?? 0;
  }

  /** Clients that were sent anywhere. */
  get redirects(): number {
    return this.#total;
  }

  /** Adds what another one has counted between two moments; nothing where it has less than before. */
  addDifference(before: Counts, after: Counts): void {
    for (const [name, count] of Object.entries(after.redirects)) {
      const more = count - (before.redirects[name] ?? 0);
      if (more > 0) this.redirected(name, more);
    }
    this.unavailable += Math.max(0, after.unavailable - before.unavailable);
  }

  /** All of it as plain data. */
  get counts(): Counts {
    return { redirects: Object.fromEntries(this.#redirects), unavailable: this.unavailable };
  }
}

/** What a tally has counted, as plain data. */
export interface Counts {
  /** Clients that were sent to servers, by the servers' names. */
  readonly redirects: Readonly<Record<string, number>>;
  /** Clients that were told that no server is available. */
  readonly unavailable: number;
}

/** What a tally has counted at first. */
export const NOTHING_COUNTED: Counts = { redirects: {}, unavailable: 0 };
