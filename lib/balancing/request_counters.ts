import type { Server } from "./list/server.ts";

/** How many clients were sent where. */
export class RequestCounters {
  readonly #redirects = new Map<string, number>();
  /** Those that are counted by themselves; undefined for all. */
  #names: ReadonlySet<string> | undefined;
  #total = 0;
  /** Clients that were told that no server is available. */
  unavailable = 0;

  /** A client was sent to the server of this name. */
  redirected(name: string, count = 1): void {
    this.#total += count;
    if (this.#names?.has(name) === false) return;
    this.#redirects.set(name, (this.#redirects.get(name) ?? 0) + count);
  }

  /** Clients that were sent to the server of this name. */
  redirectsTo(name: string): number {
    return this.#redirects.get(name) ?? 0;
  }

  /** Clients that were sent to each server that is counted by itself, as of now. */
  get byServer(): ReadonlyMap<string, number> {
    return new Map(this.#redirects);
  }

  /** Clients that were sent anywhere. */
  get redirects(): number {
    return this.#total;
  }

  /** Adds what another one has counted. */
  add({ redirects, unavailable }: Counts): void {
    for (const [name, count] of Object.entries(redirects)) this.redirected(name, count);
    this.unavailable += unavailable;
  }

  /** All that it has counted, for another one; from now on it counts from nothing. */
  take(): Counts {
    const counts = {
      redirects: Object.fromEntries(this.#redirects),
      unavailable: this.unavailable,
    };
    this.#redirects.clear();
    this.#total = this.unavailable = 0;
    return counts;
  }

  /**
   * Forgets how many were sent to servers of other names, and of what is added later as well; they
   * still count among all clients.
   */
  retain(names: ReadonlySet<string>): void {
    this.#names = names;
    for (const name of this.#redirects.keys()) {
      if (!names.has(name)) this.#redirects.delete(name);
    }
  }
}

/** What a counters has counted, as plain data. */
export interface Counts {
  /** Clients that were sent to servers, by the servers' names. */
  readonly redirects: Readonly<Record<string, number>>;
  /** Clients that were told that no server is available. */
  readonly unavailable: number;
}

/** How many clients each server had got at a moment, by name. */
type Snapshot = ReadonlyMap<string, number>;

/**
 * The fractions of clients that servers have really got lately, that is since the round before the
 * last one. For policies whose picks depend on the load; where workers pick, by what they report.
 */
export class PickedShares {
  readonly #counters: RequestCounters;
  #before: Snapshot = new Map();
  #last: Snapshot = new Map();

  /**
   * No round has ended yet.
   *
   * @param counters counts the clients of all processes
   */
  constructor(counters: RequestCounters) {
    this.#counters = counters;
  }

  /** A round has ended. */
  endRound(): void {
    this.#before = this.#last;
    this.#last = this.#counters.byServer;
  }

  /** The fraction of each of these servers; undefined while none of them has got a client lately. */
  of(servers: Iterable<Server>): Map<Server, number> | undefined {
    const counts = new Map<Server, number>();
    let sum = 0;
    for (const server of servers) {
      const { authority } = server;
      const all = this.#counters.redirectsTo(authority);
      const before = this.#before.get(authority) ?? 0;
      const count = before <= all ? all - before : all; // Its count began anew with its listing.
      counts.set(server, count);
      sum += count;
    }
    if (sum <= 0) return undefined;
    for (const [server, count] of counts) counts.set(server, count / sum);
    return counts;
  }
}
