/**
 * Entity-tags and modification times, and the preconditions that compare them (RFC 9110 §8.8, §13).
 *
 * @module
 */

import type { Fields } from "./fields.ts";
import { trimOws } from "./grammar.ts";
import { parseHttpDate } from "./http_date.ts";

/** A validator that is an opaque name of one representation (RFC 9110 §8.8.3). */
export interface EntityTag {
  /** Whether it promises only that the representations mean the same (RFC 9110 §8.8.1). */
  readonly isWeak: boolean;
  /** What stands between the quotes, one character a byte. Compared, never read. */
  readonly opaque: string;
}

/** RFC 9110 §8.8.3: `entity-tag = [ %s"W/" ] DQUOTE *etagc DQUOTE`. A comma is an etagc, SP is not. */
const ENTITY_TAG = /^(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"$/;

/** One member of `#entity-tag`, or an empty one, up to its comma or the end of the list. */
const MEMBER = /[ \t]*(?:((?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")[ \t]*)?(?:,|$)/y;

/** What we write: no obs-text, and no backslash, which some take for an escape (RFC 9110 §8.8.3). */
const WRITTEN_OPAQUE = /^[\x21\x23-\x5b\x5d-\x7e]*$/;

/** The entity-tag that all of the text is, as in ETag or If-Range; undefined if it is none. */
export function parseEntityTag(text: string): EntityTag | undefined {
  const [, weak, opaque] = ENTITY_TAG.exec(text) ?? [];
  return opaque === undefined ? undefined : { isWeak: weak !== undefined, opaque };
}

/**
 * The value of If-Match or If-None-Match: `"*" / #entity-tag` (RFC 9110 §13.1.1, §13.1.2).
 *
 * What is no entity-tag, a `*` beside others among it, is passed over up to the next comma, and so
 * matches nothing: If-Match then fails and If-None-Match has the content sent, which is the safe end
 * of both. The RFC leaves it open; nginx does the same.
 */
export function parseEntityTags(fieldValue: string): "*" | readonly EntityTag[] {
  if (trimOws(fieldValue) === "*") return "*";
  const entityTags: EntityTag[] = [];
  for (let start = 0; start < fieldValue.length;) {
    MEMBER.lastIndex = start;
    const member = MEMBER.exec(fieldValue);
    if (member === null) {
      const comma = fieldValue.indexOf(",", start);
      if (comma === -1) break;
      start = comma + 1;
      continue;
    }
    if (member[1] !== undefined) entityTags.push(parseEntityTag(member[1])!);
    start = MEMBER.lastIndex;
  }
  return entityTags;
}

/** RFC 9110 §8.8.3.2, strong comparison: byte for byte the same representation data. */
export function isStrongMatch(one: EntityTag, other: EntityTag): boolean {
  return !one.isWeak && !other.isWeak && one.opaque === other.opaque;
}

/** RFC 9110 §8.8.3.2, weak comparison: good enough for a cache. */
export function isWeakMatch(one: EntityTag, other: EntityTag): boolean {
  return one.opaque === other.opaque;
}

/**
 * The entity-tag as a field value; ASCII.
 *
 * @throws {TypeError} when it holds a quote, a backslash, or anything outside visible ASCII
 */
export function writeEntityTag({ isWeak, opaque }: EntityTag): string {
  if (!WRITTEN_OPAQUE.test(opaque)) {
    throw new TypeError(`Cannot write this entity-tag: ${JSON.stringify(opaque)}`);
  }
  return `${isWeak ? "W/" : ""}"${opaque}"`;
}

/** What the selected representation is known by (RFC 9110 §8.8), as its response will say it. */
export interface Validators {
  /** Its ETag. */
  readonly entityTag?: EntityTag;
  /** Its Last-Modified: whole seconds since 1970. */
  readonly lastModified?: number;
}

/** `none` lets the request be answered as it is, `notModified` is 304, `failed` is 412. */
export type PreconditionResult = "none" | "notModified" | "failed";

/**
 * Evaluates the preconditions of a GET or HEAD, in the order of RFC 9110 §13.2.2. If-Range is step
 * 5, and has its own function. To be asked only when the answer would otherwise be a 200 (§13.2.1).
 *
 * A date that is no HTTP-date is ignored, as it has to be (§13.1.3, §13.1.4), and so is any date
 * where the representation has no Last-Modified.
 *
 * @param epochSeconds the present
 */
export function evaluatePreconditions(
  fields: Fields,
  validators: Validators,
  epochSeconds: number,
): PreconditionResult {
  const { entityTag, lastModified } = validators;
  const ifMatch = fields.get("if-match");
  if (ifMatch !== undefined) { // 1
    if (!isListed(ifMatch, entityTag, isStrongMatch)) return "failed";
  } else { // 2
    const date = dateOf(fields, "if-unmodified-since", epochSeconds);
    if (date !== undefined && lastModified !== undefined && lastModified > date) return "failed";
  }
  const ifNoneMatch = fields.get("if-none-match");
  if (ifNoneMatch !== undefined) { // 3
    return isListed(ifNoneMatch, entityTag, isWeakMatch) ? "notModified" : "none";
  }
  const date = dateOf(fields, "if-modified-since", epochSeconds); // 4
  if (date === undefined || lastModified === undefined) return "none";
  return lastModified <= date ? "notModified" : "none";
}

/**
 * RFC 9110 §13.1.5: whether a Range may be followed; if not, the whole is to be sent. True without
 * If-Range.
 *
 * A date has to be Last-Modified to the second, and that second to be over: before, the file may
 * change once more without it showing (§8.8.2.2). What is neither an entity-tag nor a date matches
 * nothing.
 *
 * @param epochSeconds the present
 */
export function rangeApplies(
  fields: Fields,
  validators: Validators,
  epochSeconds: number,
): boolean {
  const { entityTag, lastModified } = validators;
  const ifRange = fields.get("if-range");
  if (ifRange === undefined) return true;
  // The RFC's own way to tell them apart.
  if (ifRange.slice(0, 3).includes('"')) {
    const given = parseEntityTag(ifRange);
    return given !== undefined && entityTag !== undefined && isStrongMatch(given, entityTag);
  }
  if (lastModified === undefined || Math.floor(epochSeconds) <= lastModified) return false;
  return parseHttpDate(ifRange, epochSeconds) === lastModified;
}

/** Whether the field names the representation. `*` always does, since there is one. */
function isListed(
  fieldValue: string,
  entityTag: EntityTag | undefined,
  isMatch: (one: EntityTag, other: EntityTag) => boolean,
): boolean {
  const listed = parseEntityTags(fieldValue);
  if (listed === "*") return true;
  return entityTag !== undefined && listed.some((it) => isMatch(it, entityTag));
}

function dateOf(fields: Fields, lowerCaseName: string, epochSeconds: number): number | undefined {
  const fieldValue = fields.get(lowerCaseName);
  return fieldValue === undefined ? undefined : parseHttpDate(fieldValue, epochSeconds);
}
