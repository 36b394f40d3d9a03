import { htmlReply, type Reply } from "../net/handler.ts";
import {
  type ByteRange,
  byteRanges,
  contentRange,
  multipartByteRanges,
  unsatisfiedRange,
} from "../http/byte_range.ts";
import { type FieldLine, fieldLine, type FieldSection, fieldSection } from "../http/fields.ts";
import { encodeOctets } from "../http/grammar.ts";
import { imfFixdate } from "../http/http_date.ts";
import type { ContentCoding } from "../http/negotiation.ts";
import type { RequestHead } from "../http/request.ts";
import {
  type EntityTag,
  evaluatePreconditions,
  rangeApplies,
  type Validators,
  writeEntityTag,
} from "../http/validators.ts";
import { tellsVersions } from "./open_file.ts";
import { type ByteSource, MemoryBytes, RangeContent } from "./range_content.ts";

/** The part of a request's head that decides the reply with a representation. */
export type AskedHead = Pick<RequestHead, "method" | "fields">;

/** What is known of a representation before it is requested. */
export interface RepresentationFacts {
  readonly contentType: string;
  readonly coding: ContentCoding;
  /** Whether Accept-Encoding decides which representation is sent. */
  readonly isNegotiated: boolean;
  /** Strong. */
  readonly entityTag: EntityTag | undefined;
  readonly modifiedMs: number | undefined;
}

/** Without one of these the reply is the whole. If-Range means nothing without Range. */
const CONDITIONS = [
  "range",
  "if-none-match",
  "if-modified-since",
  "if-match",
  "if-unmodified-since",
];

/**
 * A file in one content coding, with its fields (RFC 9110 §8), and the replies to a GET or HEAD of
 * it: 200 with all of it, 206 with parts, 304, 412 or 416.
 */
export class Representation {
  readonly length: number;
  readonly #bytes: Uint8Array | ByteSource;
  readonly #contentType: string;
  readonly validators: Validators;
  /** The fields of a 200 or 206, but for Content-Type. */
  readonly fields: FieldSection;
  /** The fields of a 304. */
  readonly notModifiedFields: FieldSection;
  /** The 200 with all of it. */
  readonly whole: Reply;

  /**
   * Writes the fields.
   *
   * @param bytes in memory, or a source for one reply, which closes it
   * @param cacheControl the value of Cache-Control; none if undefined
   * @throws {TypeError} as `fieldSection`
   */
  constructor(
    bytes: Uint8Array | ByteSource,
    facts: RepresentationFacts,
    cacheControl: string | undefined,
    epochMs: number,
  ) {
    this.#bytes = bytes;
    this.length = bytes instanceof Uint8Array ? bytes.length : bytes.size;
    this.#contentType = facts.contentType;
    this.validators = validatorsOf(facts, epochMs);
    const tag = tagLines(this.validators);
    const date = dateLines(this.validators);
    const cache = cacheLines(facts, cacheControl);
    this.fields = fieldSection([...tag, ...date, ...cache, ...dataLines(facts)]);
    // RFC 9110 §15.4.5: without what the client has in its cache, but for validators.
    this.notModifiedFields = fieldSection([...(tag.length > 0 ? tag : date), ...cache]);
    this.whole = {
      statusCode: 200,
      headerSection: fieldLine("Content-Type", facts.contentType) + this.fields as FieldSection,
      content: bytes instanceof Uint8Array ? bytes : wholeContent(bytes),
    };
  }

  /**
   * The reply to a GET or HEAD. Preconditions come before ranges (RFC 9110 §13.2.2). HEAD ignores
   * Range, which §14.2 defines for GET alone.
   *
   * @param epochMs called only if dates may matter
   * @returns a reply that closes the source; one that does not read it has closed it already
   */
  reply(head: AskedHead, epochMs: () => number): Reply {
    for (const name of CONDITIONS) {
      if (head.fields.has(name)) return this.#conditionalReply(head, epochMs() / 1000);
    }
    return this.whole;
  }

