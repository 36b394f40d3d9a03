import {
  HeadReader,
  type HeadSyntax,
  type HttpVersion,
  LastSection,
  parseVersion,
} from "./message.ts";
import { parseContentRange } from "./byte_range.ts";
import { type Fields, type FieldSection, NO_FIELDS } from "./fields.ts";
import { ProtocolError } from "./grammar.ts";
import { LENIENT } from "./limits.ts";

/** RFC 9112 §4. */
export interface StatusLine {
  readonly httpVersion: HttpVersion;
  /** 100 to 999. */
  readonly statusCode: number;
  /** As received; may be empty. */
  readonly reasonPhrase: string;
}

/** Status line and header section (RFC 9112 §4, §5). */
export interface ResponseHead extends StatusLine {
  readonly fields: Fields;
}

/** A reader of response heads. */
export function responseHeadReader(): HeadReader<StatusLine, ResponseHead> {
  return new HeadReader(RESPONSE_SYNTAX);
}

const RESPONSE_SYNTAX: HeadSyntax<StatusLine, ResponseHead> = {
  startLine: parseStatusLine,
  hasEmptyLinesBefore: false,
  reading: LENIENT,
  head: (statusLine, fields) => ({ ...statusLine, fields }),
  last: new LastSection(),
};

/** RFC 9112 §4: `status-line = HTTP-version SP status-code SP [ reason-phrase ]`. */
function parseStatusLine(line: string): StatusLine {
  // Many servers omit the second SP together with the reason phrase, which is harmless.
  const [, version, statusCode, phrase] = /^(\S+) ([1-9][0-9]{2})(?: (.*))?$/.exec(line) ?? [];
  if (version === undefined) throw new ProtocolError("There is no status line.");
  const httpVersion = parseVersion(version);
  return { httpVersion, statusCode: Number(statusCode), reasonPhrase: phrase ?? "" };
}

/** Successes whose content is not that of the resource (RFC 9110 §15.3 and others). */
const OTHER_SUCCESSES: ReadonlySet<number> = new Set([201, 202, 204, 205, 206, 207, 208, 226]);

/**
 * Whether a response to GET brings the whole content: 200; 203 (RFC 9110 §15.3.4); an unknown 2xx, which
 * counts as 200 (§15); a 206 of everything.
 */
export function isWhole(head: ResponseHead): boolean {
  const { statusCode } = head;
  if (statusCode === 206) {
    const range = parseContentRange(head);
    return range !== undefined && range.first === 0 && range.last + 1 === range.total;
  }
  return statusCode >= 200 && statusCode < 300 && !OTHER_SUCCESSES.has(statusCode);
}

const REASON_PHRASES: Readonly<Record<number, string>> = {
  100: "Continue",
  101: "Switching Protocols",
  103: "Early Hints",
  200: "OK",
  201: "Created",
  202: "Accepted",
  203: "Non-Authoritative Information",
  204: "No Content",
  205: "Reset Content",
  206: "Partial Content",
  300: "Multiple Choices",
  301: "Moved Permanently",
  302: "Found",
  303: "See Other",
  304: "Not Modified",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  408: "Request Timeout",
  409: "Conflict",
  410: "Gone",
  411: "Length Required",
  412: "Precondition Failed",
  413: "Content Too Large",
  414: "URI Too Long",
  415: "Unsupported Media Type",
  416: "Range Not Satisfiable",
  417: "Expectation Failed",
  421: "Misdirected Request",
  426: "Upgrade Required",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
};

/** The reason phrase of a status code (RFC 9110 §15); empty if it is not known. */
export function reasonPhrase(statusCode: number): string {
  return REASON_PHRASES[statusCode] ?? "";
}

/** The text of a response head, in ASCII; always of HTTP/1.1, whatever the request (RFC 9110 §6.2). */
export function writeResponseHead(statusCode: number, section: FieldSection = NO_FIELDS): string {
  return `${statusLine(statusCode)}${section}\r\n`;
}

/** RFC 9112 §4, with its CRLF. */
function statusLine(statusCode: number): string {
  return statusLines[statusCode] ??= `HTTP/1.1 ${statusCode} ${reasonPhrase(statusCode)}\r\n`;
}

const statusLines: Record<number, string> = {};
