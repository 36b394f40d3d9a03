import type { Server } from "../list/server.ts";
import { IndexHeap } from "./index_heap.ts";
import type { Standings } from "./standings.ts";

/**
 * All servers in the order in which a file of a certain size would be whole. Waiting changes
 * nothing in the order among those that are busy, nor among those that are idle; so there is a heap
 * of each. Clients only make a server later than its place says, so it is put right when it comes
 * to the front, and a pick takes logarithmic time.
 */
export class Lineup {
  /** The size of the file, in octets. */
  readonly #bytes: number;
  readonly #standings: Standings;
  /** By the time that the file would take from now on. */
  readonly #idle: IndexHeap;
  /** By the time at which it would be whole. */
  readonly #busy: IndexHeap;

  /** Begins empty. */
  constructor(bytes: number, standings: Standings) {
    this.#bytes = bytes;
    this.#standings = standings;
    this.#idle = new IndexHeap(standings.count);
    this.#busy = new IndexHeap(standings.count);
  }

  /** Puts a server in its place. */
  place(index: number, now: number): void {
    const until = this.#standings.untilOf(index);
    if (until <= now) {
      this.#busy.delete(index);
      this.#idle.set(index, this.#needed(index));
    } else {
      this.#idle.delete(index);
      this.#busy.set(index, until + this.#needed(index));
    }
  }

  /** The first server that is not excluded; -1 when there is none. */
  first(
    now: number,
    servers: readonly Server[],
    isExcluded: ((server: Server) => boolean) | undefined,
  ): number {
    if (isExcluded === undefined) return this.#first(now);
    const passed: number[] = [];
    let first = this.#first(now);
    for (; first >= 0 && isExcluded(servers[first]!); first = this.#first(now)) {
      passed.push(first);
      this.#idle.delete(first);
      this.#busy.delete(first);
    }
    for (const index of passed) this.place(index, now);
    return first;
  }

  #first(now: number): number {
    while (!this.#isIdleRight(now)) this.place(this.#idle.first, now);
    while (!this.#isBusyRight(now)) this.place(this.#busy.first, now);
    const { first, firstKey } = this.#idle;
    return now + firstKey <= this.#busy.firstKey && first >= 0 ? first : this.#busy.first;
  }

  #isIdleRight(now: number): boolean {
    const { first, firstKey } = this.#idle;
    return first < 0 ||
      (this.#standings.untilOf(first) <= now && this.#needed(first) === firstKey);
  }

  #isBusyRight(now: number): boolean {
    const { first, firstKey } = this.#busy;
    if (first < 0) return true;
    const until = this.#standings.untilOf(first);
    return until > now && until + this.#needed(first) === firstKey;
  }

  #needed(index: number): number {
    return this.#standings.needed(index, this.#bytes);
  }
}
