import { IndexHeap } from "./index_heap.ts";

/**
 * Servers by the time at which a file of a certain size would be complete. Passing time changes no
 * order among busy servers, nor among idle ones; so there is a heap of each. Clients only delay a
 * server, so its key is corrected when it reaches the front, and a pick takes logarithmic time.
 */
export class CompletionQueue {
  readonly #bytes: number;
  readonly #costs: ServerCosts;
  /** By the duration of the transfer. */
  readonly #idle: IndexHeap;
  /** By the time at which it would be complete. */
  readonly #busy: IndexHeap;

  /** Begins empty. @param count indices are below it */
  constructor(bytes: number, costs: ServerCosts, count: number) {
    this.#bytes = bytes;
    this.#costs = costs;
    this.#idle = new IndexHeap(count);
    this.#busy = new IndexHeap(count);
  }

  place(index: number, monotonicMs: number): void {
    if (this.#isIdle(index, monotonicMs)) {
      this.#busy.delete(index);
      this.#idle.set(index, this.#duration(index));
    } else {
      this.#idle.delete(index);
      this.#busy.set(index, this.#end(index));
    }
  }

  /** The first server that is not excluded; -1 if there is none. */
  first(monotonicMs: number, isExcluded: ((index: number) => boolean) | undefined): number {
    if (isExcluded === undefined) return this.#first(monotonicMs);
    const passed: number[] = [];
    let first = this.#first(monotonicMs);
    for (; first >= 0 && isExcluded(first); first = this.#first(monotonicMs)) {
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
    return first < 0 || (this.#isIdle(first, monotonicMs) && this.#duration(first) === firstKey);
  }

  #isBusyRight(monotonicMs: number): boolean {
    const { first, firstKey } = this.#busy;
    return first < 0 || (!this.#isIdle(first, monotonicMs) && this.#end(first) === firstKey);
  }

  #isIdle(index: number, monotonicMs: number): boolean {
    return this.#costs.idleFrom(index, this.#bytes) <= monotonicMs;
  }

  #duration(index: number): number {
    return this.#costs.durationOf(index, this.#bytes);
  }

  #end(index: number): number {
    return this.#costs.endOf(index, this.#bytes);
  }
}

/** Numbers of one server: those that `set` is given. */
const STRIDE = 4;

/**
 * The costs of all servers, side by side in memory, whose access dominates a pick among many
 * servers. Times are in milliseconds.
 */
export class ServerCosts {
  #numbers = new Float64Array(STRIDE);

  /**
   * Sets the costs of one server.
   *
   * @param index its index, from 0
   * @param until when it will have sent everything
   * @param pace milliseconds for a byte, of all its transfers together
   * @param transferPace the same of one transfer that is not slowed down by others
   * @param premium added to the duration of any transfer
   */
  set(index: number, until: number, pace: number, transferPace: number, premium: number): void {
    const at = index * STRIDE;
    if (at >= this.#numbers.length) this.#grow();
    this.#numbers[at] = until;
    this.#numbers[at + 1] = pace;
    this.#numbers[at + 2] = transferPace;
    this.#numbers[at + 3] = premium;
  }

  /** When a transfer would not be slowed down by others any more. */
  idleFrom(index: number, bytes: number): number {
    const at = index * STRIDE;
    return this.#numbers[at]! - bytes * (this.#numbers[at + 2]! - this.#numbers[at + 1]!);
  }

  /** How long a transfer takes that is not slowed down, with the premium. */
  durationOf(index: number, bytes: number): number {
    const at = index * STRIDE;
    return bytes * this.#numbers[at + 2]! + this.#numbers[at + 3]!;
  }

  /** When a transfer ends that is slowed down, with the premium. */
  endOf(index: number, bytes: number): number {
    const at = index * STRIDE;
    return this.#numbers[at]! + bytes * this.#numbers[at + 1]! + this.#numbers[at + 3]!;
  }

  #grow(): void {
    const numbers = new Float64Array(2 * this.#numbers.length);
    numbers.set(this.#numbers);
    this.#numbers = numbers;
  }
}
