import type { Fields } from "./fields.ts";

/** The versions we speak. A higher minor version than 1.1 is answered as 1.1 (RFC 9110 §2.5). */
export type HttpVersion = "1.0" | "1.1";

/** Request line and header section (RFC 9112 §3, §5). */
export interface RequestHead {
  /** Case-sensitive token (RFC 9110 §9). */
  readonly method: string;
  /** As received, of any form (RFC 9112 §3.2): visible ASCII without a fragment. */
  readonly requestTarget: string;
  /** The highest that the client understands, as far as we do. */
  readonly httpVersion: HttpVersion;
  /** Its header section. */
  readonly fields: Fields;
}

/** Status line and header section (RFC 9112 §4, §5). */
export interface ResponseHead {
  /** The highest that the server understands, as far as we do. */
  readonly httpVersion: HttpVersion;
  /** 100 to 999. */
  readonly statusCode: number;
  /** As received; may be empty. */
  readonly reasonPhrase: string;
  /** Its header section. */
  readonly fields: Fields;
}

/** RFC 9112 §9.3: whether the connection may go on after this message. */
export function isPersistent(head: { httpVersion: HttpVersion; fields: Fields }): boolean {
  if (head.httpVersion === "1.1" && !head.fields.has("connection")) return true;
  const options = head.fields.tokens("connection");
  if (options.includes("close")) return false;
  return head.httpVersion === "1.1" || options.includes("keep-alive");
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

/** The reason phrase that goes with a status code (RFC 9110 §15); empty for one not known here. */
export function reasonPhrase(statusCode: number): string {
  return REASON_PHRASES[statusCode] ?? "";
}
