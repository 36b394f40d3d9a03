import type { Server } from "../list/server.ts";
import { IndexHeap } from "./index_heap.ts";

/**
 * All servers in the order in which a file of a certain size would be whole. Waiting changes
 * nothing in the order among those that are busy, nor among those that are idle; so there is a heap
 * of each. Clients only make a server later than its place says, so it is put right when it comes
 * to the front, and a pick takes logarithmic time.
 */
export class CompletionQueue {
  /** The size of the file, in octets. */
  readonly #bytes: number;
  readonly #costs: ServerCosts;
  /** By the time that the file would take from now on. */
  readonly #idle: IndexHeap;
  /** By the time at which it would be whole. */
  readonly #busy: IndexHeap;

  /** Begins empty. */
  constructor(bytes: number, costs: ServerCosts) {
    this.#bytes = bytes;
    this.#costs = costs;
    this.#idle = new IndexHeap(costs.count);
    this.#busy = new IndexHeap(costs.count);
  }

  /** Puts a server in its place. */
  place(index: number, monotonicMs: number): void {
    const until = this.#costs.untilOf(index);
    if (until <= monotonicMs) {
      this.#busy.delete(index);
      this.#idle.set(index, this.#needed(index));
    } else {
      this.#idle.delete(index);
      this.#busy.set(index, until + this.#needed(index));
    }
  }

  /** The first server that is not excluded; -1 when there is none. */
  first(
    monotonicMs: number,
    servers: readonly Server[],
    isExcluded: ((server: Server) => boolean) | undefined,
  ): number {
    if (isExcluded === undefined) return this.#first(monotonicMs);
    const passed: number[] = [];
    let first = this.#first(monotonicMs);
    for (; first >= 0 && isExcluded(servers[first]!); first = this.#first(monotonicMs)) {
      passed.push(first);
      this.#idle.delete(first);
      this.#busy.delete(first);
    }
    for (const index of passed) this.place(index, monotonicMs);
    return first;
  }

  #first(monotonicMs: number): number {
    while (!this.#isIdleRight(monotonicMs)) this.place(this.#idle.first, monotonicMs);
    while (!this.#isBusyRight(monotonicMs)) this.place(this.#busy.first, monotonicMs);
    const { first, firstKey } = this.#idle;
    return monotonicMs + firstKey <= this.#busy.firstKey && first >= 0 ? first : this.#busy.first;
  }

  #isIdleRight(monotonicMs: number): boolean {
    const { first, firstKey } = this.#idle;
    return first < 0 ||
      (this.#costs.untilOf(first) <= monotonicMs && this.#needed(first) === firstKey);
  }

  #isBusyRight(monotonicMs: number): boolean {
    const { first, firstKey } = this.#busy;
    if (first < 0) return true;
    const until = this.#costs.untilOf(first);
    return until > monotonicMs && until + this.#needed(first) === firstKey;
  }

  #needed(index: number): number {
    return this.#costs.needed(index, this.#bytes);
  }
}

/** Numbers of a standing: when it is idle, milliseconds for an octet, premium. */
const STRIDE = 3;

/**
 * How things stand with every server, side by side in memory, since that is what a pick among many
 * servers waits for. Times are in milliseconds.
 */
export class ServerCosts {
  /** How many servers there are. */
  readonly count: number;
  readonly #numbers: Float64Array;

  /** All idle and infinitely fast until they are set. */
  constructor(count: number) {
    this.count = count;
    this.#numbers = new Float64Array(count * STRIDE);
  }

  /**
   * Says how things stand with one server.
   *
   * @param index its place, from 0
   * @param until when it will have nothing to do
   * @param pace milliseconds for an octet
   * @param premium added to the time that any file takes
   */
  set(index: number, until: number, pace: number, premium: number): void {
    const at = index * STRIDE;
    this.#numbers[at] = until;
    this.#numbers[at + 1] = pace;
    this.#numbers[at + 2] = premium;
  }

  /** When it will have nothing to do. */
  untilOf(index: number): number {
    return this.#numbers[index * STRIDE]!;
  }

  /** How long a file would take that had the server for itself. */
  needed(index: number, bytes: number): number {
    const at = index * STRIDE;
    return bytes * this.#numbers[at + 1]! + this.#numbers[at + 2]!;
  }
}
