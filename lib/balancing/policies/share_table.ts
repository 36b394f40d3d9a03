import type { Server } from "../list/server.ts";
import { drawFrom, seedFrom } from "./hash.ts";

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
  readonly #total: number;
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
    this.#total = weights.reduce((sum, weight) => sum + weight, 0);
    this.#heights = Float64Array.from(weights, (weight) => weight / this.#total * n);
    this.#others = new Int32Array(n);
    this.#fillColumns();
  }

  /** The fraction of each, by id; they sum to 1. */
  shares(): Map<number, number> {
    return new Map(this.#servers.map(({ id }, i) => [id, this.#weights[i]! / this.#total]));
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
    const left = this.#servers.flatMap((it, i) => isExcluded(it) ? [] : [i]);
    let point = random * left.reduce((sum, i) => sum + this.#weights[i]!, 0);
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
