/** A bound of what is kept: octets of content, and how many there may be whatever their size. */
export interface CacheBounds {
  /** Octets of all contents together. */
  readonly octets: number;
  /** Entries. */
  readonly entries: number;
}

/** Something with a content that is in memory. */
export interface Cached {
  /** Octets that it counts for. */
  readonly octets: number;
}

/**
 * Keeps what was asked for lately, within bounds. What was asked for since it was last looked at is
 * spared once when room is needed, so that a hit costs no more than a look-up.
 */
export class FileCache<Entry extends Cached> {
  readonly #bounds: CacheBounds;
  readonly #slots = new Map<string, { readonly entry: Entry; wasUsed: boolean }>();
  #octets = 0;

  /** An empty one. */
  constructor(bounds: CacheBounds) {
    this.#bounds = bounds;
  }

  /** What is kept under a key. */
  get(key: string): Entry | undefined {
    const slot = this.#slots.get(key);
    if (slot === undefined) return undefined;
    slot.wasUsed = true;
    return slot.entry;
  }

  /** Keeps an entry, in the place of the one under the same key, and drops others for it. */
  set(key: string, entry: Entry): void {
    this.delete(key);
    this.#slots.set(key, { entry, wasUsed: false });
    this.#octets += entry.octets;
    while (this.#octets > this.#bounds.octets || this.#slots.size > this.#bounds.entries) {
      this.#dropOne();
    }
  }

  /** Keeps nothing under a key any more. */
  delete(key: string): void {
    this.#octets -= this.#slots.get(key)?.entry.octets ?? 0;
    this.#slots.delete(key);
  }

  /** Drops the oldest entry that was not used since it was spared. */
  #dropOne(): void {
    for (const [key, slot] of this.#slots) {
      if (!slot.wasUsed) return this.delete(key);
      slot.wasUsed = false;
      this.#slots.delete(key);
      this.#slots.set(key, slot);
    }
  }
}
