interface Entry {
  readonly at: number;
  readonly act: () => void;
}

/** What is to happen when, earliest first. */
export class Agenda {
  readonly #heap: Entry[] = [];

  /** When the next entry is due; Infinity when there is none. */
  get nextAt(): number {
    return this.#heap[0]?.at ?? Infinity;
  }

  /** Puts down what is to happen at a time. */
  add(at: number, act: () => void): void {
    const heap = this.#heap;
    let place = heap.length;
    while (place > 0) {
      const above = (place - 1) >> 1;
      if (heap[above]!.at <= at) break;
      heap[place] = heap[above]!;
      place = above;
    }
    heap[place] = { at, act };
  }

  /** Takes out the next entry and lets it happen. */
  actNext(): void {
    const heap = this.#heap;
    const next = heap[0], last = heap.pop();
    if (next === undefined || last === undefined) return;
    if (heap.length > 0) {
      let place = 0;
      for (;;) {
        let below = 2 * place + 1;
        if (below >= heap.length) break;
        if (below + 1 < heap.length && heap[below + 1]!.at < heap[below]!.at) below++;
        if (heap[below]!.at >= last.at) break;
        heap[place] = heap[below]!;
        place = below;
      }
      heap[place] = last;
    }
    next.act();
  }
}
