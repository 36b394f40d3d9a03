import type { TextReply } from "./reply.ts";
import { escapeHtml, PAGE_END, PAGE_TYPE, pageStart } from "./html.ts";
import { type FieldLine, fieldLine, type FieldSection, fieldSection, NO_FIELDS } from "./fields.ts";
import { reasonPhrase } from "./response.ts";

/** Visible ASCII that no URI may hold (RFC 3986 §2), but which clients send in request-targets. */
const NOT_IN_URI = /["<>\\^`{|}]/;
const ALL_NOT_IN_URI = new RegExp(NOT_IN_URI, "g");

/**
 * Redirects of one kind, written but for where they lead (RFC 9110 §15.4). What is prepared saves
 * half of what one costs us beside its system calls.
 */
export class Redirect {
  readonly #statusCode: number;
  readonly #headerSection: FieldSection;
  readonly #pageStart: string;

  /**
   * Prepares them.
   *
   * @param statusCode 301, 302, 303, 307 or 308
   * @param sentence what their page says before the link; plain text, escaped here
   * @param fieldLines fields beside Location and Content-Type
   * @throws {TypeError} as `fieldSection`
   */
  constructor(statusCode: number, sentence: string, fieldLines: readonly FieldLine[] = []) {
    this.#statusCode = statusCode;
    this.#headerSection = fieldSection([["Content-Type", PAGE_TYPE], ...fieldLines]);
    const title = `${statusCode} ${reasonPhrase(statusCode)}`;
    this.#pageStart = pageStart(title, sentence);
  }

  /**
   * The one that leads there.
   *
   * @param location a URI reference (§10.2.2), or what becomes one by percent-encoding
   * @param more fields of this one alone
   * @throws {TypeError} when it could end the field line
   */
  to(location: string, more: FieldSection = NO_FIELDS): TextReply {
    const own = fieldLine("Location", uriOf(location)) + more;
    const headerSection = this.#headerSection + own as FieldSection;
    const href = escapeHtml(location);
    const content = `${this.#pageStart} <a href="${href}">${href}</a>${PAGE_END}`;
    return { statusCode: this.#statusCode, headerSection, content };
  }
}

function uriOf(location: string): string {
  if (!NOT_IN_URI.test(location)) return location;
  return location.replace(
    ALL_NOT_IN_URI,
    (it) => `%${it.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
