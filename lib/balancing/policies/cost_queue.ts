import { IndexHeap } from "./index_heap.ts";

/**
 * How often what a transfer waits for is counted. Counted once, each client would go where it is done
 * first. On a shared line others wait as long for it as it does for them, and so do clients to come.
 * Found by simulation and on shaped lines: from 3 to 8 the means differ by a few percent; with 1
 * downloads take up to 2.9 times as long.
 */
const WAITING = 4;

/**
 * Servers by what a transfer of a certain size costs there: the time it takes alone, and `WAITING`
 * times what it waits for others. Lines are shared evenly. So it waits for transfers that lack less
 * until they are complete, and for those that lack more, while they get as much as it has itself.
 * Known is only how many there are and what they lack together; so it waits for the lesser of what
 * they lack and its own size for each.
 *
 * Passing time makes the former less, by the same for all servers, and leaves the latter; so there is
 * a heap of each. Clients only make a server cost more, so its key is corrected when it reaches the
 * front, and a pick takes logarithmic time.
 */
export class CostQueue {
  readonly #bytes: number;
  readonly #costs: ServerCosts;
  /** All servers, by the cost of a transfer that lacks less than all others. */
  readonly #beside: IndexHeap;
  /** Busy servers, by that of one that lacks more, and `WAITING` times now. */
  readonly #after: IndexHeap;

  /** Begins empty. @param count indices are below it */
  constructor(bytes: number, costs: ServerCosts, count: number) {
    this.#bytes = bytes;
    this.#costs = costs;
    this.#beside = new IndexHeap(count);
    this.#after = new IndexHeap(count);
  }

  place(index: number, monotonicMs: number): void {
    this.#beside.set(index, this.#costBeside(index, monotonicMs));
    if (this.#isIdle(index, monotonicMs)) this.#after.delete(index);
    else this.#after.set(index, this.#costAfter(index));
  }

  /** The first server that is not excluded; -1 if there is none. */
  first(monotonicMs: number, isExcluded: ((index: number) => boolean) | undefined): number {
    if (isExcluded === undefined) return this.#first(monotonicMs);
    const passed: number[] = [];
    let first = this.#first(monotonicMs);
    for (; first >= 0 && isExcluded(first); first = this.#first(monotonicMs)) {
      passed.push(first);
      this.#beside.delete(first);
      this.#after.delete(first);
    }
    for (const index of passed) this.place(index, monotonicMs);
    return first;
  }

  #first(monotonicMs: number): number {
    while (!this.#isAfterRight(monotonicMs)) this.place(this.#after.first, monotonicMs);
    while (!this.#isBesideRight(monotonicMs)) this.place(this.#beside.first, monotonicMs);
    const { first, firstKey } = this.#beside;
    return WAITING * monotonicMs + firstKey <= this.#after.firstKey && first >= 0
      ? first
      : this.#after.first;
  }

  #isBesideRight(monotonicMs: number): boolean {
    const { first, firstKey } = this.#beside;
    return first < 0 || this.#costBeside(first, monotonicMs) === firstKey;
  }

  #isAfterRight(monotonicMs: number): boolean {
    const { first, firstKey } = this.#after;
    return first < 0 || (!this.#isIdle(first, monotonicMs) && this.#costAfter(first) === firstKey);
  }

  #isIdle(index: number, monotonicMs: number): boolean {
    return this.#costs.idleFrom(index, this.#bytes) <= monotonicMs;
  }

  #costBeside(index: number, monotonicMs: number): number {
    return this.#costs.costBeside(index, this.#bytes, this.#isIdle(index, monotonicMs));
  }

  #costAfter(index: number): number {
    return this.#costs.costAfter(index, this.#bytes);
  }
}

/** Numbers of one server: those that `set` is given. */
const STRIDE = 5;

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
   * @param open its transfers until then
   * @param pace milliseconds for a byte, of all its transfers together
   * @param transferPace the same of one transfer that is not slowed down by others
   * @param premium added to the cost of any transfer
   */
  set(
    index: number,
    until: number,
    open: number,
    pace: number,
    transferPace: number,
    premium: number,
  ): void {
    const at = index * STRIDE;
    if (at >= this.#numbers.length) this.#grow();
    this.#numbers[at] = until;
    this.#numbers[at + 1] = pace;
    this.#numbers[at + 2] = transferPace;
    this.#numbers[at + 3] = premium;
    this.#numbers[at + 4] = open;
  }

  /** When a transfer would not be slowed down by others any more. */
  idleFrom(index: number, bytes: number): number {
    const at = index * STRIDE;
    return this.#numbers[at]! - bytes * (this.#numbers[at + 2]! - this.#numbers[at + 1]!) / WAITING;
  }

  /** Of a transfer that lacks less than all others there, if there are any. */
  costBeside(index: number, bytes: number, isIdle: boolean): number {
    const at = index * STRIDE;
    const transfers = isIdle ? 1 : 1 + WAITING * this.#numbers[at + 4]!;
    const pace = Math.max(this.#numbers[at + 2]!, transfers * this.#numbers[at + 1]!);
    return bytes * pace + this.#numbers[at + 3]!;
  }

  /** Of one that lacks more than all others together, and `WAITING` times now. */
  costAfter(index: number, bytes: number): number {
    const at = index * STRIDE;
    return WAITING * this.#numbers[at]! + bytes * this.#numbers[at + 1]! + this.#numbers[at + 3]!;
  }

  #grow(): void {
    const numbers = new Float64Array(2 * this.#numbers.length);
    numbers.set(this.#numbers);
    this.#numbers = numbers;
  }
}
