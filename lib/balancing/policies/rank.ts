/**
 * How requests are shared among ranked servers. With n servers, slowest first, the one at position
 * i (counted from 1) gets i of every n(n+1)/2 requests on average: picture a row of n(n+1)/2 slots
 * of which the slowest owns the first, the next one two, and so on; a request takes one at random.
 *
 * @module
 */

import type { Server } from "../list/server.ts";
import type { Candidate, PickRequest, Policy } from "../policy.ts";
import { throughputOf } from "../sample.ts";
import { ShareTable } from "./share_table.ts";
import { effectiveWeights } from "./weights.ts";

/**
 * The slowest of n servers gets one part, the next two, … the fastest n, however much faster it is.
 * Only the order of the throughputs counts, so no wrong measurement can do much harm.
 */
export class RankPolicy implements Policy {
  /** Slowest first, equal ones in the order of the list. */
  #servers: readonly Server[] = [];
  #weights: readonly number[] = [];
  #hasWeights = false;
  /** For weights and exclusions; made when first needed. */
  #table: ShareTable | undefined;

  /** A server in slow start ranks no higher than its progress. */
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

  /** In constant time, without weights and exclusions. */
  pick({ random, isExcluded }: PickRequest): Server | undefined {
    const n = this.#servers.length;
    if (n === 0) return undefined;
    if (isExcluded === undefined && !this.#hasWeights) return this.#servers[pickRank(n, random)];
    return this.#shareTable().pick(random, isExcluded);
  }

  /** In proportion to rank times weight. */
  shares(): ReadonlyMap<number, number> {
    return this.#servers.length === 0 ? new Map() : this.#shareTable().shares();
  }

  #shareTable(): ShareTable {
    return this.#table ??= new ShareTable(this.#servers, this.#weights);
  }
}

function cap(rank: number, slowStart: number, n: number): number {
  return slowStart < 1 ? Math.min(rank, Math.floor(slowStart * (n - 1))) : rank;
}

/**
 * Picks a rank in constant time. With n servers, slowest first, the one at position i, from 1, gets
 * i of every n(n+1)/2 requests on average: of n(n+1)/2 slots the slowest has the first, the next
 * one two, and so on; a request draws one.
 *
 * @param n number of servers: at least 1, and at most 2²⁵ so that every slot is exact
 * @param random evenly distributed, at least 0 and less than 1
 * @returns an index from 0, the slowest, to n - 1, the fastest
 */
export function pickRank(n: number, random: number): number {
  const slot = Math.floor(random * triangular(n));
  // The inverse of triangular() needs no correction: below 2⁵³ the root of (2 rank + 1)² is exact,
  // and that of the slot before it, 4 / (2 rank + 1) less, is too far off to be rounded up to it.
  return Math.floor((Math.sqrt(8 * slot + 1) - 1) / 2);
}

/** The fraction of all requests for the server at index `rank`, 0 for the slowest, of n. */
export function share(rank: number, n: number): number {
  return (rank + 1) / triangular(n);
}

/** 1 + 2 + … + count, which is also the first slot of the server at index `count`. */
function triangular(count: number): number {
  return (count * (count + 1)) / 2;
}
