/**
 * What a handler gets and returns, and the small pages of status codes.
 *
 * @module
 */

import { escape } from "@std/html";
import {
  type FieldLine,
  fieldLine,
  type FieldSection,
  fieldSection,
  NO_FIELDS,
} from "../http/fields.ts";
import { inOnePiece } from "../http/grammar.ts";
import type { RequestHead } from "../http/request.ts";
import { reasonPhrase } from "../http/response.ts";

/** A request without its content. */
export interface Request {
  readonly head: RequestHead;
  /** Path and query, byte for byte as received, beginning with `/`. */
  readonly target: string;
  /** The client's address, without its port. */
  readonly client: string;
  /** Whether a trusted proxy tells that the client used https. */
  readonly isSecure?: boolean;
}

/** Decides the reply to a request. It writes nothing; an error that it throws is a bug: 500. */
export type Handler = (request: Request) => Reply | Promise<Reply>;

/** Content that is read piece by piece while it is sent, such as an open file. */
export interface ContentSource {
  /** In bytes; undefined if it is not known before the end. */
  readonly length: number | undefined;
  /** Whether it waits for events: then each piece is sent before the next is read. */
  readonly isLive?: boolean;
  /** Fills a buffer with the next bytes; their number, or null at the end. */
  read(buffer: Uint8Array): number | null | Promise<number | null>;
  /** Called once, whether or not the content was read. */
  close(): void;
}

/**
 * The reply of a handler. The response writer adds Date, framing fields and Connection, and omits the
 * content if the response must have none.
 */
export interface Reply {
  /** 200 to 599. */
  readonly statusCode: number;
  readonly headerSection: FieldSection;
  /** Text is in ASCII. */
  readonly content: string | Uint8Array | ContentSource;
  /** A word for the access log. */
  readonly annotation?: string | undefined;
}

/** The media type of our pages. */
const PAGE_TYPE = "text/html; charset=utf-8";

/** A reply whose content is text. */
export type TextReply = Reply & { readonly content: string };

/**
 * A reply with a small page for people.
 *
 * @param sentence plain text
 * @param fieldLines besides Content-Type
 * @throws {TypeError} as `fieldSection`
 */
export function htmlReply(
  statusCode: number,
  sentence: string,
  fieldLines: readonly FieldLine[] = [],
): TextReply {
  const title = escapeHtml(`${statusCode} ${reasonPhrase(statusCode)}`);
  const content = `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<h1>${title}</h1>
<p>${escapeHtml(sentence)}</p>
</html>
`;
  const headerSection = fieldSection([["Content-Type", PAGE_TYPE], ...fieldLines]);
  return { statusCode, headerSection, content };
}

/** Visible ASCII that is not allowed in URIs (RFC 3986 §2), but occurs in request-targets. */
const NOT_IN_URI = /["<>\\^`{|}]/;
const ALL_NOT_IN_URI = new RegExp(NOT_IN_URI, "g");

/** Visible ASCII that needs no escape in a URI, a field or HTML. */
const PLAIN_URI = /^[\x21\x23-\x25\x28-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]*$/;

/** How many bases of redirects are kept prepared. */
const MOST_BASES = 10_000;

/** A redirect up to the part of its location that differs. */
interface RedirectStart {
  readonly headerSection: string;
  readonly content: string;
}

/**
 * Prepared redirects with one status code (RFC 9110 §15.4). The preparation saves half the cost of a
 * redirect beside its system calls.
 */
export class Redirect {
  readonly #statusCode: number;
  readonly #headerSection: FieldSection;
  readonly #beforeLink: string;
  readonly #behindLink: string;
  readonly #starts = new Map<string, RedirectStart>();

  /**
   * @param linkText plain text for the page
   * @param fieldLines besides Location and Content-Type
   * @throws {TypeError} as `fieldSection`
   */
  constructor(statusCode: number, linkText: string, fieldLines: readonly FieldLine[] = []) {
    this.#statusCode = statusCode;
    this.#headerSection = fieldSection([["Content-Type", PAGE_TYPE], ...fieldLines]);
    // Shorter than other pages: it is sent most often, and mostly to programs.
    const title = escapeHtml(`${statusCode} ${reasonPhrase(statusCode)}`);
    this.#beforeLink = `<!DOCTYPE html>\n<title>${title}</title>\n<p><a href="`;
    this.#behindLink = `">${escapeHtml(linkText)}</a></p>\n`;
  }

  /**
   * A redirect to `base + rest`, which is percent-encoded where a URI requires it.
   *
   * @param base scheme and host, the same in many redirects
   * @param more further fields
   * @throws {TypeError} if it could end the field line
   */
  to(base: string, rest: string, more: FieldSection = NO_FIELDS): TextReply {
    const start = this.#starts.get(base) ?? this.#prepare(base);
    const isPlain = PLAIN_URI.test(rest);
    const location = isPlain
      ? `${rest}\r\n`
      : fieldLine("Location", uriOf(rest)).slice(LOCATION.length);
    return {
      statusCode: this.#statusCode,
      headerSection: start.headerSection + location + more as FieldSection,
      content: start.content + (isPlain ? rest : escapeHtml(rest)) + this.#behindLink,
    };
  }

  #prepare(base: string): RedirectStart {
    const location = fieldLine("Location", uriOf(base)).slice(0, -"\r\n".length);
    const start = {
      headerSection: inOnePiece(this.#headerSection + location),
      content: inOnePiece(this.#beforeLink + escapeHtml(base)),
    };
    if (this.#starts.size === MOST_BASES) this.#starts.clear();
    this.#starts.set(base, start);
    return start;
  }
}

const LOCATION = "Location: ";

/** A location as a URI: what no URI may hold is percent-encoded. */
export function uriOf(location: string): string {
  if (!NOT_IN_URI.test(location)) return location;
  return location.replace(
    ALL_NOT_IN_URI,
    (it) => `%${it.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** ASCII without `"&'<>`, which have a meaning in HTML. */
const PLAIN = /^[\x20\x21\x23-\x25\x28-\x3b\x3d\x3f-\x7e]*$/;

/** Text for a page or a quoted attribute; what is not ASCII becomes a character reference. */
export function escapeHtml(text: string): string {
  if (PLAIN.test(text)) return text;
  return escape(text).replace(/[\u{80}-\u{10ffff}]/gu, (it) => `&#${it.codePointAt(0)};`);
}

const ALLOW = "GET, HEAD, OPTIONS";

/** The methods of RFC 9110 §9 and RFC 5789. */
const KNOWN_METHODS: ReadonlySet<string> = new Set([
  ...["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"],
]);

/**
 * The reply to any method but GET and HEAD: 501 for an unknown one (RFC 9110 §9.1), 204 with Allow for
 * OPTIONS (§9.3.7), 405 with Allow for others (§15.5.6).
 */
export function replyToMethod({ head: { method } }: Request): Reply | undefined {
  if (method === "GET" || method === "HEAD") return undefined;
  if (method === "OPTIONS") {
    return { statusCode: 204, headerSection: fieldLine("Allow", ALLOW), content: "" };
  }
  if (!KNOWN_METHODS.has(method)) {
    return htmlReply(501, "This method is not known here.", [["Allow", ALLOW]]);
  }
  return htmlReply(405, "Only GET, HEAD and OPTIONS are answered here.", [["Allow", ALLOW]]);
}
