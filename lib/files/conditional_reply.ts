import {
  type ByteRange,
  byteRanges,
  contentRange,
  multipartByteRanges,
  unsatisfiedRange,
} from "../http/byte_range.ts";
import { fieldSection } from "../http/fields.ts";
import { encodeOctets } from "../http/grammar.ts";
import type { RequestHead } from "../http/request.ts";
import { evaluatePreconditions, rangeApplies } from "../http/validators.ts";
import { htmlReply, type Reply } from "../net/handler.ts";
import { MemoryOctets, type Octets, RangeContent } from "./range_content.ts";
import type { Representation } from "./representation.ts";

/** What of a request decides the reply. */
export type AskedHead = Pick<RequestHead, "method" | "fields">;

/** Without one of these there is nothing but the whole. If-Range means nothing without Range. */
const CONDITIONS = [
  ...["range", "if-none-match", "if-modified-since", "if-match", "if-unmodified-since"],
];

/**
 * The reply to a GET or HEAD of a representation: 200 with all of it, 206 with parts, 304 where the
 * client has it, 412 where it wants another one, 416 where it wants what is not there. Preconditions
 * come before ranges (RFC 9110 §13.2.2). HEAD ignores Range, which §14.2 defines for GET alone.
 *
 * @param epochMs gives the ms since 1970; asked for only where dates may matter
 * @returns a reply that closes the octets; if it has no use for them, they are closed by now
 */
export function replyWith(
  representation: Representation,
  head: AskedHead,
  epochMs: () => number,
): Reply {
  if (!CONDITIONS.some((name) => head.fields.has(name))) return representation.whole;
  const reply = conditionalReply(representation, head, epochMs() / 1000);
  const { octets } = representation;
  if (typeof reply.content === "string" && !(octets instanceof Uint8Array)) octets.close();
  return reply;
}

function conditionalReply(
  representation: Representation,
  { method, fields }: AskedHead,
  now: number,
): Reply {
  const { validators, notModifiedFields, length } = representation;
  const result = evaluatePreconditions(fields, validators, now);
  if (result === "notModified") {
    return { statusCode: 304, headerSection: notModifiedFields, content: "" };
  }
  if (result === "failed") {
    return htmlReply(412, "The file is not as the request would have it.");
  }
  const isForParts = method === "GET" && rangeApplies(fields, validators, now);
  const range = isForParts ? fields.get("range") : undefined;
  const answer = byteRanges(range, length);
  if (answer.kind === "whole") return representation.whole;
  if (answer.kind === "ranges") return partialReply(representation, answer.ranges);
  const sentence = "The file has nothing where the request wants something.";
  return htmlReply(416, sentence, [["Content-Range", unsatisfiedRange(length)]]);
}

/**
 * RFC 9110 §15.3.7. All fields of the 200 are sent, also to a client with If-Range, which should
 * have them already: it costs little, and what plays videos looks for the media type.
 */
function partialReply(representation: Representation, ranges: readonly ByteRange[]): Reply {
  const { contentType, fields, length, octets } = representation;
  const [range] = ranges;
  if (ranges.length === 1 && range !== undefined) {
    const lines = [
      ["Content-Type", contentType],
      ["Content-Range", contentRange(range, length)],
    ] as const;
    const content = octets instanceof Uint8Array
      ? octets.subarray(range.first, range.last + 1)
      : new RangeContent(octets, [range]);
    return { statusCode: 206, headerSection: fieldSection(lines, fields), content };
  }
  const parts = multipartByteRanges(ranges, { boundary: boundary(), contentType, length });
  const segments = parts.parts.flatMap(({ head, range }) => [encodeOctets(head), range]);
  const content = new RangeContent(readable(octets), [...segments, encodeOctets(parts.end)]);
  const headerSection = fieldSection([["Content-Type", parts.contentType]], fields);
  return { statusCode: 206, headerSection, content };
}

function readable(octets: Uint8Array | Octets): Octets {
  return octets instanceof Uint8Array ? new MemoryOctets(octets) : octets;
}

/** 16 octets of chance in hexadecimal digits. */
function boundary(): string {
  const octets = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
}
