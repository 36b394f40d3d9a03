import type { Server } from "../list/server.ts";
import { IndexHeap } from "./index_heap.ts";

/**
 * Servers by the time at which a file of a certain size would be complete. Passing time changes no
 * order among busy servers, nor among idle ones; so there is a heap of each. Clients only delay a
 * server, so its key is corrected when it reaches the front, and a pick takes logarithmic time.
 */
export class CompletionQueue {
  /** Size of the file. */
  readonly #bytes: number;
  readonly #costs: ServerCosts;
  /** By the duration of the transfer. */
  readonly #idle: IndexHeap;
  /** By the time at which it would be complete. */
  readonly #busy: IndexHeap;

  /** Begins empty. */
  constructor(bytes: number, costs: ServerCosts) {
    this.#bytes = bytes;
    this.#costs = costs;
    this.#idle = new IndexHeap(costs.count);
    this.#busy = new IndexHeap(costs.count);
  }

  /** Sets the position of a server. */
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

  /** The first server that is not excluded; -1 if there is none. */
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

/** Numbers of one server: when it is idle, milliseconds for a byte, premium. */
const STRIDE = 3;

/**
 * The costs of all servers, side by side in memory, whose access dominates a pick among many
 * servers. Times are in milliseconds.
 */
export class ServerCosts {
  /** Number of servers. */
  readonly count: number;
  readonly #numbers: Float64Array;

  /** All idle and infinitely fast until they are set. */
  constructor(count: number) {
    this.count = count;
    this.#numbers = new Float64Array(count * STRIDE);
  }

  /**
   * Sets the costs of one server.
   *
   * @param index its index, from 0
   * @param until when it will be idle
   * @param pace milliseconds for a byte
   * @param premium added to the duration of any transfer
   */
  set(index: number, until: number, pace: number, premium: number): void {
    const at = index * STRIDE;
    this.#numbers[at] = until;
    this.#numbers[at + 1] = pace;
    this.#numbers[at + 2] = premium;
  }

  /** When it will be idle. */
  untilOf(index: number): number {
    return this.#numbers[index * STRIDE]!;
  }

  /** How long a transfer would take on the idle server, with the premium. */
  needed(index: number, bytes: number): number {
    const at = index * STRIDE;
    return bytes * this.#numbers[at + 1]! + this.#numbers[at + 2]!;
  }
}
