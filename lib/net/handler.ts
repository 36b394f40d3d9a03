/**
 * What a handler is asked and what it answers, and the small pages that go with a status code.
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

/** A request as a handler sees it. */
export interface Request {
  /** Its head; the content, if there was any, is not kept. */
  readonly head: RequestHead;
  /** Path and query, byte for byte as they came, beginning with `/`. */
  readonly target: string;
  /** The client's address, without its port. */
  readonly client: string;
}

/** Decides what a request is answered. It writes nothing, and what it throws is a bug: 500. */
export type Handler = (request: Request) => Reply | Promise<Reply>;

/** Content that is read piece by piece while it is sent, such as an open file. */
export interface ContentSource {
  /** How many octets there are; undefined when that is not known before the end. */
  readonly length: number | undefined;
  /** Whether it waits for what happens: then all that it gave is sent before it is read again. */
  readonly isLive?: boolean;
  /**
   * Fills a buffer with the next octets of the content.
   *
   * @returns how many it gave, or null at the end; at once when there is nothing to wait for
   */
  read(buffer: Uint8Array): number | null | Promise<number | null>;
  /** Frees what it holds. Called once, whether or not the content was read. */
  close(): void;
}

/**
 * The reply of a handler. The writer adds Date, the framing fields and Connection, and leaves the
 * content out where a response has none.
 */
export interface Reply {
  /** 200 to 599. */
  readonly statusCode: number;
  /** The fields that are the handler's to know. */
  readonly headerSection: FieldSection;
  /** The whole of it, as octets or as text in ASCII, or what to read it from. */
  readonly content: string | Uint8Array | ContentSource;
  /** What the access log is to tell beside: one word, or undefined for nothing. */
  readonly annotation?: string | undefined;
}

/** The media type of our pages. */
const PAGE_TYPE = "text/html; charset=utf-8";

/** A reply whose content is text. */
export type TextReply = Reply & { readonly content: string };

/**
 * A reply with a small page that a person can read.
 *
 * @param statusCode names the page, with its reason phrase
 * @param sentence what there is to say; plain text, escaped here
 * @param fieldLines fields beside Content-Type
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

/** Visible ASCII that no URI may hold (RFC 3986 §2), but which clients send in request-targets. */
const NOT_IN_URI = /["<>\\^`{|}]/;
const ALL_NOT_IN_URI = new RegExp(NOT_IN_URI, "g");

/** Visible ASCII that stands for itself in a URI, in a field and in HTML. */
const PLAIN_URI = /^[\x21\x23-\x25\x28-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]*$/;

/** How many bases of redirects are kept in a form that is ready to be sent. */
const MOST_BASES = 10_000;

/** What a redirect begins with, up to where the rest of its location follows. */
interface RedirectStart {
  readonly headerSection: string;
  readonly content: string;
}

/**
 * Redirects of one kind, written but for where they lead (RFC 9110 §15.4). What is prepared saves
 * half of what one costs us beside its system calls.
 */
export class Redirect {
  readonly #statusCode: number;
  readonly #headerSection: FieldSection;
  readonly #beforeLink: string;
  readonly #behindLink: string;
  readonly #starts = new Map<string, RedirectStart>();

  /**
   * Prepares them.
   *
   * @param statusCode 301, 302, 303, 307 or 308
   * @param linkText what their page calls the link; plain text, escaped here
   * @param fieldLines fields beside Location and Content-Type
   * @throws {TypeError} as `fieldSection`
   */
  constructor(statusCode: number, linkText: string, fieldLines: readonly FieldLine[] = []) {
    this.#statusCode = statusCode;
    this.#headerSection = fieldSection([["Content-Type", PAGE_TYPE], ...fieldLines]);
    // Shorter than other pages: these are sent most often, and mostly to programs.
    const title = escapeHtml(`${statusCode} ${reasonPhrase(statusCode)}`);
    this.#beforeLink = `<!DOCTYPE html>\n<title>${title}</title>\n<p><a href="`;
    this.#behindLink = `">${escapeHtml(linkText)}</a></p>\n`;
  }

  /**
   * The one that leads to `base + rest`, a URI reference (§10.2.2), or what becomes one by
   * percent-encoding.
   *
   * @param base is the same in many: scheme and host
   * @param rest the rest of the location
   * @param more fields of this one alone
   * @throws {TypeError} when it could end the field line
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

/** ASCII without what means something in HTML: `"&'<>`. */
const PLAIN = /^[\x20\x21\x23-\x25\x28-\x3b\x3d\x3f-\x7e]*$/;

/** Text for a page, also for an attribute in quotes; what is not ASCII becomes a reference. */
export function escapeHtml(text: string): string {
  if (PLAIN.test(text)) return text;
  return escape(text).replace(/[\u{80}-\u{10ffff}]/gu, (it) => `&#${it.codePointAt(0)};`);
}

/** What may be asked of resources that can only be read. */
const ALLOW = "GET, HEAD, OPTIONS";

/** The methods of RFC 9110 §9 and RFC 5789. Any other is unknown here: 501. */
const KNOWN_METHODS: ReadonlySet<string> = new Set([
  ...["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"],
]);

/**
 * The reply to a request whose method alone decides it, or undefined for GET and HEAD.
 *
 * 501 for an unknown method (RFC 9110 §9.1), 405 with Allow for one that is not for reading
 * (§15.5.6), and what is allowed for OPTIONS (§9.3.7).
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
