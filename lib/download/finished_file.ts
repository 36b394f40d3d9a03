import { parseHttpDate } from "../http/http_date.ts";
import type { Fields } from "../http/fields.ts";
import { equalLength } from "../http/body.ts";
import type { Algorithm } from "../http/digest_fields.ts";

/** A file that stands under its name, whole as far as we know, but perhaps of something else. */
export interface FinishedFile {
  /** In octets. */
  readonly size: number;
  /** In seconds since 1970. */
  readonly modifiedAt: number;
  /** Its digest, in hexadecimal digits. */
  readonly digest: (algorithm: Algorithm) => Promise<string>;
}

/**
 * Whether the head of a 200 shows that the content is that of a file: by Repr-Digest, or else by
 * its length and time. A download gives its file the time of the content, which nothing else is
 * likely to have to the second.
 *
 * @param now seconds since 1970
 */
export async function isSameFile(
  file: FinishedFile,
  fields: Fields,
  now: number,
): Promise<boolean> {
  if (lengthOf(fields) !== file.size) return false;
  const { digestOf } = await import("../http/digest_fields.ts");
  const digest = digestOf(fields, "repr-digest");
  if (digest !== undefined) return await file.digest(digest.algorithm) === digest.hex;
  return modifiedAt(fields, now) === Math.floor(file.modifiedAt);
}

/** The length that is said; undefined when none is. */
function lengthOf(fields: Fields): number | undefined {
  try {
    return equalLength(fields);
  } catch {
    return undefined;
  }
}

/**
 * When the content was last changed (RFC 9110 §8.8.2).
 *
 * @param now seconds since 1970
 * @returns the same; undefined when it is not given, or later than the Date of its answer
 */
export function modifiedAt(fields: Fields, now: number): number | undefined {
  const date = parseHttpDate(fields.get("last-modified") ?? "", now);
  return date !== undefined && date <= answerDate(fields, now) ? date : undefined;
}

/**
 * What time it was when an answer was made, by the clock that made the other times in it: its Date
 * (RFC 9110 §6.6.1), whatever our own clock says; our own where it has none that can be read.
 *
 * @param now seconds since 1970
 * @returns the same
 */
export function answerDate(fields: Fields, now: number): number {
  return parseHttpDate(fields.get("date") ?? "", now) ?? now;
}
