/**
 * Policies that give servers fixed shares, from which each client draws at random.
 *
 * @module
 */

import { throughputOf } from "../health.ts";
import type { Server } from "../list/server.ts";
import { drawFrom, seedFrom } from "./hash.ts";
import {
  type Candidate,
  effectiveWeights,
  type PickRequest,
  type Policy,
  sharesOf,
  SmoothedSpeeds,
} from "./policy.ts";

/** Draws before the servers that are not excluded are counted one by one. */
const DRAWS = 8;

/**
 * Servers with fixed shares, picked at random in constant time: Walker's alias method in Vose's
 * form. Of n columns of equal width, each is filled by one server to a certain height and by one
 * other above it; a pick is a point in one of them.
 */
export class ShareTable {
  readonly #servers: readonly Server[];
  readonly #weights: readonly number[];
  /** The height of the column's own server, from 0 to 1. */
  readonly #heights: Float64Array;
  /** The server above it. */
  readonly #others: Int32Array;

  /**
   * Divides all requests in proportion to the weights.
   *
   * @param weights one for each server, finite, at least 0, not all 0
   */
  constructor(servers: readonly Server[], weights: readonly number[]) {
    const n = servers.length;
    this.#servers = servers;
    this.#weights = weights;
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    this.#heights = Float64Array.from(weights, (weight) => weight / total * n);
    this.#others = new Int32Array(n);
    this.#fillColumns();
  }

  /** The fraction of each, by id; they sum to 1. With some excluded, that of the others. */
  shares(isExcluded?: (server: Server) => boolean): Map<number, number> {
    return sharesOf(this.#servers, this.#weights, isExcluded);
  }

  /**
   * Picks a server; undefined if there is none, or all are excluded. With some excluded, the others
   * keep their shares in proportion to each other.
   */
  pick(random: number, isExcluded?: (server: Server) => boolean): Server | undefined {
    const server = this.#servers[this.#draw(random)];
    if (isExcluded === undefined || server === undefined || !isExcluded(server)) return server;
    const seed = seedFrom(random);
    for (let turn = 1; turn < DRAWS; turn++) {
      const drawn = this.#servers[this.#draw(drawFrom(seed, turn))]!;
      if (!isExcluded(drawn)) return drawn;
    }
    return this.#pickLeft(drawFrom(seed, DRAWS), isExcluded);
  }

  #draw(random: number): number {
    const point = random * this.#heights.length;
    const column = Math.floor(point);
    return point - column < this.#heights[column]! ? column : this.#others[column]!;
  }

  #pickLeft(random: number, isExcluded: (server: Server) => boolean): Server | undefined {
    const left: number[] = [];
    let total = 0;
    for (let i = 0; i < this.#servers.length; i++) {
      if (isExcluded(this.#servers[i]!)) continue;
      left.push(i);
      total += this.#weights[i]!;
    }
    let point = random * total;
    // A weight of 0 counts only if no other server is left.
    for (const i of left) {
      point -= this.#weights[i]!;
      if (point < 0) return this.#servers[i];
    }
    return this.#servers[left.at(-1) ?? -1];
  }

  /** A server with more than a column fills up the columns of those with less. */
  #fillColumns(): void {
    const heights = this.#heights;
    const low: number[] = [], high: number[] = [];
    heights.forEach((height, i) => (height < 1 ? low : high).push(i));
    while (low.length > 0 && high.length > 0) {
      const poor = low.pop()!, rich = high.at(-1)!;
      this.#others[poor] = rich;
      heights[rich]! -= 1 - heights[poor]!;
      if (heights[rich]! < 1) low.push(high.pop()!);
    }
    // Left over by rounding.
    for (const i of [...low, ...high]) heights[i] = 1;
  }
}

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

  likely({ isExcluded }: PickRequest): ReadonlyMap<number, number> {
    return sharesOf(this.#servers, this.#weights, isExcluded);
  }

  part(): Policy {
    return new RankPolicy();
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

/** 1 + 2 + … + count, which is also the first slot of the server at index `count`. */
function triangular(count: number): number {
  return (count * (count + 1)) / 2;
}

/**
 * Shares in proportion to throughput: a server that is ten times as fast gets ten times as much.
 */
export class SpeedPolicy implements Policy {
  readonly #speeds = new SmoothedSpeeds();
  #table = new ShareTable([], []);

  update(candidates: readonly Candidate[]): void {
    const speeds = this.#speeds.update(candidates);
    const weights = effectiveWeights(candidates).map((weight, i) => weight * speeds[i]!);
    this.#table = new ShareTable(candidates.map(({ server }) => server), weights);
  }

  /** In constant time unless some are excluded. */
  pick({ random, isExcluded }: PickRequest): Server | undefined {
    return this.#table.pick(random, isExcluded);
  }

  /** In proportion to throughput times weight. */
  shares(): ReadonlyMap<number, number> {
    return this.#table.shares();
  }

  likely({ isExcluded }: PickRequest): ReadonlyMap<number, number> {
    return this.#table.shares(isExcluded);
  }

  part(): Policy {
    return new SpeedPolicy();
  }
}
