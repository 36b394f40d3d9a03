import { type ByteRange, contentRange } from "./byte_range.ts";
import { WRITTEN_VALUE } from "./grammar.ts";

/** The content of a 206 with several ranges, laid out before a single octet of it is read. */
export interface MultipartByteRanges {
  /** Content-Type of the response, with its boundary. */
  readonly contentType: string;
  /** Octets of all parts, heads and the end included. */
  readonly contentLength: number;
  /** In the order to be sent: each head, in ASCII, then the octets of its range. */
  readonly parts: readonly { readonly head: string; readonly range: ByteRange }[];
  /** What follows the last part; ASCII. */
  readonly end: string;
}

/** What several ranges are taken from, and how they are to be told apart. */
export interface MultipartOptions {
  /**
   * 1 to 70 characters that need no quotes, which some clients read wrongly (RFC 9110 §14.6). It
   * may not occur in the content; 16 octets of chance are enough for that.
   */
  readonly boundary: string;
  /** Content-Type that a 200 would have; left out of the parts when undefined. */
  readonly contentType: string | undefined;
  /** Octets of the whole representation. */
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
