import type { Server } from "../list/server.ts";
import { IndexHeap } from "./index_heap.ts";
import {
  type Candidate,
  effectiveWeights,
  type PickRequest,
  type Policy,
  sharesOf,
} from "./policy.ts";

/**
 * Servers of equal weight are due apart by this part of their interval, so that they keep their
 * order.
 */
const APART = 0.01;

/**
 * Each server in turn, evenly spaced: on a clock that counts rounds, a server of weight w is due w
 * times in every round, at equal intervals. Weights of 3 and 1 give a a b a, a a b a. A pick takes
 * logarithmic time.
 */
export class RoundRobinPolicy implements Policy {
  #servers: readonly Server[] = [];
  #weights: readonly number[] = [];
  /** When each is due next, in rounds. */
  #due = new IndexHeap(0);
  /** When the last pick was due. */
  #time = 0;

  /** Servers that stay keep their place in the sequence. */
  update(candidates: readonly Candidate[]): void {
    const waits = this.#waits();
    this.#servers = candidates.map(({ server }) => server);
    this.#weights = effectiveWeights(candidates);
    this.#due = new IndexHeap(candidates.length);
    this.#time = 0;
    this.#weights.forEach((weight, i) => {
      if (weight === 0) return;
      const first = (0.5 + APART * (i / candidates.length - 0.5)) / weight;
      this.#due.set(i, Math.min(waits.get(this.#servers[i]!.id) ?? first, 1 / weight));
    });
  }

  pick({ isExcluded }: PickRequest): Server | undefined {
    const next = pickFirst(this.#due, this.#servers, isExcluded);
    if (next < 0) return undefined;
    // A server that was passed over is overdue, but only once.
    this.#time = Math.max(this.#time, this.#due.keyOf(next));
    this.#due.set(next, this.#time + 1 / this.#weights[next]!);
    return this.#servers[next];
  }

  /** In proportion to weight. */
  shares(): ReadonlyMap<number, number> {
    return sharesOf(this.#servers, this.#weights);
  }

  likely({ isExcluded }: PickRequest): ReadonlyMap<number, number> {
    return sharesOf(this.#servers, this.#weights, isExcluded);
  }

  part(): Policy {
    return new RoundRobinPolicy();
  }

  /** Rounds until each is due again, by id. */
  #waits(): Map<number, number> {
    const waits = this.#servers.map(({ id }, i) => [id, this.#due.keyOf(i) - this.#time] as const);
    return new Map(waits.filter((_, i) => this.#due.has(i)));
  }
}

/**
 * The index with the least key that is not excluded; -1 if there is none. The heap is unchanged
 * afterwards. Takes time for every excluded index before it.
 */
export function pickFirst(
  heap: IndexHeap,
  servers: readonly Server[],
  isExcluded?: (server: Server) => boolean,
): number {
  if (isExcluded === undefined) return heap.first;
  const passed: number[] = [];
  while (heap.first >= 0 && isExcluded(servers[heap.first]!)) {
    passed.push(heap.first);
    heap.delete(heap.first);
  }
  const found = heap.first;
  for (const index of passed) heap.set(index, heap.keyOf(index));
  return found;
}
