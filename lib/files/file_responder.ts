import type { Reply } from "../net/handler.ts";
import type { Fields } from "../http/fields.ts";
import { chooseContentCoding, type ContentCoding } from "../http/negotiation.ts";
import { contentType } from "@std/media-types";
import { extname } from "@std/path";
import type { EntityTags } from "./entity_tags.ts";
import { CachedFile, type FileCache } from "./file_cache.ts";
import { type OpenFile, TICK_MS } from "./open_file.ts";
import { type AskedHead, type Fingerprint, Representation } from "./representation.ts";
import type { Root } from "./root.ts";

/** Files up to this size are kept in memory. */
const MAX_CACHED_BYTES = 256 * 1024;

/** How files are sent. */
export interface FileResponderOptions {
  /** The value of Cache-Control; none if undefined. */
  readonly cacheControl: string | undefined;
  readonly tags: EntityTags;
  readonly epochMs: () => number;
}

/** Replies with open files: chooses the coding, makes the validators, caches small files. */
export class FileResponder {
  readonly #root: Root;
  readonly #cache: FileCache<CachedFile>;
  readonly #options: FileResponderOptions;

  constructor(root: Root, cache: FileCache<CachedFile>, options: FileResponderOptions) {
    this.#root = root;
    this.#cache = cache;
    this.#options = options;
  }

  /**
   * The reply with a file, which is moved to the reply if it is sent from disk. A small file is kept
   * in memory, once, whatever paths lead to it.
   *
   * @param names from the root down; the last decides the media type, whatever a link points to
   * @returns the reply, and the key of the file in the cache, if it is kept there
   * @throws the system's error
   */
  async reply(
    names: readonly string[],
    file: OpenFile,
    head: AskedHead,
  ): Promise<{ readonly reply: Reply; readonly key: string | undefined }> {
    const { epochMs } = this.#options;
    const precompressed = await precompressedFiles(this.#root, names);
    if (file.size > MAX_CACHED_BYTES || this.#isNew(file)) {
      const chosen = await this.#choose(names, file, precompressed, head.fields);
      return { reply: chosen.reply(head, epochMs), key: undefined };
    }
    const key = keyOf(file.identity, precompressed, names);
    const known = this.#cache.get(key);
    if (known !== undefined) return { reply: known.reply(head, epochMs), key };
    const { cached, isSettled } = await this.#read(names, file, precompressed);
    if (isSettled) this.#cache.set(key, cached);
    return { reply: cached.reply(head, epochMs), key: isSettled ? key : undefined };
  }

  /** Whether the cached file of a key is still the one of this name; if not, drops it. */
  async isCurrent(names: readonly string[], key: string): Promise<boolean> {
    const identity = await this.#root.identify(names).catch(() => undefined);
    if (identity !== undefined) {
      const precompressed = await precompressedFiles(this.#root, names);
      if (keyOf(identity, precompressed, names) === key) return true;
    }
    this.#cache.delete(key);
    return false;
  }

  /**
   * Whether a file may change and keep its time; or its time is in the future, so that its
   * Last-Modified differs each time.
   */
  #isNew({ modifiedMs }: OpenFile): boolean {
    return modifiedMs > this.#options.epochMs() - TICK_MS;
  }

  /** Reads a file and its precompressed files; settled if none of these is new. */
  async #read(
    names: readonly string[],
    plain: OpenFile,
    precompressed: readonly PrecompressedFile[],
  ): Promise<{ readonly cached: CachedFile; readonly isSettled: boolean }> {
    const read = async (file: OpenFile, coding: ContentCoding) => {
      const bytes = await file.readAll();
      const fingerprint = this.#options.tags.ofBytes(bytes, file.modifiedMs, coding);
      const own = coding === "identity" ? ownCoding(names) : coding;
      return this.#represent(bytes, names, own, precompressed, fingerprint, file.modifiedMs);
    };
    const whole = await read(plain, "identity");
    const coded = new Map<ContentCoding, Representation>();
    let isSettled = true;
    for (const { names, coding } of precompressed) {
      using file = await this.#open(names);
      if (file === undefined || file.size > MAX_CACHED_BYTES) continue;
      const representation = await read(file, coding).catch(() => undefined);
      if (representation === undefined) continue;
      coded.set(coding, representation);
      if (this.#isNew(file)) isSettled = false;
    }
    return { cached: new CachedFile(whole, coded), isSettled };
  }

  /** The file or one of its precompressed files, to be read while it is sent. */
  async #choose(
    names: readonly string[],
    plain: OpenFile,
    precompressed: readonly PrecompressedFile[],
    fields: Fields,
  ): Promise<Representation> {
    const codings = precompressed.map(({ coding }) => coding);
    const wanted = chooseContentCoding(fields.get("accept-encoding"), codings);
    const chosen = precompressed.find(({ coding }) => coding === wanted);
    using coded = chosen === undefined ? undefined : await this.#open(chosen.names);
    const [file, from, coding] = chosen === undefined || coded === undefined
      ? [plain, names, ownCoding(names)] as const
      : [coded, chosen.names, chosen.coding] as const;
    const fingerprint = await this.#options.tags.ofFile(file, from, coding, fields);
    return this.#represent(file.move(), names, coding, precompressed, fingerprint, file.modifiedMs);
  }

