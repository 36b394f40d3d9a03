import { parseHttpDate } from "../http/http_date.ts";
import type { Fields } from "../http/fields.ts";

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
