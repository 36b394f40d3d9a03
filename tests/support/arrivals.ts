/** Long enough that only what will never happen takes longer. */
const TOO_LONG_MS = 30_000;

/** What is told to a test while it runs, in its order, to be waited for one by one. */
export class Arrivals<T> {
  readonly #items: T[] = [];
  #wake: (() => void) | undefined;

  /** What has arrived and was not taken. */
  get waiting(): readonly T[] {
    return this.#items;
  }

  /** Something arrives. An arrow function, to be handed over as it is. */
  readonly add = (item: T): void => {
    this.#items.push(item);
    this.#wake?.();
  };

  /** Takes the next; fails when nothing comes. */
  async next(): Promise<T> {
    if (this.#items.length === 0) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      this.#wake = resolve;
      // Last: the first setTimeout of a test run may run microtasks, and so `add`.
      const timer = setTimeout(() => reject(new Error("Nothing arrived")), TOO_LONG_MS);
      await promise.finally(() => clearTimeout(timer));
    }
    return this.#items.shift()!;
  }
}
