import type { Reply } from "../net/handler.ts";
import { chooseContentCoding, type ContentCoding } from "../http/negotiation.ts";
import type { AskedHead, Representation } from "./representation.ts";

/** An entry of a cache, which counts for so many bytes. */
export interface Cached {
  readonly bytes: number;
}

/**
 * A bounded cache that drops its oldest entries first, but spares once those that were used since
 * they were last considered (second chance). A hit costs no more than a look-up.
 */
export class FileCache<Entry extends Cached> {
  readonly #maxBytes: number;
  readonly #maxEntries: number;
  readonly #slots = new Map<string, { readonly entry: Entry; wasUsed: boolean }>();
  #bytes = 0;

  constructor({ bytes, entries }: { readonly bytes: number; readonly entries: number }) {
    this.#maxBytes = bytes;
    this.#maxEntries = entries;
  }

  /** How many entries it has. */
  get size(): number {
    return this.#slots.size;
  }

  /** What they count for. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The entry of a key; marks it as used. */
  get(key: string): Entry | undefined {
    const slot = this.#slots.get(key);
    if (slot === undefined) return undefined;
    slot.wasUsed = true;
    return slot.entry;
  }

  /** Adds or replaces an entry, and drops others if the bounds are exceeded. */
  set(key: string, entry: Entry): void {
    this.delete(key);
    this.#slots.set(key, { entry, wasUsed: false });
    this.#bytes += entry.bytes;
    while (this.#bytes > this.#maxBytes || this.#slots.size > this.#maxEntries) {
      this.#dropOne();
    }
  }

  delete(key: string): void {
    this.#bytes -= this.#slots.get(key)?.entry.bytes ?? 0;
    this.#slots.delete(key);
  }

  #dropOne(): void {
    for (const [key, slot] of this.#slots) {
      if (!slot.wasUsed) return this.delete(key);
      slot.wasUsed = false;
      this.#slots.delete(key);
      this.#slots.set(key, slot);
    }
  }
}

/** A file in memory, in all of its codings. */
export class CachedFile implements Cached {
  readonly bytes: number;
  readonly #plain: Representation;
  readonly #coded: ReadonlyMap<ContentCoding, Representation>;
  readonly #codings: readonly ContentCoding[];

  /**
   * Keeps these representations.
   *
   * @param coded in our order of preference
   */
  constructor(plain: Representation, coded: ReadonlyMap<ContentCoding, Representation>) {
    this.#plain = plain;
    this.#coded = coded;
    this.#codings = [...coded.keys()];
    this.bytes = [plain, ...coded.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** The reply to a GET or HEAD, as `Representation.reply`. */
  reply(head: AskedHead, epochMs: () => number): Reply {
    if (this.#codings.length === 0) return this.#plain.reply(head, epochMs);
    const coding = chooseContentCoding(head.fields.get("accept-encoding"), this.#codings);
    return (this.#coded.get(coding) ?? this.#plain).reply(head, epochMs);
  }
}
