import { trimOws } from "./octets.ts";

/** A validator that is an opaque name of one representation (RFC 9110 §8.8.3). */
export interface EntityTag {
  /** Whether it promises only that the representations mean the same (RFC 9110 §8.8.1). */
  readonly isWeak: boolean;
  /** What stands between the quotes, one character an octet. Compared, never read. */
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

/** RFC 9110 §8.8.3.2, strong comparison: octet for octet the same representation data. */
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
