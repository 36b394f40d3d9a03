import {
  type EntityTag,
  isStrongMatch,
  isWeakMatch,
  parseEntityTag,
  parseEntityTags,
} from "./entity_tag.ts";
import type { Fields } from "./fields.ts";
import { parseHttpDate } from "./http_date.ts";

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
 * @param now seconds since 1970
 */
export function evaluatePreconditions(
  fields: Fields,
  validators: Validators,
  now: number,
): PreconditionResult {
  const { entityTag, lastModified } = validators;
  const ifMatch = fields.get("if-match");
  if (ifMatch !== undefined) { // 1
    if (!isListed(ifMatch, entityTag, isStrongMatch)) return "failed";
  } else { // 2
    const date = dateOf(fields, "if-unmodified-since", now);
    if (date !== undefined && lastModified !== undefined && lastModified > date) return "failed";
  }
  const ifNoneMatch = fields.get("if-none-match");
  if (ifNoneMatch !== undefined) { // 3
    return isListed(ifNoneMatch, entityTag, isWeakMatch) ? "notModified" : "none";
  }
  const date = dateOf(fields, "if-modified-since", now); // 4
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
 * @param now seconds since 1970
 */
export function rangeApplies(fields: Fields, validators: Validators, now: number): boolean {
  const { entityTag, lastModified } = validators;
  const ifRange = fields.get("if-range");
  if (ifRange === undefined) return true;
  // The RFC's own way to tell them apart.
  if (ifRange.slice(0, 3).includes('"')) {
    const given = parseEntityTag(ifRange);
    return given !== undefined && entityTag !== undefined && isStrongMatch(given, entityTag);
  }
  if (lastModified === undefined || Math.floor(now) <= lastModified) return false;
  return parseHttpDate(ifRange, now) === lastModified;
}

/** Whether the field names the representation. `*` does: there is one, or nobody would ask. */
function isListed(
  fieldValue: string,
  entityTag: EntityTag | undefined,
  isMatch: (one: EntityTag, other: EntityTag) => boolean,
): boolean {
  const listed = parseEntityTags(fieldValue);
  if (listed === "*") return true;
  return entityTag !== undefined && listed.some((it) => isMatch(it, entityTag));
}

function dateOf(fields: Fields, lowerCaseName: string, now: number): number | undefined {
  const fieldValue = fields.get(lowerCaseName);
  return fieldValue === undefined ? undefined : parseHttpDate(fieldValue, now);
}
