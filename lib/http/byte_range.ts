/**
 * Parts of a representation: Range, Content-Range and multipart/byteranges (RFC 9110 §14).
 *
 * @module
 */

import type { Fields } from "./fields.ts";
import { trimOws, WRITTEN_VALUE } from "./grammar.ts";

/** Positions in a representation, from 0, both inclusive; `first <= last < length`. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/**
 * What a Range means for a representation: `whole` is the 200 as without it, `unsatisfiable` a 416,
 * `ranges` a 206, with several as multipart/byteranges. The ranges do not overlap.
 */
export type RangeAnswer =
  | { readonly kind: "whole" }
  | { readonly kind: "unsatisfiable" }
  | { readonly kind: "ranges"; readonly ranges: readonly ByteRange[] };

/** More ranges in one request indicate a broken client or an attack (RFC 9110 §17.15). */
const MOST_RANGES = 16;

/**
 * RFC 9110 §15.3.7.2 estimates the head of a part at 80 bytes: to send a smaller gap costs less. Ours
 * are longer, so joined ranges never take more bytes than separate parts.
 */
const SMALLEST_GAP = 80;

/** RFC 9110 §14.1.1: `int-range = first-pos "-" [ last-pos ]`, `suffix-range = "-" suffix-length`. */
const RANGE_SPEC = /^(?:([0-9]+)-([0-9]*)|-([0-9]+))$/;

/**
 * Evaluates Range (RFC 9110 §14.1.2, §14.2), after the preconditions, and only for GET.
 *
 * A set with one invalid member is ignored, as §14.2 allows. nginx and Go send a 416, but downloaders
 * take that for "nothing is left to get". Also ignored are other units, ranges of an empty
 * representation, more than 16 ranges, and sets that ask for more bytes than there are: no Range makes
 * a response longer than the whole.
 *
 * @param range the value of Range, its lines joined
 * @param length of the representation
 * @returns ranges in the requested order; those that overlap or nearly touch are joined, at the place
 *     of the earliest
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

/** The members of `bytes=1#range-spec`, not validated; none for another unit. */
function rangeSpecs(range: string): string[] {
  if (range.slice(0, 6).toLowerCase() !== "bytes=") return [];
  return range.slice(6).split(",").map(trimOws).filter((it) => it !== "");
}

/** RFC 9110 §14.1.1: whether an int-range is valid. Exact for numbers of any size. */
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

/** RFC 9110 §14.4: Content-Range of a 206 or of a part: `bytes 0-499/1234`. */
export function contentRange({ first, last }: ByteRange, length: number): string {
  return `bytes ${first}-${last}/${length}`;
}

/** RFC 9110 §14.4: Content-Range of a 416. */
export function unsatisfiedRange(length: number): string {
  return `bytes */${length}`;
}

/** RFC 9110 §14.4: `bytes first-last/complete-length`. */
const CONTENT_RANGE = /^bytes ([0-9]+)-([0-9]+)\/([0-9]+)$/i;

/** The part that a 206 brings, and the length of the whole. */
export function parseContentRange(
  { fields }: { readonly fields: Fields },
): ByteRange & { readonly total: number } | undefined {
  const [, first, last, total] = CONTENT_RANGE.exec(fields.get("content-range") ?? "") ?? [];
  if (total === undefined) return undefined;
  return { first: Number(first), last: Number(last), total: Number(total) };
}

/** The content of a 206 with several ranges: the text around them, in ASCII, and their order. */
export interface MultipartByteRanges {
  readonly contentType: string;
  readonly contentLength: number;
  readonly parts: readonly { readonly head: string; readonly range: ByteRange }[];
  /** Follows the last part. */
  readonly end: string;
}

/** The representation that ranges are taken from, and the boundary between them. */
export interface MultipartOptions {
  /**
   * 1 to 70 characters that need no quotes, which some clients do not understand (RFC 9110 §14.6).
   * Must not occur in the content; 16 random bytes ensure that.
   */
  readonly boundary: string;
  /** That of a 200. */
  readonly contentType: string | undefined;
  readonly length: number;
}

/** RFC 2046 §5.1.1: `boundary = 0*69<bchars> bcharsnospace`, as far as it is a token as well. */
const BOUNDARY = /^[0-9A-Za-z'+_.-]{1,70}$/;

/**
 * Plans `multipart/byteranges` (RFC 9110 §14.6, §15.3.7.2). The response itself must not have
 * Content-Range.
 *
 * @throws {TypeError} if boundary or media type are not valid
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
