/** A heap of items, the one with the smallest key first. */
export class MinHeap<T> {
  readonly #keys: number[] = [];
  readonly #items: T[] = [];

  get size(): number {
    return this.#keys.length;
  }

  /** The keys, the smallest first and the others in no order. */
  get keys(): readonly number[] {
    return this.#keys;
  }

  /** The smallest key; Infinity when the heap is empty. */
  get firstKey(): number {
    return this.#keys[0] ?? Infinity;
  }

  add(key: number, item: T): void {
    let place = this.size;
    while (place > 0) {
      const above = (place - 1) >> 1;
      if (this.#keys[above]! <= key) break;
      this.#put(place, this.#keys[above]!, this.#items[above]!);
      place = above;
    }
    this.#put(place, key, item);
  }

  /** Takes out the item of the smallest key; undefined when the heap is empty. */
  shift(): T | undefined {
    const first = this.#items[0];
    const key = this.#keys.pop(), item = this.#items.pop();
    if (this.size > 0) this.#sink(key!, item!);
    return first;
  }

  /** Takes out the items that match, each with its key. */
  remove(isMeant: (item: T) => boolean): { readonly key: number; readonly item: T }[] {
    const all = this.#items.map((item, i) => ({ key: this.#keys[i]!, item }));
    const kept = all.filter(({ item }) => !isMeant(item)).sort((a, b) => a.key - b.key);
    // Sorted, so that they are a heap.
    this.#items.splice(0, Infinity, ...kept.map(({ item }) => item));
    this.#keys.splice(0, Infinity, ...kept.map(({ key }) => key));
    return all.filter(({ item }) => isMeant(item));
  }

  #sink(key: number, item: T): void {
    let place = 0;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= this.size) break;
      if (below + 1 < this.size && this.#keys[below + 1]! < this.#keys[below]!) below++;
      if (this.#keys[below]! >= key) break;
      this.#put(place, this.#keys[below]!, this.#items[below]!);
      place = below;
    }
    this.#put(place, key, item);
  }

  #put(place: number, key: number, item: T): void {
    this.#keys[place] = key;
    this.#items[place] = item;
  }
}

/** What is to happen when, by the time in ms. */
export type EventQueue = MinHeap<() => void>;
