import type { Reply } from "../net/handler.ts";
import type { Fields } from "../http/fields.ts";
import { chooseContentCoding, type ContentCoding } from "../http/negotiation.ts";
import { contentType } from "@std/media-types";
import { extname } from "@std/path";
import { type CodedSibling, codedSiblings } from "./coded_siblings.ts";
import type { EntityTags } from "./entity_tags.ts";
import { type Cached, FileCache } from "./file_cache.ts";
import { TICK_MS } from "./modification_time.ts";
import type { OpenFile } from "./open_file.ts";
import { type AskedHead, Representation } from "./representation.ts";
import type { Root } from "./root.ts";

/** Files up to this size, in octets, are kept in memory. */
const MOST_KEPT_OCTETS = 256 * 1024;

/** How much is kept in memory. */
const CACHE_BOUNDS = { octets: 64 * 1024 * 1024, entries: 10_000 };

/** How files are replied with. */
export interface FileReplyOptions {
  /** The value of Cache-Control; none if undefined. */
  readonly cacheControl: string | undefined;
  /** Where entity-tags come from. */
  readonly tags: EntityTags;
  /** Gives ms since 1970. */
  readonly epochMs: () => number;
}

/** A reply with a file. */
export interface FileReply {
  /** To be sent. */
  readonly reply: Reply;
  /** Under which the file is kept in memory, if it is. */
  readonly key: string | undefined;
}

/** The content of a file. */
interface ReadFile {
  readonly octets: Uint8Array;
  readonly modifiedMs: number;
}

/** A small file in memory, in all of its codings. */
export class KeptFile implements Cached {
  readonly octets: number;
  readonly #plain: Representation;
  readonly #coded: ReadonlyMap<ContentCoding, Representation>;
  readonly #codings: readonly ContentCoding[];

