/**
 * The form of all replies of the admin side.
 *
 * @module
 */

import type { Reply } from "../../net/handler.ts";
import { type FieldLine, fieldSection } from "../../http/fields.ts";

/** Nothing but our own files runs in the page or is asked for by it. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const COMMON = fieldSection([
  ["Cache-Control", "no-store"],
  ["Content-Security-Policy", POLICY],
  ["Cross-Origin-Resource-Policy", "same-origin"],
  ["Referrer-Policy", "no-referrer"],
  ["X-Content-Type-Options", "nosniff"],
  ["X-Frame-Options", "DENY"],
]);

const encoder = new TextEncoder();

/**
 * A reply that no other site may show, read or keep.
 *
 * @param contentType its media type
 * @param content text is sent as UTF-8
 * @param fieldLines fields beside those of every reply
 * @throws {TypeError} as `fieldSection`
 */
export function adminReply(
  statusCode: number,
  contentType: string,
  content: string | Exclude<Reply["content"], string>,
  fieldLines: readonly FieldLine[] = [],
): Reply {
  const headerSection = fieldSection([["Content-Type", contentType], ...fieldLines], COMMON);
  const octets = typeof content === "string" ? encoder.encode(content) : content;
  return { statusCode, headerSection, content: octets };
}

/**
 * A reply of one line of text.
 *
 * @param sentence without the end of its line
 * @throws {TypeError} as `fieldSection`
 */
export function lineReply(
  statusCode: number,
  sentence: string,
  fieldLines: readonly FieldLine[] = [],
): Reply {
  return adminReply(statusCode, "text/plain; charset=utf-8", `${sentence}\n`, fieldLines);
}
