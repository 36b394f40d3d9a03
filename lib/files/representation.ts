import { htmlReply, type Reply } from "../net/handler.ts";
import {
  type ByteRange,
  byteRanges,
  contentRange,
  multipartByteRanges,
  unsatisfiedRange,
} from "../http/byte_range.ts";
import {
  type FieldLine,
  fieldLine,
  type FieldSection,
  fieldSection,
  NO_FIELDS,
} from "../http/fields.ts";
import { encodeLatin1 } from "../http/grammar.ts";
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
import { acceptsSha256, reprDigest } from "../http/digest_fields.ts";

/** What decides the reply with a representation. */
export interface AskedHead extends Pick<RequestHead, "method" | "fields"> {
  /** If it is to be the page of an error: its status code. */
  readonly errorStatus?: number | undefined;
}

/** What tells the content of a representation from any other, as far as it is known. */
export interface Fingerprint {
  /** Strong (RFC 9110 §8.8.3). */
  readonly entityTag?: EntityTag | undefined;
  /** In hexadecimal digits. */
  readonly sha256?: string | undefined;
}

/** What is known of a representation before it is requested. */
export interface RepresentationFacts extends Fingerprint {
  readonly contentType: string;
  readonly coding: ContentCoding;
  /** Whether Accept-Encoding decides which representation is sent. */
  readonly isNegotiated: boolean;
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
const CONDITIONS_WITH_DIGEST = [...CONDITIONS, "want-repr-digest"];

/**
 * A file in one content coding, with its fields (RFC 9110 §8), and the replies to a GET or HEAD of
 * it: 200 with all of it, 206 with parts, 304, 412 or 416.
 */
export class Representation {
  readonly length: number;
  readonly #bytes: Uint8Array | ByteSource;
  readonly #contentType: string;
  /** The fields of an error whose page this is. */
  readonly #pageFields: FieldSection;
  readonly validators: Validators;
  /** The fields of a 200 or 206, but for Content-Type and the digest. */
  readonly fields: FieldSection;
  /** The fields of a 304, but for the digest. */
  readonly notModifiedFields: FieldSection;
  /** Repr-Digest, if the digest is known. */
  readonly #digest: FieldSection;
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
    const { entityTag, lastModified } = this.validators;
    const tag = optionalLine("ETag", entityTag && writeEntityTag(entityTag));
    const date = optionalLine("Last-Modified", dateOf(lastModified));
    const vary = optionalLine("Vary", facts.isNegotiated ? "Accept-Encoding" : undefined);
    const cache = [...vary, ...optionalLine("Cache-Control", cacheControl)];
    const nature = [
      ["X-Content-Type-Options", "nosniff"],
      ...optionalLine("Content-Encoding", facts.coding === "identity" ? undefined : facts.coding),
    ] as const;
    this.fields = fieldSection([
      ...tag,
      ...date,
      ...cache,
      ["Accept-Ranges", "bytes"],
      ...nature,
    ]);
    this.#pageFields = fieldSection([["Content-Type", facts.contentType], ...vary, ...nature]);
    // RFC 9110 §15.4.5: without what the client has in its cache, but for validators.
    this.notModifiedFields = fieldSection([...(tag.length > 0 ? tag : date), ...cache]);
    const { sha256 } = facts;
    this.#digest = sha256 === undefined ? NO_FIELDS : fieldLine("Repr-Digest", reprDigest(sha256));
    this.whole = this.#wholeReply(this.#digest);
  }

  /**
   * The reply to a GET or HEAD. Preconditions come before ranges (RFC 9110 §13.2.2). HEAD ignores
   * Range, which §14.2 defines for GET alone.
   *
   * @param epochMs called only if dates may matter
   * @returns a reply that closes the source; one that does not read it has closed it already
   */
  reply(head: AskedHead, epochMs: () => number): Reply {
    const { errorStatus } = head;
    if (errorStatus !== undefined) {
      return { ...this.whole, statusCode: errorStatus, headerSection: this.#pageFields };
    }
    for (const name of this.#digest === NO_FIELDS ? CONDITIONS : CONDITIONS_WITH_DIGEST) {
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
    const digest = acceptsSha256(fields.get("want-repr-digest")) ? this.#digest : NO_FIELDS;
    const result = evaluatePreconditions(fields, this.validators, epochSeconds);
    if (result === "notModified") {
      const headerSection = this.notModifiedFields + digest as FieldSection;
      return { statusCode: 304, headerSection, content: "" };
    }
    if (result === "failed") {
      return htmlReply(412, "The file does not match the request's preconditions.");
    }
    const isForParts = method === "GET" && rangeApplies(fields, this.validators, epochSeconds);
    const answer = byteRanges(isForParts ? fields.get("range") : undefined, this.length);
    if (answer.kind === "whole") {
      return digest === this.#digest ? this.whole : this.#wholeReply(digest);
    }
    if (answer.kind === "ranges") return this.#partialReply(answer.ranges, digest);
    const sentence = "The file has no bytes in the requested range.";
    return htmlReply(416, sentence, [["Content-Range", unsatisfiedRange(this.length)]]);
  }

  #wholeReply(digest: FieldSection): Reply {
    const bytes = this.#bytes;
    const last = this.length - 1;
    const contentType = fieldLine("Content-Type", this.#contentType);
    return {
      statusCode: 200,
      headerSection: contentType + this.fields + digest as FieldSection,
      content: bytes instanceof Uint8Array
        ? bytes
        : new RangeContent(bytes, last < 0 ? [] : [{ first: 0, last }]),
    };
  }

  /**
   * RFC 9110 §15.3.7. All fields of the 200 are sent, even with If-Range: it costs little, and
   * players of videos look for the media type.
   */
  #partialReply(ranges: readonly ByteRange[], digest: FieldSection): Reply {
    const fields = this.fields + digest as FieldSection;
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
      return { statusCode: 206, headerSection: fieldSection(lines, fields), content };
    }
    const parts = multipartByteRanges(ranges, { boundary: boundary(), contentType, length });
    const segments = parts.parts.flatMap(({ head, range }) => [encodeLatin1(head), range]);
    const source = bytes instanceof Uint8Array ? new MemoryBytes(bytes) : bytes;
    const content = new RangeContent(source, [...segments, encodeLatin1(parts.end)]);
    const headerSection = fieldSection([["Content-Type", parts.contentType]], fields);
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

/** No line for an undefined value. */
function optionalLine(fieldName: string, fieldValue: string | undefined): FieldLine[] {
  return fieldValue === undefined ? [] : [[fieldName, fieldValue]];
}

function dateOf(epochSeconds: number | undefined): string | undefined {
  return epochSeconds === undefined ? undefined : imfFixdate(epochSeconds * 1000);
}

/** 16 random bytes in hexadecimal digits. */
function boundary(): string {
  return crypto.getRandomValues(new Uint8Array(16)).toHex();
}
