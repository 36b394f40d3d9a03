/**
 * The replies of admin pages.
 *
 * @module
 */

import { type FieldLine, fieldSection } from "../http/fields.ts";
import type { ContentSource, Reply } from "../net/handler.ts";

/** Allows only files of this server. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'self'",
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
 * A reply that no other site may embed, read or cache.
 *
 * @param content text is sent as UTF-8
 * @param fieldLines in addition to those of every reply
 * @throws {TypeError} as `fieldSection`
 */
export function adminReply(
  statusCode: number,
  contentType: string,
  content: string | Exclude<Reply["content"], string>,
  fieldLines: readonly FieldLine[] = [],
): Reply {
  const headerSection = fieldSection([["Content-Type", contentType], ...fieldLines], COMMON);
  const bytes = typeof content === "string" ? encoder.encode(content) : content;
  return { statusCode, headerSection, content: bytes };
}

/**
 * A reply of one line of text.
 *
 * @param sentence without the line feed
 * @throws {TypeError} as `fieldSection`
 */
export function lineReply(
  statusCode: number,
  sentence: string,
  fieldLines: readonly FieldLine[] = [],
): Reply {
  return adminReply(statusCode, "text/plain; charset=utf-8", `${sentence}\n`, fieldLines);
}

const NOTHING = new Uint8Array();

/** A text that is made while it is sent, so that a long one blocks no other request. */
export class TextPieces implements ContentSource {
  /** Unknown before the end. */
  readonly length: undefined = undefined;
  readonly #pieces: Iterator<string>;
  #rest: Uint8Array = NOTHING;

  /** @param pieces makes the next piece on demand */
  constructor(pieces: Iterator<string>) {
    this.#pieces = pieces;
  }

  /** As `ContentSource`: at most one piece at a time. */
  read(buffer: Uint8Array): number | null {
    while (this.#rest.length === 0) {
      const { value, done } = this.#pieces.next();
      if (done) return null;
      this.#rest = encoder.encode(value);
    }
    const part = this.#rest.subarray(0, buffer.length);
    buffer.set(part);
    this.#rest = this.#rest.subarray(part.length);
    return part.length;
  }

  /** As `ContentSource`. */
  close(): void {
    this.#pieces.return?.();
    this.#rest = NOTHING;
  }
}
