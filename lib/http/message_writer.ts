import { type FieldSection, fieldSection, NO_FIELDS } from "./field_section.ts";
import type { FieldLine } from "./fields.ts";
import { REQUEST_TARGET, TOKEN } from "./grammar.ts";
import { reasonPhrase } from "./message.ts";
import { encodeOctets } from "./octets.ts";

/**
 * The text of a request head, always of HTTP/1.1; ASCII, so that each character is an octet.
 *
 * @throws {TypeError} when a part holds what it may not: nothing that we write ends a line early
 */
export function writeRequestHead(
  method: string,
  requestTarget: string,
  fieldLines: Iterable<FieldLine>,
): string {
  if (!TOKEN.test(method)) throw new TypeError(`Cannot write the method "${method}"`);
  if (!REQUEST_TARGET.test(requestTarget)) {
    throw new TypeError(`Cannot write the request-target "${requestTarget}"`);
  }
  return `${method} ${requestTarget} HTTP/1.1\r\n${fieldSection(fieldLines)}\r\n`;
}

/**
 * The text of a response head, always of HTTP/1.1 (RFC 9110 §6.2: the version is ours, not that of
 * the request); ASCII.
 *
 * @param statusCode 100 to 999; the reason phrase is chosen by it
 * @param section its field lines
 */
export function writeResponseHead(statusCode: number, section: FieldSection = NO_FIELDS): string {
  return `${statusLine(statusCode)}${section}\r\n`;
}

/** RFC 9112 §4, with its CRLF; each is written once. */
function statusLine(statusCode: number): string {
  return statusLines[statusCode] ??= `HTTP/1.1 ${statusCode} ${reasonPhrase(statusCode)}\r\n`;
}

const statusLines: Record<number, string> = {};

/** The last-chunk and an empty trailer section (RFC 9112 §7.1): the end of a chunked body. */
export const LAST_CHUNK: Uint8Array<ArrayBuffer> = encodeOctets("0\r\n\r\n");

/**
 * One chunk (RFC 9112 §7.1).
 *
 * @param chunkData at least one octet: an empty chunk would end the body
 * @throws {TypeError} when it is empty
 */
export function writeChunk(chunkData: Uint8Array): Uint8Array<ArrayBuffer> {
  if (chunkData.length === 0) throw new TypeError("Cannot write an empty chunk");
  const chunkSize = encodeOctets(`${chunkData.length.toString(16)}\r\n`);
  const chunk = new Uint8Array(chunkSize.length + chunkData.length + 2);
  chunk.set(chunkSize);
  chunk.set(chunkData, chunkSize.length);
  chunk.set(LAST_CHUNK.subarray(-2), chunk.length - 2);
  return chunk;
}
