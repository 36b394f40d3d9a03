import type { createHash } from "node:crypto";
import type { Fields } from "../http/fields.ts";
import type { ContentCoding } from "../http/negotiation.ts";
import { FileCache } from "./file_cache.ts";
import { isWithinTick, type OpenFile, tellsVersions } from "./open_file.ts";
import type { Fingerprint } from "./representation.ts";
import type { Root } from "./root.ts";

/** How long a reply waits for a digest. */
const BRIEF_WAIT_MS = 100;

/** The same if the request names entity-tags: to send all of a large file again takes longer. */
const TAG_WAIT_MS = 10_000;
/** How many replies may wait that long: each holds a descriptor, even if its client has left. */
const MOST_WAITING = 32;
const TAG_CONDITIONS = ["if-range", "if-none-match", "if-match"];

/** The entity-tags of files, each coding of a file having its own, and the digests behind them. */
export class EntityTags {
  readonly #digests: ContentDigests | undefined;
  readonly #epochMs: () => number;
  #waiting = 0;

  /** Made of these digests; without them, of size and modification time. */
  constructor(digests?: ContentDigests, epochMs: () => number = Date.now) {
    this.#digests = digests;
    this.#epochMs = epochMs;
  }

  /** The fingerprint of a file in memory; without digests, none if times do not tell versions. */
  ofBytes(bytes: Uint8Array, modifiedMs: number, coding: ContentCoding): Fingerprint {
    if (this.#digests !== undefined) return ofDigest(this.#digests.of(bytes), coding);
    return this.#ofTime(bytes.length, modifiedMs, coding);
  }

  /**
   * The fingerprint of an open file. Waits a moment for a digest that is not known, or some seconds
   * if the request names tags. After that the file has none until its digest is known.
   *
   * @param names of the file, from the root down
   * @param fields of the request
   */
  async ofFile(
    file: OpenFile,
    names: readonly string[],
    coding: ContentCoding,
    fields: Fields,
  ): Promise<Fingerprint> {
    const { identity, size, modifiedMs } = file;
    if (this.#digests === undefined) return this.#ofTime(size, modifiedMs, coding);
    const digest = this.#digests.known(identity) ??
      await this.#within(fields, this.#digests.compute(names, identity, size));
    return digest === undefined ? {} : ofDigest(digest, coding);
  }

  #ofTime(size: number, modifiedMs: number, coding: ContentCoding): Fingerprint {
    if (!tellsVersions(modifiedMs, this.#epochMs())) return {};
    // Deno has times in ms: a file that is written twice within one keeps its tag if its size stays.
    return tagOf(`${size.toString(16)}-${modifiedMs.toString(16)}`, coding);
  }

  /** Waits for a digest: long if the request names tags and not too many replies wait already. */
  async #within(
    fields: Fields,
    computing: Promise<string | undefined>,
  ): Promise<string | undefined> {
    const isAsked = this.#waiting < MOST_WAITING && TAG_CONDITIONS.some((name) => fields.has(name));
    const { promise: late, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => resolve(undefined), isAsked ? TAG_WAIT_MS : BRIEF_WAIT_MS);
    this.#waiting++;
    try {
      return await Promise.race([computing, late]);
    } finally {
      clearTimeout(timer);
      this.#waiting--;
    }
  }
}

function ofDigest(sha256: string, coding: ContentCoding): Fingerprint {
  return { ...tagOf(sha256, coding), sha256 };
}

function tagOf(opaque: string, coding: ContentCoding): Fingerprint {
  const suffix = coding === "identity" ? "" : `-${coding}`;
  return { entityTag: { isWeak: false, opaque: opaque + suffix } };
}

/** How many digests are kept: some 200 bytes each. */
const MOST_KNOWN = 100_000;
/** How many files may wait for theirs; others have none until they are requested again. */
const MOST_PENDING = 1000;
/** Larger files wait in a queue of their own, so that small ones do not wait for them. */
const LARGE_BYTES = 64 * 1024 * 1024;
/** Bytes that are hashed in one turn: 70 us in which no other client is served. */
const PIECE_BYTES = 128 * 1024;

/**
 * SHA-256 of files, computed once for each version. One large and one small file at a time are read,
 * by another thread, and hashed in pieces, so that they delay no client.
 */
export class ContentDigests {
  readonly #root: Root;
  readonly #createHash: typeof createHash;
  readonly #known = new FileCache<{ readonly bytes: 0; readonly digest: string }>({
    bytes: 0,
    entries: MOST_KNOWN,
  });
  readonly #pending = new Map<string, Promise<string | undefined>>();
  /** The last file of each queue. */
  readonly #last: Record<"small" | "large", Promise<unknown>> = {
    small: Promise.resolve(),
    large: Promise.resolve(),
  };

  private constructor(root: Root, hash: typeof createHash) {
    this.#root = root;
    this.#createHash = hash;
  }

  /** For the files below a root. Loads `node:crypto`, which takes 13 ms. */
  static async below(root: Root): Promise<ContentDigests> {
    return new ContentDigests(root, (await import("node:crypto")).createHash);
  }

  /** The digest of bytes, in hexadecimal digits. */
  of(bytes: Uint8Array): string {
    return this.#createHash("sha256").update(bytes).digest("hex");
  }

  /** The digest of a file, if it has been computed. */
  known(identity: string): string | undefined {
    return this.#known.get(identity)?.digest;
  }

  /**
   * Computes the digest of a file, after those that were asked for before.
   *
   * @param identity as `OpenFile.identity`
   * @returns undefined if the file has changed or could not be read, or if too many wait already.
   *     Never rejects.
   */
  compute(names: readonly string[], identity: string, size: number): Promise<string | undefined> {
    const pending = this.#pending.get(identity);
    if (pending !== undefined) return pending;
    if (this.#pending.size >= MOST_PENDING) return Promise.resolve(undefined);
    const queue = size > LARGE_BYTES ? "large" : "small";
    const computing = this.#last[queue].then(() => this.#read(names, identity))
      .catch(() => undefined)
      .finally(() => this.#pending.delete(identity));
    this.#pending.set(identity, computing);
    this.#last[queue] = computing;
    return computing;
  }

  async #read(names: readonly string[], identity: string): Promise<string | undefined> {
    const found = await this.#root.open(names);
    if (found?.kind !== "file") return undefined;
    using file = found.file;
    // A file that is that new may change and keep its identity.
    if (file.identity !== identity || isWithinTick(file.modifiedMs, Date.now())) return undefined;
    const hash = this.#createHash("sha256");
    const buffer = new Uint8Array(Math.min(PIECE_BYTES, file.size));
    for (let position = 0; position < file.size;) {
      const count = await file.readElsewhere(buffer, position);
      hash.update(buffer.subarray(0, count));
      position += count;
    }
    if (await this.#root.identify(names) !== identity) return undefined;
    const digest = hash.digest("hex");
    this.#known.set(identity, { bytes: 0, digest });
    return digest;
  }
}
