import type { Fields } from "../http/fields.ts";
import type { EntityTag } from "../http/validators.ts";
import type { ContentCoding } from "../http/negotiation.ts";
import type { ContentDigests } from "./content_digests.ts";
import { tellsVersions } from "./modification_time.ts";
import type { OpenFile } from "./open_file.ts";

/** How long, in ms, a reply waits for a digest. */
const BRIEF_WAIT_MS = 100;

/** The same where the request names entity-tags: to send all of a large file again takes longer. */
const TAG_WAIT_MS = 10_000;
/** How many may wait that long: each holds a descriptor, whether its client is there or not. */
const MOST_WAITING = 32;
const TAG_CONDITIONS = ["if-range", "if-none-match", "if-match"];

/** The strong entity-tags of files (RFC 9110 §8.8.3), each coding of a file having its own. */
export class EntityTags {
  readonly #digests: ContentDigests | undefined;
  readonly #epochMs: () => number;
  #waiting = 0;

  /** Made of these digests; without them, of size and time. `epochMs` gives ms since 1970. */
  constructor(digests?: ContentDigests, epochMs: () => number = Date.now) {
    this.#digests = digests;
    this.#epochMs = epochMs;
  }

  /** That of a file whose bytes are in memory; without digests, none where times do not tell. */
  ofBytes(bytes: Uint8Array, modifiedMs: number, coding: ContentCoding): EntityTag | undefined {
    if (this.#digests !== undefined) return tagOf(this.#digests.of(bytes), coding);
    return this.#ofTime(bytes.length, modifiedMs, coding);
  }

  /**
   * That of an open file. A digest that is not known is waited for a moment, or some seconds where
   * the request wants to know. After that the file has no tag, until its digest is known.
   *
   * @param names where the file stands, from the root down
   * @param fields those of the request
   */
  async ofFile(
    file: OpenFile,
    names: readonly string[],
    coding: ContentCoding,
    fields: Fields,
  ): Promise<EntityTag | undefined> {
    const { identity, size, modifiedMs } = file;
    if (this.#digests === undefined) return this.#ofTime(size, modifiedMs, coding);
    const digest = this.#digests.known(identity) ??
      await this.#within(fields, this.#digests.compute(names, identity, size));
    return digest === undefined ? undefined : tagOf(digest, coding);
  }

  #ofTime(size: number, modifiedMs: number, coding: ContentCoding): EntityTag | undefined {
    if (!tellsVersions(modifiedMs, this.#epochMs())) return undefined;
    return tagOf(sizeAndTime(size, modifiedMs), coding);
  }

  /** A digest, waited for as long as the request is worth it and not too many wait already. */
  async #within(
    fields: Fields,
    computing: Promise<string | undefined>,
  ): Promise<string | undefined> {
    const isAsked = this.#waiting < MOST_WAITING && TAG_CONDITIONS.some((name) => fields.has(name));
    this.#waiting++;
    try {
      return await within(isAsked ? TAG_WAIT_MS : BRIEF_WAIT_MS, computing);
    } finally {
      this.#waiting--;
    }
  }
}

/**
 * The same for all copies that kept their time. Deno tells times in ms, whatever the file system
 * has; a file that is written twice within one keeps its tag if its size stays as well.
 */
function sizeAndTime(size: number, modifiedMs: number): string {
  return `${size.toString(16)}-${modifiedMs.toString(16)}`;
}

function tagOf(opaque: string, coding: ContentCoding): EntityTag {
  return { isWeak: false, opaque: coding === "identity" ? opaque : `${opaque}-${coding}` };
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), ms);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
