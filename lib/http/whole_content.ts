import type { ResponseHead } from "./message.ts";

/** Successes of RFC 9110 §15.3 and others whose content is not that of the resource. */
const OTHER_SUCCESSES: ReadonlySet<number> = new Set([201, 202, 204, 205, 206, 207, 208, 226]);

/** RFC 9110 §14.4: `bytes first-last/complete-length`. */
const CONTENT_RANGE = /^bytes ([0-9]+)-([0-9]+)\/([0-9]+)$/i;

/** Which part of the content a 206 brings: first and last octet, and the length of the whole. */
export function contentRange({ fields }: ResponseHead):
  | { readonly first: number; readonly last: number; readonly total: number }
  | undefined {
  const [, first, last, total] = CONTENT_RANGE.exec(fields.get("content-range") ?? "") ?? [];
  if (total === undefined) return undefined;
  return { first: Number(first), last: Number(last), total: Number(total) };
}

/**
 * Whether an answer to a GET brings the whole content: 200; 203 (RFC 9110 §15.3.4); a 2xx that is not
 * known, which is to be taken for a 200 (§15); and a 206 whose part is all there is.
 */
export function isWhole(head: ResponseHead): boolean {
  const { statusCode } = head;
  if (statusCode === 206) {
    const range = contentRange(head);
    return range !== undefined && range.first === 0 && range.last + 1 === range.total;
  }
  return statusCode >= 200 && statusCode < 300 && !OTHER_SUCCESSES.has(statusCode);
}
