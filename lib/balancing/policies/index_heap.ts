/**
 * A heap of the integers from 0 to size - 1, each with a key that can be changed. Finding the one
 * with the least key takes constant time, changing a key logarithmic time, and neither allocates.
 */
export class IndexHeap {
  readonly #heap: Int32Array;
  /** The position of each index in the heap; -1 outside. */
  readonly #places: Int32Array;
  readonly #keys: Float64Array;
  #length = 0;

  /** An empty heap for indices below `size`. */
  constructor(size: number) {
    this.#heap = new Int32Array(size);
    this.#places = new Int32Array(size).fill(-1);
    this.#keys = new Float64Array(size);
  }

  /** The index with the least key; -1 if the heap is empty. */
  get first(): number {
    return this.#length === 0 ? -1 : this.#heap[0]!;
  }

  /** The least key; Infinity if the heap is empty. */
  get firstKey(): number {
    return this.#length === 0 ? Infinity : this.#keys[this.#heap[0]!]!;
  }

  keyOf(index: number): number {
    return this.#keys[index]!;
  }

  has(index: number): boolean {
    return this.#places[index]! >= 0;
  }

  set(index: number, key: number): void {
    const place = this.#places[index]!;
    const before = this.#keys[index]!;
    this.#keys[index] = key;
    if (place < 0) this.#rise(this.#length++, index);
    else if (key < before) this.#rise(place, index);
    else this.#sink(place, index);
  }

  delete(index: number): void {
    const place = this.#places[index]!;
    if (place < 0) return;
    this.#places[index] = -1;
    const last = this.#heap[--this.#length]!;
    if (last === index) return;
    if (this.#keys[last]! < this.#keys[index]!) this.#rise(place, last);
    else this.#sink(place, last);
  }

  #rise(from: number, index: number): void {
    const heap = this.#heap, key = this.#keys[index]!;
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1, other = heap[above]!;
      if (this.#keys[other]! <= key) break;
      heap[place] = other;
      this.#places[other] = place;
      place = above;
    }
    heap[place] = index;
    this.#places[index] = place;
  }

  #sink(from: number, index: number): void {
    const heap = this.#heap, keys = this.#keys, key = keys[index]!;
    let place = from;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= this.#length) break;
      if (below + 1 < this.#length && keys[heap[below + 1]!]! < keys[heap[below]!]!) below++;
      const other = heap[below]!;
      if (keys[other]! >= key) break;
      heap[place] = other;
      this.#places[other] = place;
      place = below;
    }
    heap[place] = index;
    this.#places[index] = place;
  }
}
