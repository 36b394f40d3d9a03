import type { FieldLine } from "../../http/fields.ts";
import { parseContentRange } from "../../http/byte_range.ts";
import type { BodyFraming } from "../../http/body.ts";
import { isStrongMatch, parseEntityTag } from "../../http/validators.ts";
import { isWhole, type ResponseHead } from "../../http/response.ts";
import { TryError } from "../download_error.ts";

/** What is known of the content that a server has. */
export interface Representation {
  /** A strong ETag as it was received; undefined without one (RFC 9110 §8.8.3). */
  readonly entityTag: string | undefined;
  /** In bytes; undefined when the server does not say. */
  readonly length: number | undefined;
  /** What the content is known by beforehand, wherever it comes from; then no ETag matters. */
  readonly identity?: string | undefined;
}

/** A representation of which any part can be asked for. */
export interface Whole {
  /** A strong one; undefined where a digest will tell whether all parts belong together. */
  readonly entityTag: string | undefined;
  readonly length: number;
}

/** A representation of which any part can be asked for; undefined if none can. */
export function wholeOf({ entityTag, length, identity }: Representation): Whole | undefined {
  const isKnown = identity !== undefined || entityTag !== undefined;
  return isKnown && length !== undefined ? { entityTag, length } : undefined;
}

/** The first bytes of a representation of which the rest can be asked for. */
export interface ResumePoint extends Whole {
  /** How many bytes there are; less than `length`. */
  readonly position: number;
}

/**
 * What is there of a representation, if the rest of it can be asked for.
 *
 * @param position how many bytes are there from its start
 * @param received how many are there in all
 */
export function resumePointOf(
  representation: Representation | undefined,
  position: number,
  received: number = position,
): ResumePoint | undefined {
  const whole = representation && wholeOf(representation);
  return whole && received > 0 && position < whole.length ? { position, ...whole } : undefined;
}

/** Which bytes of the content an answer brings. */
export interface Extent {
  readonly start: number;
  /** How many of them, from the start, are here already. */
  readonly known: number;
  /** All of them; undefined when the server does not say. */
  readonly bytes: number | undefined;
}

/**
 * What an answer means for what is here:
 *
 * - `whole`: the content from its first byte, of this representation
 * - `again`: the same content as is here, but from its first byte
 * - `rest`: what follows what is here, behind some of that again
 * - `faulty`: it is none that was asked for
 */
export type ResumeDecision =
  | Extent & { readonly kind: "whole"; readonly representation: Representation }
  | Extent & { readonly kind: "again" | "rest"; readonly bytes: number }
  | { readonly kind: "faulty"; readonly reason: string };

/**
 * The fields that ask for the rest of what is here, and for some of that again, if it is still the
 * same (RFC 9110 §13.1.5).
 */
export function rangeFields(point: ResumePoint): FieldLine[] {
  return [["Range", `bytes=${askedFrom(point.position)}-`], ...ifRange(point)];
}

/** The field that asks for a part of nothing but that representation (RFC 9110 §13.1.5). */
export function ifRange({ entityTag }: Whole): FieldLine[] {
  return entityTag === undefined ? [] : [["If-Range", entityTag]];
}

/**
 * What a 200 or 206 brings.
 *
 * @param point from where the rest was asked for; undefined when the whole was
 */
export function resumeDecisionOf(
  head: ResponseHead,
  framing: BodyFraming,
  point?: ResumePoint,
): ResumeDecision {
  const entityTag = strongTag(head);
  const range = head.statusCode === 206 ? parseContentRange(head) : undefined;
  if (head.statusCode === 206 && !(point === undefined && isWhole(head))) {
    return restDecision(range, framing, entityTag, point);
  }
  const said = framing.kind === "length" ? framing.contentLength : undefined;
  if (range !== undefined && (said ?? range.total) !== range.total) {
    return faulty("the part is not as long as it says");
  }
  const length = said ?? range?.total;
  if (point !== undefined && length === point.length && isSame(entityTag, point.entityTag)) {
    return { kind: "again", start: 0, known: point.position, bytes: length };
  }
  return {
    kind: "whole",
    start: 0,
    known: 0,
    bytes: length,
    representation: { entityTag, length },
  };
}

