/**
 * Parts of a representation: Range, Content-Range and multipart/byteranges (RFC 9110 §14).
 *
 * @module
 */

import type { Fields } from "./fields.ts";
import { trimOws, WRITTEN_VALUE } from "./grammar.ts";

/** Some bytes of a representation: their positions from 0, both inclusive; `first <= last`. */
export interface ByteRange {
  /** Position of the first byte. */
  readonly first: number;
  /** Position of the last byte, below the length of the representation. */
  readonly last: number;
}

/**
 * What a Range means for a representation: `whole` is the 200 that there would be without it,
 * `unsatisfiable` a 416, `ranges` a 206: with Content-Range for one, as multipart/byteranges for
 * several. They do not overlap.
 */
export type RangeAnswer =
  | { readonly kind: "whole" }
  | { readonly kind: "unsatisfiable" }
  | { readonly kind: "ranges"; readonly ranges: readonly ByteRange[] };

/** More in one request are a broken client or an attack (RFC 9110 §17.15). */
const MOST_RANGES = 16;

/**
 * RFC 9110 §15.3.7.2 reckons a part's head at 80 bytes; a smaller gap costs less than a head. Ours
 * are a little longer, so a client never gets more bytes than separate parts would have taken.
 */
const SMALLEST_GAP = 80;

/** RFC 9110 §14.1.1: `int-range = first-pos "-" [ last-pos ]`, `suffix-range = "-" suffix-length`. */
const RANGE_SPEC = /^(?:([0-9]+)-([0-9]*)|-([0-9]+))$/;

/**
 * What to answer to a Range (RFC 9110 §14.1.2, §14.2), after the preconditions.
 *
 * A set with one invalid member is invalid as a whole. It is then ignored, as §14.2 allows, though
 * it would rather have a 416, which nginx and Go send: downloaders take a 416 for "there is nothing
 * left to get", and only a valid range may tell them that. Ignored are also other units, any range
 * of an empty representation, more than 16, and sets that ask for more bytes than there are, so
 * that none makes us send more than the whole.
 *
 * Only to be asked for a GET: §14.2 defines Range for no other method.
 *
 * @param range the value of Range, its lines joined; undefined without one
 * @param length of the representation in bytes: a safe integer
 * @returns ranges in the order they were asked for; those that overlap or nearly touch are one, at
 *     the place of its earliest
 */
export function byteRanges(range: string | undefined, length: number): RangeAnswer {
  const specs = range === undefined ? [] : rangeSpecs(range);
  if (specs.length === 0 || specs.length > MOST_RANGES || length === 0) return { kind: "whole" };
  const ranges: ByteRange[] = [];
  let bytes = 0;
  for (const spec of specs) {
    const [, firstPos, lastPos, suffixLength] = RANGE_SPEC.exec(spec) ?? [];
    if (suffixLength === undefined && !isAscending(firstPos, lastPos)) return { kind: "whole" };
    const first = suffixLength === undefined
      ? Number(firstPos)
      : Math.max(0, length - Number(suffixLength));
    if (first >= length) continue;
    const last = lastPos ? Math.min(Number(lastPos), length - 1) : length - 1;
    ranges.push({ first, last });
    bytes += last - first + 1;
  }
  if (ranges.length === 0) return { kind: "unsatisfiable" };
  return bytes > length ? { kind: "whole" } : { kind: "ranges", ranges: coalesced(ranges) };
}

/** The members of `bytes=1#range-spec`, not yet judged; none if the unit is another one. */
function rangeSpecs(range: string): string[] {
  if (range.slice(0, 6).toLowerCase() !== "bytes=") return [];
  return range.slice(6).split(",").map(trimOws).filter((it) => it !== "");
}

/** RFC 9110 §14.1.1: whether an int-range is one, and valid. Exact for numbers of any size. */
function isAscending(firstPos: string | undefined, lastPos: string | undefined): boolean {
  if (firstPos === undefined) return false;
  return !lastPos || BigInt(firstPos) <= BigInt(lastPos);
}

