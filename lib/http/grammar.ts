/**
 * The character classes and patterns of HTTP/1.1, each under its ABNF, the text of bytes, and the
 * error for what breaks the grammar. Readers and writers share them, so that they cannot disagree.
 *
 * @module
 */

/** Carriage return. */
export const CR = 0x0d;
/** Line feed. */
export const LF = 0x0a;
/** `:`, which ends a field name. */
export const COLON = 0x3a;

/** 1 for each byte of the class, 0 for any other: `LINE_OCTET[byte]`. */
export type OctetClass = Uint8Array;

function octetClass(pattern: RegExp): OctetClass {
  return Uint8Array.from({ length: 256 }, (_, byte) => +pattern.test(String.fromCharCode(byte)));
}

/**
 * RFC 9110 §5.5: what may stand in a line of a head before its CRLF: `HTAB / SP / VCHAR /
 * obs-text`. Never CR, LF or NUL, which is what keeps one line from passing for two.
 */
export const LINE_OCTET: OctetClass = octetClass(/[\t\x20-\x7e\x80-\xff]/);

/** What a field line of a response may hold: control characters as well, but for CR, LF and NUL. */
export const LENIENT_LINE_OCTET: OctetClass = octetClass(/[^\0\r\n]/);

/** RFC 9110 §5.6.2: `tchar`, as the inside of a character class. */
const TCHAR = "!#$%&'*+\\-.^_`|~0-9A-Za-z";

/** RFC 9110 §5.6.2: `token = 1*tchar`, as the source of a pattern. */
export const TOKEN_SOURCE: string = `[${TCHAR}]+`;

/** RFC 9110 §5.6.4: `quoted-string`, as the source of a pattern; it captures nothing. */
export const QUOTED_STRING_SOURCE: string =
  '"(?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t \\x21-\\x7e\\x80-\\xff])*"';

/** RFC 9110 §5.6.2: `token = 1*tchar`. */
export const TOKEN: RegExp = new RegExp(`^${TOKEN_SOURCE}$`);

/** RFC 9112 §5: a field line up to its colon: `field-name ":"`. */
export const FIELD_NAME_AND_COLON: RegExp = new RegExp(`^${TOKEN_SOURCE}:`);

/** RFC 9110 §5.5: a field value that we write: visible ASCII, SP and HTAB, and no obs-text. */
export const WRITTEN_VALUE: RegExp = /^[\t\x20-\x7e]*$/;

/** RFC 9112 §2.3: `HTTP-version = HTTP-name "/" DIGIT "." DIGIT`, case-sensitive. */
export const HTTP_VERSION: RegExp = /^HTTP\/([0-9])\.([0-9])$/;

/** RFC 9112 §3.2: what a request-target of any form may hold: visible ASCII, and no fragment. */
export const REQUEST_TARGET: RegExp = /^[\x21\x22\x24-\x7e]+$/;

/** RFC 9110 §8.6: `Content-Length = 1*DIGIT`. */
export const DIGITS: RegExp = /^[0-9]+$/;

const REG_NAME = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/;
const IP_LITERAL = /^\[(?:[0-9A-Fa-f:.]+|v[0-9A-Fa-f]+\.[A-Za-z0-9\-._~!$&'()*+,;=:]+)\]$/;
const HOST_AND_PORT = /^(\[[^\]]*\]|[^:[\]]*)(?::([0-9]*))?$/;

/**
 * RFC 3986 §3.2.2 and §3.2.3: whether the text is `uri-host [ ":" port ]`, as in Host or in the
 * authority of an absolute-form target. An empty host is none: RFC 9110 §4.2.1 has it rejected.
 */
export function isHostAndPort(text: string): boolean {
  const [, host, port] = HOST_AND_PORT.exec(text) ?? [];
  if (host === undefined || (port && Number(port) > 65535)) return false;
  if (!host.startsWith("[")) return REG_NAME.test(host);
  return IP_LITERAL.test(host) && (host[1] === "v" || URL.canParse(`http://${host}/`));
}

/**
 * RFC 9112 §7.1.1: `chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )`,
 * the value a token or a quoted-string.
 */
export const CHUNK_EXT: RegExp = new RegExp(
  `^(?:[ \\t]*;[ \\t]*${TOKEN_SOURCE}` +
    `(?:[ \\t]*=[ \\t]*(?:${TOKEN_SOURCE}|${QUOTED_STRING_SOURCE}))?)*$`,
);

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * The text of `bytes[start]` up to, not including, `bytes[end]`: one character a byte. Native:
 * 0.1 us for a whole head, where `String.fromCharCode` takes 1.6. `node:buffer` would be as quick,
 * but loading it, or a timer of Node, took 5 ms of the 31 that a small download did.
 */
export function decodeLatin1(bytes: Uint8Array, start: number, end: number): string {
  const part = bytes.subarray(start, end);
  const text = decoder.decode(part);
  // Of bytes beyond ASCII, UTF-8 makes fewer characters, or U+FFFD where it is none.
  return text.length === part.length && !text.includes("\ufffd") ? text : decodeEach(part);
}

function decodeEach(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/**
 * The bytes of a text that has one byte a character.
 *
 * @throws {TypeError} when a character is above U+00FF
 */
export function encodeLatin1(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) throw new TypeError(`Cannot write a character above U+00FF: ${text[i]}`);
    bytes[i] = code;
  }
  return bytes;
}

/**
 * The same text in one piece of memory. One that was put together is copied together at each use:
 * without it a pipelined redirect takes 5 % longer.
 *
 * @param text one byte a character
 */
export function inOnePiece(text: string): string {
  return decodeLatin1(encodeLatin1(text), 0, text.length);
}

/**
 * The text without the OWS around it: `OWS = *( SP / HTAB )`, and nothing else (RFC 9110 §5.6.3).
 * A pattern for it would try each blank in the midst of the text as a beginning.
 */
export function trimOws(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isOws(text.charCodeAt(start))) start++;
  while (end > start && isOws(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isOws(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/**
 * A message that breaks the protocol or a limit. The parser never answers: a server
 * answers with `statusHint`, a client reports the message.
 */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";

  /** The status code that suits it when it was found in a request. */
  readonly statusHint: number;

  /**
   * For a reader to throw.
   *
   * @param message what is wrong, as a sentence that may be shown to the peer; quotes no input
   * @param statusHint 400 to 599
   */
  constructor(message: string, statusHint = 400) {
    super(message);
    this.statusHint = statusHint;
  }
}

/**
 * Host and port as URLs have them: an IPv6 address stands in brackets.
 *
 * @param hostname a name or an address, without brackets
 */
export function authorityOf(hostname: string, port: number): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}
