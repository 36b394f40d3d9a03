import { escape } from "@std/html";
import type { FieldLine } from "./fields.ts";
import { reasonPhrase } from "./message.ts";

/** Content that is read piece by piece while it is sent, such as an open file. */
export interface ContentSource {
  /** How many octets there are; undefined when that is not known before the end. */
  readonly length: number | undefined;
  /**
   * Fills a buffer with the next octets of the content.
   *
   * @returns how many it gave, or null at the end
   */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Frees what it holds. Called once, whether or not the content was read. */
  close(): void;
}

/**
 * What a handler answers. Who sends it adds Date, the framing fields and Connection, and leaves the
 * content out where a response has none.
 */
export interface Reply {
  /** 200 to 599. */
  readonly statusCode: number;
  /** In the order to be sent. */
  readonly fieldLines: readonly FieldLine[];
  /** The whole of it, as octets or as text in ASCII, or what to read it from. */
  readonly content: string | Uint8Array | ContentSource;
}

const PAGE_START = `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
`;

const PAGE_TYPE: FieldLine = ["Content-Type", "text/html; charset=utf-8"];

/**
 * A reply with a small page that a person can read.
 *
 * @param statusCode names the page, with its reason phrase
 * @param sentence what there is to say; plain text, escaped here
 * @param fieldLines fields beside Content-Type
 * @param link a URL to show behind the sentence; escaped here
 */
export function htmlReply(
  statusCode: number,
  sentence: string,
  fieldLines: readonly FieldLine[] = [],
  link?: string,
): Reply & { readonly content: string } {
  const title = `${statusCode} ${reasonPhrase(statusCode)}`;
  const href = link === undefined ? "" : escaped(link);
  const anchor = link === undefined ? "" : ` <a href="${href}">${href}</a>`;
  const content = `${PAGE_START}<title>${title}</title>
<h1>${title}</h1>
<p>${escaped(sentence)}${anchor}</p>
</html>
`;
  return { statusCode, fieldLines: [PAGE_TYPE, ...fieldLines], content };
}

/** ASCII without what means something in HTML: `"&'<>`. */
const PLAIN = /^[\x20\x21\x23-\x25\x28-\x3b\x3d\x3f-\x7e]*$/;

/** Text for a page; what is not ASCII becomes a character reference. */
function escaped(text: string): string {
  if (PLAIN.test(text)) return text;
  return escape(text).replace(/[\u{80}-\u{10ffff}]/gu, (it) => `&#${it.codePointAt(0)};`);
}
