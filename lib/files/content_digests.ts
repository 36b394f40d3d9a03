import type { createHash } from "node:crypto";
import { FileCache } from "./file_cache.ts";
import { isWithinTick } from "./modification_time.ts";
import type { Root } from "./root.ts";

/** How many digests are remembered: some 200 bytes each. */
const MOST_KNOWN = 100_000;
/** How many files may wait for theirs; more have to be asked for again. */
const MOST_PENDING = 1000;
/** What waits in a queue of its own, in bytes. */
const LARGE_BYTES = 64 * 1024 * 1024;
/** Bytes that are hashed in one go: 70 us in which nobody else is served. */
const PIECE_BYTES = 128 * 1024;

/**
 * SHA-256 of files, each computed once as long as it does not change. A large and a small one at a time are read,
 * by another thread, and hashed piece by piece, so that a large one holds nobody up.
 */
export class ContentDigests {
  readonly #root: Root;
  readonly #createHash: typeof createHash;
  readonly #known = new FileCache<{ readonly bytes: 0; readonly digest: string }>({
    bytes: 0,
    entries: MOST_KNOWN,
  });
  readonly #pending = new Map<string, Promise<string | undefined>>();
  /** The last file of each queue: small ones are not to wait for large ones. */
  readonly #last = {
    small: Promise.resolve<unknown>(undefined),
    large: Promise.resolve<unknown>(undefined),
  };

  private constructor(root: Root, hash: typeof createHash) {
    this.#root = root;
    this.#createHash = hash;
  }

  /** Those of the files below a root. Loads what hashes, which takes 13 ms. */
  static async below(root: Root): Promise<ContentDigests> {
    return new ContentDigests(root, (await import("node:crypto")).createHash);
  }

  /** That of bytes in memory, in hexadecimal digits. */
  of(bytes: Uint8Array): string {
    return this.#createHash("sha256").update(bytes).digest("hex");
  }

  /** That of a file, if it has been computed. */
  known(identity: string): string | undefined {
    return this.#known.get(identity)?.digest;
  }

  /**
   * Computes that of a file, after those that were asked for before.
   *
   * @param identity which file is meant: see `OpenFile.identity`
   * @param size of the file, in bytes
   * @returns in hexadecimal digits; undefined when the file has changed, could not be read, or has to
   *     be asked for again. Never rejects.
   */
  compute(names: readonly string[], identity: string, size: number): Promise<string | undefined> {
    const pending = this.#pending.get(identity);
    if (pending !== undefined) return pending;
    if (this.#pending.size >= MOST_PENDING) return Promise.resolve(undefined);
    const queue = size > LARGE_BYTES ? "large" : "small";
    const computing = this.#last[queue].then(() => this.#read(names, identity)).catch(() =>
      undefined
    )
      .finally(() => this.#pending.delete(identity));
    this.#pending.set(identity, computing);
    this.#last[queue] = computing;
    return computing;
  }

  async #read(names: readonly string[], identity: string): Promise<string | undefined> {
    const found = await this.#root.open(names);
    if (found?.kind !== "file") return undefined;
    using file = found.file;
    // Of a file that is that new, not even what is read proves what the next reader gets.
    if (file.identity !== identity || isWithinTick(file.modifiedMs, Date.now())) return undefined;
    const hash = this.#createHash("sha256");
    const buffer = new Uint8Array(Math.min(PIECE_BYTES, file.size));
    for (let position = 0; position < file.size;) {
      const count = await file.readElsewhere(buffer, position);
      hash.update(buffer.subarray(0, count));
      position += count;
    }
    // It may have been written to meanwhile.
    if (await this.#root.identify(names) !== identity) return undefined;
    const digest = hash.digest("hex");
    this.#known.set(identity, { bytes: 0, digest });
    return digest;
  }
}