  #represent(
    bytes: Uint8Array | OpenFile,
    names: readonly string[],
    coding: ContentCoding,
    precompressed: readonly PrecompressedFile[],
    fingerprint: Fingerprint,
    modifiedMs: number,
  ): Representation {
    const contentType = mediaType(names);
    const isNegotiated = precompressed.length > 0;
    const facts = { contentType, coding, isNegotiated, modifiedMs, ...fingerprint };
    return new Representation(bytes, facts, this.#options.cacheControl, this.#options.epochMs());
  }

  /** A precompressed file, if it can be opened. */
  async #open(names: readonly string[]): Promise<OpenFile | undefined> {
    const found = await this.#root.open(names).catch(() => undefined);
    return found?.kind === "file" ? found.file : undefined;
  }
}

/** A compressed file beside the one that it was made of. */
export interface PrecompressedFile {
  readonly coding: ContentCoding;
  /** From the root down. */
  readonly names: readonly string[];
  /** As `OpenFile.identity`. */
  readonly identity: string;
}

/** In our order of preference: usually the smallest first. */
const SUFFIXES = [["br", ".br"], ["zstd", ".zst"], ["gzip", ".gz"]] as const;

/**
 * The precompressed files of a file: `a.css.br`, `a.css.zst` and `a.css.gz` of `a.css`. As with
 * nginx's `gzip_static`, their age is not compared. A file that has such a name itself has none.
 *
 * @param names of the file, from the root down
 */
export async function precompressedFiles(
  root: Root,
  names: readonly string[],
): Promise<PrecompressedFile[]> {
  const name = names.at(-1)!;
  if (SUFFIXES.some(([, suffix]) => name.endsWith(suffix))) return [];
  const files: PrecompressedFile[] = [];
  for (const [coding, suffix] of SUFFIXES) {
    const beside = [...names.slice(0, -1), name + suffix];
    if (!root.mayHave(beside)) continue;
    const identity = await root.identify(beside).catch(() => undefined);
    if (identity !== undefined) files.push({ coding, names: beside, identity });
  }
  return files;
}

/** Names of files that are compressed, but have the media type of their content (SVG 1.1 §1.2). */
const GZIPPED = /\.(?:svgz|x3dz|x3dvz)$/i;

function ownCoding(names: readonly string[]): ContentCoding {
  return GZIPPED.test(names.at(-1)!) ? "gzip" : "identity";
}

function mediaType(names: readonly string[]): string {
  return contentType(extname(names.at(-1)!)) ?? "application/octet-stream";
}

/**
 * The key of a file in memory: file and version, its precompressed files and what decides its media
 * type. A precompressed file that could not be opened counts as well: next time it may be.
 */
function keyOf(
  identity: string,
  precompressed: readonly PrecompressedFile[],
  names: readonly string[],
): string {
  const coded = precompressed.map(({ coding, identity }) => `${coding} ${identity}`);
  return [identity, ...coded, extname(names.at(-1)!)].join(", ");
}
