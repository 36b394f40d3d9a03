import type { Fields } from "../http/fields.ts";
import type { Reply } from "../net/reply.ts";
import { chooseContentCoding, type ContentCoding } from "../http/negotiation.ts";
import { contentType } from "@std/media-types";
import { extname } from "@std/path";
import { type CodedSibling, codedSiblings } from "./coded_siblings.ts";
import { type AskedHead, replyWith } from "./conditional_reply.ts";
import type { EntityTags } from "./entity_tags.ts";
import { KeptFile } from "./kept_file.ts";
import { TICK_MS } from "./modification_time.ts";
import type { OpenFile } from "./open_file.ts";
import { Representation } from "./representation.ts";
import type { Root } from "./root.ts";

/** Files up to this size, in octets, are kept in memory. */
const MOST_KEPT_OCTETS = 256 * 1024;

/** How files are replied with. */
export interface FileReplyOptions {
  /** The value of Cache-Control; none if undefined. */
  readonly cacheControl: string | undefined;
  /** Where entity-tags come from. */
  readonly tags: EntityTags;
  /** Gives ms, on any clock that never goes back. */
  readonly now: () => number;
  /** Gives ms since 1970. */
  readonly epochMs: () => number;
}

/** A file in memory. */
interface ReadFile {
  readonly octets: Uint8Array;
  readonly modifiedMs: number;
}

/** Replies with files that were found, in the coding and with the validators that suit. */
export class FileReplies {
  readonly #root: Root;
  readonly #options: FileReplyOptions;

  /** With files below a root. */
  constructor(root: Root, options: FileReplyOptions) {
    this.#root = root;
    this.#options = options;
  }

  /**
   * The reply with a file, which it closes.
   *
   * @param names by which it was found; they decide the media type, whatever a link points to
   * @param head that of the request
   * @param keep is given what is small enough to be kept in memory
   * @throws what the system says
   */
  async reply(
    names: readonly string[],
    file: OpenFile,
    head: AskedHead,
    keep: (kept: KeptFile) => void,
  ): Promise<Reply> {
    const { epochMs } = this.#options;
    const siblings = await codedSiblings(this.#root, names);
    // What is that new may change without another time, and nobody could tell; what is from the
    // future has another Last-Modified each time.
    if (file.size > MOST_KEPT_OCTETS || this.#isNew(file)) {
      return replyWith(await this.#choose(names, file, siblings, head.fields), head, epochMs);
    }
    const { kept, isSettled } = await this.#read(names, file, siblings);
    if (isSettled) keep(kept);
    return kept.reply(head, epochMs);
  }

  /** Whether what is in memory is still what stands on the disk. */
  async isStill(kept: KeptFile): Promise<boolean> {
    const now = this.#options.now();
    const identity = await this.#root.identify(kept.names).catch(() => undefined);
    if (identity === undefined) return false;
    const siblings = await codedSiblings(this.#root, kept.names);
    if (signatureOf(identity, siblings) !== kept.signature) return false;
    kept.checkedAt = now;
    return true;
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
    const now = this.#options.now();
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
    const signature = signatureOf(file.identity, siblings);
    const isSettled = ![...coded.values()].some((it) => this.#isNew(it));
    const whole = represent("identity", plain);
    return {
      kept: new KeptFile(names, signature, whole, new Map(representations), now),
      isSettled,
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

/** Of siblings, what could not be opened counts as well: it may be by the next time. */
function signatureOf(identity: string, siblings: readonly CodedSibling[]): string {
  return [identity, ...siblings.map(({ coding, identity }) => `${coding} ${identity}`)].join(", ");
}

async function readAndClose(file: OpenFile): Promise<ReadFile> {
  try {
    return { octets: await file.readAll(), modifiedMs: file.modifiedMs };
  } finally {
    file.close();
  }
}
