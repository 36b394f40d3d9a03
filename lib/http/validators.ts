/**
 * Validators and the preconditions that compare them (RFC 9110 §8.8, §13).
 *
 * @module
 */

import type { Fields } from "./fields.ts";
import { trimOws } from "./grammar.ts";
import { parseHttpDate } from "./http_date.ts";

/** RFC 9110 §8.8.3. */
export interface EntityTag {
  readonly isWeak: boolean;
  /** The text between the quotes, one character a byte. */
  readonly opaque: string;
}

/** `entity-tag = [ %s"W/" ] DQUOTE *etagc DQUOTE` (RFC 9110 §8.8.3). A comma is an etagc, SP is not. */
const ENTITY_TAG = /^(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"$/;

/** A member of `#entity-tag`, possibly empty, up to a comma or the end. */
const MEMBER = /[ \t]*(?:((?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")[ \t]*)?(?:,|$)/y;

/** What we write: no obs-text, and no backslash, which may count as an escape (RFC 9110 §8.8.3). */
const WRITTEN_OPAQUE = /^[\x21\x23-\x5b\x5d-\x7e]*$/;

/** A single entity-tag, as in ETag or If-Range; undefined for anything else. */
export function parseEntityTag(text: string): EntityTag | undefined {
  const [, weak, opaque] = ENTITY_TAG.exec(text) ?? [];
  return opaque === undefined ? undefined : { isWeak: weak !== undefined, opaque };
}

/**
 * The value of If-Match or If-None-Match: `"*" / #entity-tag` (RFC 9110 §13.1.1, §13.1.2).
 *
 * Other members, such as a `*` beside tags, are skipped up to the next comma. They match nothing, which
 * is safe: If-Match fails, and with If-None-Match the content is sent. The RFC leaves it open; nginx
 * does the same.
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

/** Strong comparison: byte for byte the same representation (RFC 9110 §8.8.3.2). */
export function isStrongMatch(one: EntityTag, other: EntityTag): boolean {
  return !one.isWeak && !other.isWeak && one.opaque === other.opaque;
}

/** Weak comparison, as for caches (RFC 9110 §8.8.3.2). */
export function isWeakMatch(one: EntityTag, other: EntityTag): boolean {
  return one.opaque === other.opaque;
}

/**
 * The entity-tag as a field value, in ASCII.
 *
 * @throws {TypeError} if it contains a quote, a backslash, or anything outside visible ASCII
 */
export function writeEntityTag({ isWeak, opaque }: EntityTag): string {
  if (!WRITTEN_OPAQUE.test(opaque)) {
    throw new TypeError(`Cannot write this entity-tag: ${JSON.stringify(opaque)}`);
  }
  return `${isWeak ? "W/" : ""}"${opaque}"`;
}

/** ETag and Last-Modified of the selected representation (RFC 9110 §8.8). */
export interface Validators {
  readonly entityTag?: EntityTag;
  /** Whole seconds since 1970. */
  readonly lastModified?: number;
}

/** `notModified` is 304, `failed` is 412, `none` neither. */
export type PreconditionResult = "none" | "notModified" | "failed";

/**
 * Evaluates the preconditions of a GET or HEAD that would otherwise be answered 200 (§13.2.1), in the
 * order of RFC 9110 §13.2.2. Its step 5, If-Range, is `rangeApplies`. An invalid date is ignored
 * (§13.1.3, §13.1.4), and so is any date if the representation has no Last-Modified.
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
 * Whether If-Range lets a Range apply (RFC 9110 §13.1.5); true without If-Range.
 *
 * A date must equal Last-Modified, and its second must be over: until then the file may change again
 * with the same date (§8.8.2.2). What is neither an entity-tag nor a date matches nothing.
 */
export function rangeApplies(
  fields: Fields,
  validators: Validators,
  epochSeconds: number,
): boolean {
  const { entityTag, lastModified } = validators;
  const ifRange = fields.get("if-range");
  if (ifRange === undefined) return true;
  // This distinction is the RFC's.
  if (ifRange.slice(0, 3).includes('"')) {
    const given = parseEntityTag(ifRange);
    return given !== undefined && entityTag !== undefined && isStrongMatch(given, entityTag);
  }
  if (lastModified === undefined || Math.floor(epochSeconds) <= lastModified) return false;
  return parseHttpDate(ifRange, epochSeconds) === lastModified;
}

/** Whether the field matches the representation; `*` always does. */
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
