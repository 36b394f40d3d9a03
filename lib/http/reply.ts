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
  /** The whole of it, or what to read it from. */
  readonly content: Uint8Array | ContentSource;
}

const encoder = new TextEncoder();

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
): Reply & { readonly content: Uint8Array } {
  const title = escape(`${statusCode} ${reasonPhrase(statusCode)}`);
  const anchor = link === undefined ? "" : ` <a href="${escape(link)}">${escape(link)}</a>`;
  const page = `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<h1>${title}</h1>
<p>${escape(sentence)}${anchor}</p>
</html>
`;
  return {
    statusCode,
    fieldLines: [["Content-Type", "text/html; charset=utf-8"], ...fieldLines],
    content: encoder.encode(page),
  };
}
