import type { Reply } from "../net/handler.ts";
import { chooseContentCoding, type ContentCoding } from "../http/negotiation.ts";
import type { AskedHead, Representation } from "./representation.ts";

/** Bounds of a cache: bytes of content, and entries whatever their size. */
export interface CacheBounds {
  /** Bytes of all contents together. */
  readonly bytes: number;
  /** Entries. */
  readonly entries: number;
}

/** An entry of a cache. */
export interface Cached {
  /** Bytes that it counts for. */
  readonly bytes: number;
}

/**
 * A cache within bounds that drops its oldest entries first, except that one which was used since it
 * was last considered is spared once (second chance). A hit costs no more than a look-up.
 */
export class FileCache<Entry extends Cached> {
  readonly #bounds: CacheBounds;
  readonly #slots = new Map<string, { readonly entry: Entry; wasUsed: boolean }>();
  #bytes = 0;

  /** An empty one. */
  constructor(bounds: CacheBounds) {
    this.#bounds = bounds;
  }

  /** The entry of a key; marks it as used. */
  get(key: string): Entry | undefined {
    const slot = this.#slots.get(key);
    if (slot === undefined) return undefined;
    slot.wasUsed = true;
    return slot.entry;
  }

  /** Adds an entry, in the place of the one of the same key, and drops others for it. */
  set(key: string, entry: Entry): void {
    this.delete(key);
    this.#slots.set(key, { entry, wasUsed: false });
    this.#bytes += entry.bytes;
    while (this.#bytes > this.#bounds.bytes || this.#slots.size > this.#bounds.entries) {
      this.#dropOne();
    }
  }

  /** Drops the entry of a key, if there is one. */
  delete(key: string): void {
    this.#bytes -= this.#slots.get(key)?.entry.bytes ?? 0;
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

/** A small file in memory, in all of its codings. */
export class CachedFile implements Cached {
  readonly bytes: number;
  readonly #plain: Representation;
  readonly #coded: ReadonlyMap<ContentCoding, Representation>;
  readonly #codings: readonly ContentCoding[];

  /**
   * Of these representations.
   *
   * @param coded by their codings, in our order of preference; none for most files
   */
  constructor(plain: Representation, coded: ReadonlyMap<ContentCoding, Representation>) {
    this.#plain = plain;
    this.#coded = coded;
    this.#codings = [...coded.keys()];
    this.bytes = [plain, ...coded.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** The reply to a GET or HEAD of it; `epochMs` as in `Representation.reply`. */
  reply(head: AskedHead, epochMs: () => number): Reply {
    if (this.#codings.length === 0) return this.#plain.reply(head, epochMs);
    const coding = chooseContentCoding(head.fields.get("accept-encoding"), this.#codings);
    return (this.#coded.get(coding) ?? this.#plain).reply(head, epochMs);
  }
}
