/**
 * When to try again, and how long to wait before it. Pure: time and chance are arguments.
 *
 * @module
 */

import { parseHttpDate } from "../http/http_date.ts";
import type { Fields } from "../http/fields.ts";
import { answerDate } from "./finished_file.ts";
import type { TryError } from "./download_error.ts";

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 30_000;

/** More is not waited for, whatever a server asks. */
export const LONGEST_RETRY_AFTER_MS = 60_000;

/**
 * The pause before another try: twice as long each time, and somewhere between half of that and all,
 * so that many clients that failed together do not come back together. A server that lacks the file
 * or refuses it has no need of rest: then it does not grow.
 *
 * @param error how the last try failed
 * @param failures how many failures in a row of that server it was
 * @param random from 0 up to 1
 * @returns in ms
 */
export function pauseMs({ details }: TryError, failures: number, random: number): number {
  const { statusCode = 500 } = details;
  const needsRest = statusCode >= 500 || statusCode === 408 || statusCode === 429;
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (needsRest ? failures - 1 : 0));
  return Math.round(longest * (0.5 + random / 2));
}

/** What a person is told when a wait begins that a server asked for. */
export function restNotice(server: string, ms: number): string {
  return `${server} asks to wait ${secondsText(ms)}: trying again then`;
}

/** A time for people, such as `6 s` or `0.2 s`. */
export function secondsText(ms: number): string {
  return `${Number((ms / 1000).toFixed(1))} s`;
}

/**
 * How long an answer asks to wait by Retry-After: `HTTP-date / delay-seconds` (RFC 9110 §10.2.3), up
 * to 60 s.
 *
 * @param fields of the answer; undefined where there was none
 * @param now seconds since 1970
 * @returns in ms; undefined when it says nothing
 */
export function retryAfterMs(fields: Fields | undefined, now: number): number | undefined {
  const fieldValue = fields?.get("retry-after");
  if (fields === undefined || fieldValue === undefined) return undefined;
  const isCount = /^[0-9]+$/.test(fieldValue);
  const seconds = isCount ? Number(fieldValue) : secondsUntil(fieldValue, answerDate(fields, now));
  if (seconds === undefined) return undefined;
  return Math.min(LONGEST_RETRY_AFTER_MS, Math.max(0, seconds * 1000));
}

function secondsUntil(date: string, now: number): number | undefined {
  const then = parseHttpDate(date, now);
  return then === undefined ? undefined : then - now;
}

/**
 * Whether another try may end better. Behind a redirect another server may be picked. Who was asked
 * directly will be asked again, so only what passes is worth it: a connection that failed, and the
 * answers 408, 429 and 5xx (RFC 9110 §15.5.9, §15.6; RFC 6585 §4).
 *
 * @param isDirect whether the server that failed is the one in the URL as typed
 */
export function isWorthRetry(error: TryError, isDirect: boolean): boolean {
  const { statusCode, isFinal, isOfRange = false } = error.details;
  if (isFinal !== undefined) return !isFinal;
  if (!isDirect || isOfRange || error.failure === "network") return true;
  return statusCode !== undefined &&
    (statusCode === 408 || statusCode === 429 || statusCode >= 500);
}