  #conditionalReply(head: AskedHead, epochSeconds: number): Reply {
    const reply = this.#evaluate(head, epochSeconds);
    if (typeof reply.content === "string" && !(this.#bytes instanceof Uint8Array)) {
      this.#bytes.close();
    }
    return reply;
  }

  #evaluate({ method, fields }: AskedHead, epochSeconds: number): Reply {
    const result = evaluatePreconditions(fields, this.validators, epochSeconds);
    if (result === "notModified") {
      return { statusCode: 304, headerSection: this.notModifiedFields, content: "" };
    }
    if (result === "failed") {
      return htmlReply(412, "The file is not as the request would have it.");
    }
    const isForParts = method === "GET" && rangeApplies(fields, this.validators, epochSeconds);
    const answer = byteRanges(isForParts ? fields.get("range") : undefined, this.length);
    if (answer.kind === "whole") return this.whole;
    if (answer.kind === "ranges") return this.#partialReply(answer.ranges);
    const sentence = "The file has nothing where the request wants something.";
    return htmlReply(416, sentence, [["Content-Range", unsatisfiedRange(this.length)]]);
  }

  /**
   * RFC 9110 §15.3.7. All fields of the 200 are sent, even with If-Range: it costs little, and
   * players of videos look for the media type.
   */
  #partialReply(ranges: readonly ByteRange[]): Reply {
    const bytes = this.#bytes;
    const contentType = this.#contentType;
    const { length } = this;
    const [range] = ranges;
    if (ranges.length === 1 && range !== undefined) {
      const lines = [
        ["Content-Type", contentType],
        ["Content-Range", contentRange(range, length)],
      ] as const;
      const content = bytes instanceof Uint8Array
        ? bytes.subarray(range.first, range.last + 1)
        : new RangeContent(bytes, [range]);
      return { statusCode: 206, headerSection: fieldSection(lines, this.fields), content };
    }
    const parts = multipartByteRanges(ranges, { boundary: boundary(), contentType, length });
    const segments = parts.parts.flatMap(({ head, range }) => [encodeOctets(head), range]);
    const source = bytes instanceof Uint8Array ? new MemoryBytes(bytes) : bytes;
    const content = new RangeContent(source, [...segments, encodeOctets(parts.end)]);
    const headerSection = fieldSection([["Content-Type", parts.contentType]], this.fields);
    return { statusCode: 206, headerSection, content };
  }
}

/** RFC 9110 §8.8.2.1: Last-Modified is never later than Date. */
function validatorsOf({ entityTag, modifiedMs }: RepresentationFacts, epochMs: number): Validators {
  return {
    ...(entityTag !== undefined && { entityTag }),
    ...(modifiedMs !== undefined && tellsVersions(modifiedMs, epochMs) && {
      lastModified: Math.floor(Math.min(modifiedMs, epochMs) / 1000),
    }),
  };
}

function tagLines({ entityTag }: Validators): FieldLine[] {
  return entityTag === undefined ? [] : [["ETag", writeEntityTag(entityTag)]];
}

function dateLines({ lastModified }: Validators): FieldLine[] {
  return lastModified === undefined ? [] : [["Last-Modified", imfFixdate(lastModified * 1000)]];
}

function cacheLines({ isNegotiated }: RepresentationFacts, cacheControl?: string): FieldLine[] {
  const lines: FieldLine[] = isNegotiated ? [["Vary", "Accept-Encoding"]] : [];
  if (cacheControl !== undefined) lines.push(["Cache-Control", cacheControl]);
  return lines;
}

function dataLines({ coding }: RepresentationFacts): FieldLine[] {
  const lines: FieldLine[] = [["Accept-Ranges", "bytes"], ["X-Content-Type-Options", "nosniff"]];
  if (coding !== "identity") lines.push(["Content-Encoding", coding]);
  return lines;
}

function wholeContent(source: ByteSource): RangeContent {
  const segments = source.size === 0 ? [] : [{ first: 0, last: source.size - 1 }];
  return new RangeContent(source, segments);
}

/** 16 random bytes in hexadecimal digits. */
function boundary(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
