import { PAGE_END, PAGE_TYPE, pageStart } from "./html.ts";
import { type FieldLine, type FieldSection, fieldSection } from "./fields.ts";
import { reasonPhrase } from "./response.ts";

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
 * What a handler answers. Who sends it adds Date, the framing fields and Connection, and leaves the
 * content out where a response has none.
 */
export interface Reply {
  /** 200 to 599. */
  readonly statusCode: number;
  /** The fields that are the handler's to know. */
  readonly headerSection: FieldSection;
  /** The whole of it, as octets or as text in ASCII, or what to read it from. */
  readonly content: string | Uint8Array | ContentSource;
  /** Whom it sends the client to, for the log. */
  readonly chosen?: string | undefined;
}

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
  const content = pageStart(`${statusCode} ${reasonPhrase(statusCode)}`, sentence) + PAGE_END;
  const headerSection = fieldSection([["Content-Type", PAGE_TYPE], ...fieldLines]);
  return { statusCode, headerSection, content };
}