  /**
   * Keeps it.
   *
   * @param coded by their codings, in our order of preference; none for most files
   */
  constructor(plain: Representation, coded: ReadonlyMap<ContentCoding, Representation>) {
    this.#plain = plain;
    this.#coded = coded;
    this.#codings = [...coded.keys()];
    this.octets = [plain, ...coded.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** The reply to a request for it. */
  reply(head: AskedHead, epochMs: () => number): Reply {
    return this.#chosen(head.fields).reply(head, epochMs);
  }

  #chosen(fields: Fields): Representation {
    if (this.#codings.length === 0) return this.#plain;
    const coding = chooseContentCoding(fields.get("accept-encoding"), this.#codings);
    return this.#coded.get(coding) ?? this.#plain;
  }
}

/** Replies with files that were found, in the coding and with the validators that suit. */
export class FileReplies {
  readonly #root: Root;
  readonly #options: FileReplyOptions;
  readonly #kept = new FileCache<KeptFile>(CACHE_BOUNDS);

  /** With files below a root. */
  constructor(root: Root, options: FileReplyOptions) {
    this.#root = root;
    this.#options = options;
  }

  /**
   * The reply with a file, which it closes. One that is small enough is kept in memory, once,
   * whatever paths lead to it.
   *
   * @param names by which it was found; they decide the media type, whatever a link points to
   * @param head that of the request
   * @throws what the system says
   */
  async reply(names: readonly string[], file: OpenFile, head: AskedHead): Promise<FileReply> {
    const { epochMs } = this.#options;
    const siblings = await codedSiblings(this.#root, names);
    // What is that new may change without another time, and nobody could tell; what is from the
    // future has another Last-Modified each time.
    if (file.size > MOST_KEPT_OCTETS || this.#isNew(file)) {
      const chosen = await this.#choose(names, file, siblings, head.fields);
      return { reply: chosen.reply(head, epochMs), key: undefined };
    }
    const key = keyOf(file.identity, siblings, names);
    const known = this.#kept.get(key);
    if (known !== undefined) {
      file.close();
      return { reply: known.reply(head, epochMs), key };
    }
    const { kept, isSettled } = await this.#read(names, file, siblings);
    if (isSettled) this.#kept.set(key, kept);
    return { reply: kept.reply(head, epochMs), key: isSettled ? key : undefined };
  }

  /** What is kept in memory under a key. */
  kept(key: string): KeptFile | undefined {
    return this.#kept.get(key);
  }

  /**
   * Whether what is kept under a key is what stands under a name now. What it is no more is not kept
   * any longer.
   */
  async isStill(names: readonly string[], key: string): Promise<boolean> {
    const identity = await this.#root.identify(names).catch(() => undefined);
    if (identity !== undefined) {
      const siblings = await codedSiblings(this.#root, names);
      if (keyOf(identity, siblings, names) === key) return true;
    }
    this.#kept.delete(key);
    return false;
  }

  /** Whether a file was modified within a tick, or will have been. */
  #isNew({ modifiedMs }: ReadFile | OpenFile): boolean {
    return modifiedMs > this.#options.epochMs() - TICK_MS;
  }

  /** A file and its siblings as they may be kept in memory: if none of those is new. */
  async #read(
    names: readonly string[],
    file: OpenFile,
    siblings: readonly CodedSibling[],
  ): Promise<{ readonly kept: KeptFile; readonly isSettled: boolean }> {
    const plain = await readAndClose(file);
    const coded = new Map<ContentCoding, ReadFile>();
    for (const sibling of siblings) {
      const file = await this.#open(sibling);
      if (file === undefined) continue;
      if (file.size > MOST_KEPT_OCTETS) file.close();
      else {
        const read = await readAndClose(file).catch(() => undefined);
        if (read !== undefined) coded.set(sibling.coding, read);
      }
    }
    const represent = (coding: ContentCoding, { octets, modifiedMs }: ReadFile) =>
      new Representation(
        octets,
        {
          contentType: mediaType(names),
          coding: coding === "identity" ? ownCoding(names) : coding,
          isNegotiated: siblings.length > 0,
          entityTag: this.#options.tags.ofOctets(octets, modifiedMs, coding),
          modifiedMs,
        },
        this.#options.cacheControl,
        this.#options.epochMs(),
      );
    const representations = Array.from(
      coded,
      ([coding, file]) => [coding, represent(coding, file)] as const,
    );
    const whole = represent("identity", plain);
    return {
      kept: new KeptFile(whole, new Map(representations)),
      isSettled: ![...coded.values()].some((it) => this.#isNew(it)),
    };
  }

  /** The file or one of its siblings, open; all others are closed. */
  async #choose(
    names: readonly string[],
    plain: OpenFile,
    siblings: readonly CodedSibling[],
    fields: Fields,
  ): Promise<Representation> {
    const codings = siblings.map(({ coding }) => coding);
    const wanted = chooseContentCoding(fields.get("accept-encoding"), codings);
    const sibling = siblings.find(({ coding }) => coding === wanted);
    const coded = sibling === undefined ? undefined : await this.#open(sibling);
    const [file, from, coding] = sibling === undefined || coded === undefined
      ? [plain, names, ownCoding(names)] as const
      : [coded, sibling.names, sibling.coding] as const;
    if (file !== plain) plain.close();
    return new Representation(
      file,
      {
        contentType: mediaType(names),
        coding,
        isNegotiated: siblings.length > 0,
        entityTag: await this.#options.tags.ofFile(file, from, coding, fields),
        modifiedMs: file.modifiedMs,
      },
      this.#options.cacheControl,
      this.#options.epochMs(),
    );
  }

  /** A sibling, if it is a file and can be opened; without it the file itself will do. */
  async #open({ names }: CodedSibling): Promise<OpenFile | undefined> {
    const found = await this.#root.open(names).catch(() => undefined);
    return found?.kind === "file" ? found.file : undefined;
  }
}

/** Of what is compressed by its own name, though its media type is that of what is in it. */
const GZIPPED = /\.(?:svgz|x3dz|x3dvz)$/i;

/** The coding of a file that is none of the siblings of another (SVG 1.1 §1.2). */
function ownCoding(names: readonly string[]): ContentCoding {
  return GZIPPED.test(names.at(-1)!) ? "gzip" : "identity";
}

function mediaType(names: readonly string[]): string {
  return contentType(extname(names.at(-1)!)) ?? "application/octet-stream";
}

/**
 * The key of a file in memory: which file it is, in which version, what siblings it has, and what
 * decides its media type. Of siblings, what could not be opened counts as well: it may be by the
 * next time.
 */
function keyOf(
  identity: string,
  siblings: readonly CodedSibling[],
  names: readonly string[],
): string {
  const coded = siblings.map(({ coding, identity }) => `${coding} ${identity}`);
  return [identity, ...coded, extname(names.at(-1)!)].join(", ");
}

async function readAndClose(file: OpenFile): Promise<ReadFile> {
  try {
    return { octets: await file.readAll(), modifiedMs: file.modifiedMs };
  } finally {
    file.close();
  }
}
