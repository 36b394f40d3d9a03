import type { Reply } from "../net/handler.ts";
import { imfFixdate } from "../http/http_date.ts";
import { type FieldLine, fieldLine, type FieldSection, fieldSection } from "../http/fields.ts";
import { type EntityTag, type Validators, writeEntityTag } from "../http/validators.ts";
import type { ContentCoding } from "../http/negotiation.ts";
import { tellsVersions } from "./modification_time.ts";
import { type Octets, RangeContent } from "./range_content.ts";

/** What is known of a representation before it is asked for. */
export interface RepresentationFacts {
  /** Its media type. */
  readonly contentType: string;
  /** The content coding that its octets have. */
  readonly coding: ContentCoding;
  /** Whether the client's Accept-Encoding chose it among others. */
  readonly isNegotiated: boolean;
  /** Its strong entity-tag, if it has one by now. */
  readonly entityTag: EntityTag | undefined;
  /** When it last changed, in ms since 1970, if that is known. */
  readonly modifiedMs: number | undefined;
}

/** What a file is as a response, in one coding (RFC 9110 §8), whatever part of it is asked for. */
export class Representation {
  /** Octets of the whole. */
  readonly length: number;
  /** Its media type. */
  readonly contentType: string;
  /** What preconditions are held against. */
  readonly validators: Validators;
  /** The octets: in memory, or to be read. */
  readonly octets: Uint8Array | Octets;
  /** The fields of a 200 or 206, but for Content-Type. */
  readonly fields: FieldSection;
  /** The fields of a 304. */
  readonly notModifiedFields: FieldSection;
  /** The 200 with all of it. */
  readonly whole: Reply;

  /**
   * Writes the fields.
   *
   * @param cacheControl the value of Cache-Control; none if undefined
   * @param epochMs now, in ms since 1970
   * @throws {TypeError} as `fieldSection`
   */
  constructor(
    octets: Uint8Array | Octets,
    facts: RepresentationFacts,
    cacheControl: string | undefined,
    epochMs: number,
  ) {
    this.octets = octets;
    this.length = octets instanceof Uint8Array ? octets.length : octets.size;
    this.contentType = facts.contentType;
    this.validators = validatorsOf(facts, epochMs);
    const tag = tagLines(this.validators);
    const date = dateLines(this.validators);
    const cache = cacheLines(facts, cacheControl);
    this.fields = fieldSection([...tag, ...date, ...cache, ...dataLines(facts)]);
    // RFC 9110 §15.4.5: what is in the client's cache already is left out, but for validators.
    this.notModifiedFields = fieldSection([...(tag.length > 0 ? tag : date), ...cache]);
    this.whole = {
      statusCode: 200,
      headerSection: fieldLine("Content-Type", facts.contentType) + this.fields as FieldSection,
      content: octets instanceof Uint8Array ? octets : wholeContent(octets),
    };
  }
}

/**
 * RFC 9110 §8.8.2.1: Last-Modified is never later than Date. What claims to be from the future is
 * as of now.
 */
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

function wholeContent(octets: Octets): RangeContent {
  const segments = octets.size === 0 ? [] : [{ first: 0, last: octets.size - 1 }];
  return new RangeContent(octets, segments);
}
