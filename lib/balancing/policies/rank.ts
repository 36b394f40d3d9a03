import type { Candidate, PickRequest, Policy } from "../policy.ts";
import type { Server } from "../list/server.ts";
import { pickRank } from "../shares.ts";
import { effectiveWeights } from "./effective_weights.ts";
import { ShareTable } from "./share_table.ts";
import { throughputOf } from "./throughput.ts";

/**
 * The slowest of n gets one part, the next two, … the fastest n, however much faster it is. Only
 * the order of the throughputs counts, so no measurement, however wrong, can do much harm. See
 * `shares.ts`.
 */
export class RankPolicy implements Policy {
  /** Slowest first, equal ones in the order they were given. */
  #servers: readonly Server[] = [];
  #weights: readonly number[] = [];
  #hasWeights = false;
  /** For requests that are not plain; made when the first of them comes. */
  #table: ShareTable | undefined;

  /** A server that came back stands no higher than it has risen. */
  update(candidates: readonly Candidate[]): void {
    const bySpeed = candidates.toSorted((a, b) => throughputOf(a.sample) - throughputOf(b.sample));
    const ranked = bySpeed
      .map((candidate, rank) => ({
        candidate,
        rank: cap(rank, candidate.slowStart, bySpeed.length),
      }))
      .sort((a, b) => a.rank - b.rank || a.candidate.slowStart - b.candidate.slowStart)
      .map(({ candidate }) => ({ ...candidate, slowStart: 1 }));
    const weights = effectiveWeights(ranked);
    this.#servers = ranked.map(({ server }) => server);
    this.#hasWeights = weights.some((weight) => weight !== weights[0]);
    this.#weights = weights.map((weight, rank) => weight * (rank + 1));
    this.#table = undefined;
  }

  /** In constant time unless some are excluded. */
  pick({ random, isExcluded }: PickRequest): Server | undefined {
    const n = this.#servers.length;
    if (n === 0) return undefined;
    if (isExcluded === undefined && !this.#hasWeights) return this.#servers[pickRank(n, random)];
    return this.#shareTable().pick(random, isExcluded);
  }

  /** In proportion to rank times weight. */
  shares(): ReadonlyMap<Server, number> {
    return this.#servers.length === 0 ? new Map() : this.#shareTable().shares();
  }

  #shareTable(): ShareTable {
    return this.#table ??= new ShareTable(this.#servers, this.#weights);
  }
}

function cap(rank: number, slowStart: number, n: number): number {
  return slowStart < 1 ? Math.min(rank, Math.floor(slowStart * (n - 1))) : rank;
}