function coalesced(ranges: readonly ByteRange[]): ByteRange[] {
  const ascending = ranges.map(({ first, last }, place) => ({ first, last, place }))
    .sort((a, b) => a.first - b.first);
  const kept: typeof ascending = [];
  for (const range of ascending) {
    const before = kept.at(-1);
    if (before === undefined || range.first - before.last - 1 >= SMALLEST_GAP) {
      kept.push(range);
    } else {
      before.last = Math.max(before.last, range.last);
      before.place = Math.min(before.place, range.place);
    }
  }
  return kept.sort((a, b) => a.place - b.place).map(({ first, last }) => ({ first, last }));
}

/** RFC 9110 §14.4: Content-Range of a 206, or of a part of one: `bytes 0-499/1234`. */
export function contentRange({ first, last }: ByteRange, length: number): string {
  return `bytes ${first}-${last}/${length}`;
}

/** RFC 9110 §14.4: Content-Range of a 416: an asterisk for the range. */
export function unsatisfiedRange(length: number): string {
  return `bytes */${length}`;
}

/** RFC 9110 §14.4: `bytes first-last/complete-length`. */
const CONTENT_RANGE = /^bytes ([0-9]+)-([0-9]+)\/([0-9]+)$/i;

/** Which part of the content a 206 brings: first and last byte, and the length of the whole. */
export function parseContentRange({ fields }: { readonly fields: Fields }):
  | { readonly first: number; readonly last: number; readonly total: number }
  | undefined {
  const [, first, last, total] = CONTENT_RANGE.exec(fields.get("content-range") ?? "") ?? [];
  if (total === undefined) return undefined;
  return { first: Number(first), last: Number(last), total: Number(total) };
}

/** The content of a 206 with several ranges, laid out before a single byte of it is read. */
export interface MultipartByteRanges {
  /** Content-Type of the response, with its boundary. */
  readonly contentType: string;
  /** Bytes of all parts, heads and the end included. */
  readonly contentLength: number;
  /** In the order to be sent: each head, in ASCII, then the bytes of its range. */
  readonly parts: readonly { readonly head: string; readonly range: ByteRange }[];
  /** What follows the last part; ASCII. */
  readonly end: string;
}

/** What several ranges are taken from, and how they are to be told apart. */
export interface MultipartOptions {
  /**
   * 1 to 70 characters that need no quotes, which some clients read wrongly (RFC 9110 §14.6). It
   * may not occur in the content; 16 random bytes are enough for that.
   */
  readonly boundary: string;
  /** Content-Type that a 200 would have; left out of the parts when undefined. */
  readonly contentType: string | undefined;
  /** Bytes of the whole representation. */
  readonly length: number;
}

/** RFC 2046 §5.1.1: `boundary = 0*69<bchars> bcharsnospace`, as far as it is a token as well. */
const BOUNDARY = /^[0-9A-Za-z'+_.-]{1,70}$/;

/**
 * Lays out `multipart/byteranges` (RFC 9110 §14.6, §15.3.7.2). The response itself must have no
 * Content-Range.
 *
 * @throws {TypeError} when boundary or media type hold what they may not
 */
export function multipartByteRanges(
  ranges: readonly ByteRange[],
  { boundary, contentType, length }: MultipartOptions,
): MultipartByteRanges {
  if (!BOUNDARY.test(boundary)) throw new TypeError(`Cannot write the boundary "${boundary}"`);
  if (!WRITTEN_VALUE.test(contentType ?? "")) {
    throw new TypeError(`Cannot write this media type: ${JSON.stringify(contentType)}`);
  }
  const typeLine = contentType === undefined ? "" : `Content-Type: ${contentType}\r\n`;
  const parts = ranges.map((range, index) => {
    const delimiter = `${index === 0 ? "" : "\r\n"}--${boundary}\r\n`;
    const rangeLine = `Content-Range: ${contentRange(range, length)}\r\n`;
    return { head: `${delimiter}${typeLine}${rangeLine}\r\n`, range };
  });
  const end = `\r\n--${boundary}--\r\n`;
  const contentLength = parts.reduce(
    (sum, { head, range }) => sum + head.length + range.last - range.first + 1,
    end.length,
  );
  return { contentType: `multipart/byteranges; boundary=${boundary}`, contentLength, parts, end };
}
