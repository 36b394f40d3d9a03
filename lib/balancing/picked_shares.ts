import type { Server } from "./list/server.ts";
import type { RequestCounters } from "./tally.ts";

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