function restDecision(
  range: ReturnType<typeof parseContentRange>,
  framing: BodyFraming,
  entityTag: string | undefined,
  point: ResumePoint | undefined,
): ResumeDecision {
  if (point === undefined) return faulty("a part came that nobody asked for");
  // RFC 9110 §14.4: the total may be unknown to others, not to us.
  if (range === undefined) return faulty("the part does not say which one it is");
  const { first, last, total } = range;
  const from = askedFrom(point.position);
  if (first !== from) {
    return faulty(`the part begins at ${first}, but was asked for from ${from}`);
  }
  if (total !== point.length || last >= point.length) {
    return faulty(`the part is of ${total} bytes in all, but there were ${point.length}`);
  }
  // RFC 9110 §15.3.7: it would have been in a 200, so it has to be here; and If-Range asked for it.
  if (!isSame(entityTag, point.entityTag)) return faulty("the part has another ETag");
  const bytes = last - first + 1;
  const isAsLong = framing.kind !== "length" || framing.contentLength === bytes;
  if (last < point.position || !isAsLong) return faulty("the part is not as long as it says");
  return { kind: "rest", start: first, known: point.position - first, bytes };
}

function faulty(reason: string): ResumeDecision {
  return { kind: "faulty", reason };
}

/** The strong ETag of an answer, if it has exactly one that can be sent back. */
export function strongTag({ fields }: ResponseHead): string | undefined {
  const [tag, ...more] = fields.values("etag");
  return tag !== undefined && more.length === 0 && isUsableTag(tag) ? tag : undefined;
}

/** Whether a text is a strong entity-tag that can be sent back: none of obs-text (RFC 9110 §8.8.3). */
export function isUsableTag(text: string): boolean {
  return parseEntityTag(text)?.isWeak === false && /^[!-~]*$/.test(text);
}

/** Whether a text has the form of an identity: the name of a digest, and hexadecimal digits. */
export function isIdentity(text: string): boolean {
  return /^[a-z0-9-]{1,16}=[0-9a-f]{32,128}$/.test(text);
}

function isSame(one: string | undefined, other: string | undefined): boolean {
  if (other === undefined) return true;
  const tags = [parseEntityTag(one ?? ""), parseEntityTag(other)];
  return tags[0] !== undefined && tags[1] !== undefined && isStrongMatch(tags[0], tags[1]);
}

/**
 * How many bytes before a joint are fetched again, and compared with those that are here. Two servers
 * may give files of one size and time the same ETag, whatever is in them; and behind one name there
 * may be several servers. So every joint is compared, whichever server the content comes from.
 */
export const OVERLAP_BYTES = 4096;

/** Where content of one answer meets content of another. */
export interface Joint {
  /** The first byte behind it. */
  readonly position: number;
  /** What stands before it where that which follows comes from. */
  readonly before: Uint8Array;
  /** The server that sent it; undefined if an earlier run received it. */
  readonly server: string | undefined;
}

/** From where on to ask for what follows a position. */
export function askedFrom(position: number): number {
  return Math.max(0, position - OVERLAP_BYTES);
}

/** The last bytes of what has passed by, as many as a joint is compared over. */
export class Tail {
  #bytes: Uint8Array = new Uint8Array(0);

  add(bytes: Uint8Array): void {
    this.#bytes = this.with(bytes);
  }

  /** What it would be with these. */
  with(bytes: Uint8Array): Uint8Array {
    if (bytes.length >= OVERLAP_BYTES) return bytes.slice(-OVERLAP_BYTES);
    const earlier = this.#bytes.subarray(-(OVERLAP_BYTES - bytes.length));
    const all = new Uint8Array(earlier.length + bytes.length);
    all.set(earlier);
    all.set(bytes, earlier.length);
    return all;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }
}

/** Whether two tails are the same, as far as both go: the shorter one is of the same end. */
export function isSameTail(one: Uint8Array, other: Uint8Array): boolean {
  const length = Math.min(one.length, other.length);
  const [a, b] = [one.subarray(one.length - length), other.subarray(other.length - length)];
  return a.every((byte, i) => byte === b[i]);
}

/** What a server has does not go with what is here. */
export function otherContentError(server: string): TryError {
  const reason = "it has other content than is here, under the same ETag";
  return new TryError("network", server, reason, { isOfRange: true });
}
