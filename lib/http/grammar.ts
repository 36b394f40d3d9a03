/**
 * The character classes and patterns of HTTP/1.1, each under its ABNF. Everything that judges an
 * octet or a piece of text looks here, so that readers and writers cannot disagree.
 *
 * @module
 */

/** Carriage return. */
export const CR = 0x0d;
/** Line feed. */
export const LF = 0x0a;
/** Space. */
export const SP = 0x20;
/** Horizontal tab. */
export const HTAB = 0x09;
/** `:`, which ends a field name. */
export const COLON = 0x3a;

/** 1 for each octet of the class, 0 for any other: `TCHAR[octet]`. */
export type OctetClass = Uint8Array;

function octetClass(pattern: RegExp): OctetClass {
  return Uint8Array.from({ length: 256 }, (_, octet) => +pattern.test(String.fromCharCode(octet)));
}

/** RFC 9110 §5.6.2: the octets of a `token`, such as a method or a field name. */
export const TCHAR: OctetClass = octetClass(/[!#$%&'*+\-.^_`|~0-9A-Za-z]/);

/** RFC 9112 §3.2: what a request-target of any form may hold: visible ASCII, and no fragment. */
export const TARGET_OCTET: OctetClass = octetClass(/[\x21\x22\x24-\x7e]/);

/**
 * RFC 9110 §5.5: what may stand in a line of a head before its CRLF: `HTAB / SP / VCHAR /
 * obs-text`. Never CR, LF or NUL, which is what keeps one line from passing for two.
 */
export const LINE_OCTET: OctetClass = octetClass(/[\t\x20-\x7e\x80-\xff]/);

/** What a line of a response may hold: control characters as well, but for CR, LF and NUL. */
export const LENIENT_LINE_OCTET: OctetClass = octetClass(/[^\0\r\n]/);

/** RFC 9110 §5.6.2: `token = 1*tchar`. */
export const TOKEN: RegExp = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** RFC 9110 §5.5: a field value that we write: visible ASCII, SP and HTAB, and no obs-text. */
export const WRITTEN_VALUE: RegExp = /^[\t\x20-\x7e]*$/;

/** RFC 9112 §2.3: `HTTP-version = HTTP-name "/" DIGIT "." DIGIT`, case-sensitive. */
export const HTTP_VERSION: RegExp = /^HTTP\/([0-9])\.([0-9])$/;

/** RFC 9112 §3.2: a request-target as text: see `TARGET_OCTET`. */
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
export const CHUNK_EXT: RegExp =
  /^(?:[ \t]*;[ \t]*[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:[ \t]*=[ \t]*(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+|"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*"))?)*$/;
