/**
 * What requests and responses share: version, persistence, and the reader of their heads.
 *
 * @module
 */

import { HTTP_VERSION, LINE_OCTET, ProtocolError } from "./grammar.ts";
import { type Reading, START_LINE_LIMIT } from "./limits.ts";
import { Fields, FieldSectionReader } from "./fields.ts";
import type { ReceiveBuffer } from "./receive_buffer.ts";

/** A version; higher minor versions count as 1.1 (RFC 9110 §2.5). */
export type HttpVersion = "1.0" | "1.1";

/** RFC 9112 §9.3: whether the connection persists after this message. */
export function isPersistent(head: { httpVersion: HttpVersion; fields: Fields }): boolean {
  if (head.httpVersion === "1.1" && !head.fields.has("connection")) return true;
  const options = head.fields.tokens("connection");
  if (options.includes("close")) return false;
  return head.httpVersion === "1.1" || options.includes("keep-alive");
}

/**
 * The version in a start line (RFC 9112 §2.3).
 *
 * @throws {ProtocolError} 400 if it is not a version, 505 if its major version is not 1
 */
export function parseVersion(text: string): HttpVersion {
  if (text === "HTTP/1.1") return "1.1";
  const [, major, minor] = HTTP_VERSION.exec(text) ?? [];
  if (major === undefined) throw new ProtocolError("The HTTP version is malformed.");
  if (major !== "1") throw new ProtocolError("Only HTTP/1.0 and HTTP/1.1 are spoken here.", 505);
  return minor === "0" ? "1.0" : "1.1";
}

/** What differs between the heads of requests and of responses. */
export interface HeadSyntax<StartLine, Head> {
  /** Parses the start line; throws ProtocolError. */
  readonly startLine: (line: string) => StartLine;
  /** Whether empty lines before the start line are skipped (RFC 9112 §2.2). */
  readonly hasEmptyLinesBefore: boolean;
  readonly reading: Reading;
  /** Validates the head as a whole; throws ProtocolError. */
  readonly head: (startLine: StartLine, fields: Fields) => Head;
  readonly last: LastSection;
}

/**
 * The section that was read last on any connection, and its text. Most requests have the same section
 * as the one before: it is not parsed again, and is the same object.
 */
export class LastSection {
  /** As received, with the empty line. */
  text = "";
  fields = new Fields();
}

/**
 * Takes heads from the receive buffer of one connection. The result does not depend on how TCP split
 * the bytes, limits included.
 */
export class HeadReader<StartLine, Head extends { readonly fields: Fields }> {
  readonly #syntax: HeadSyntax<StartLine, Head>;
  #line = "";
  /** Bytes before the section, including empty lines. */
  #startBytes = 0;
  #startLine: StartLine | undefined;
  #section: FieldSectionReader | undefined;
  /** What `takenBytes` was before the section. */
  #takenBefore = 0;

  constructor(syntax: HeadSyntax<StartLine, Head>) {
    this.#syntax = syntax;
  }

  /** Whether the start line was taken, and the section not yet. */
  get isUnderWay(): boolean {
    return this.#startLine !== undefined;
  }

  /** The start line of the head under way, as received; empty before it was taken. */
  get line(): string {
    return this.#line;
  }

  /**
   * Continues with what has arrived.
   *
   * @returns the head, or undefined if more is needed
   * @throws {ProtocolError} as soon as the bytes cannot become a head
   */
  read(buffer: ReceiveBuffer): Head | undefined {
    const startLine = this.#startLine ??= this.#readStartLine(buffer);
    if (startLine === undefined) return undefined;
    const fields = this.#readSection(buffer);
    if (fields === undefined) return undefined;
    const head = this.#syntax.head(startLine, fields);
    this.#startLine = undefined;
    this.#line = "";
    this.#startBytes = 0;
    return head;
  }

  #readStartLine(buffer: ReceiveBuffer): StartLine | undefined {
    const { reading, hasEmptyLinesBefore, startLine } = this.#syntax;
    for (;;) {
      // Even a lenient reading recognises other protocols by their first bytes.
      const line = buffer.line(START_LINE_LIMIT, startLineTooLong, reading, LINE_OCTET);
      if (line === undefined) return undefined;
      this.#startBytes += line.length + 2;
      if (line !== "" || !hasEmptyLinesBefore) return startLine(this.#line = line);
      if (this.#startBytes > reading.headLimit) {
        throw new ProtocolError("There are nothing but empty lines.", 431);
      }
    }
  }

  #readSection(buffer: ReceiveBuffer): Fields | undefined {
    const { reading, last } = this.#syntax;
    if (this.#section === undefined) {
      const isWithinLimit = this.#startBytes + last.text.length <= reading.headLimit;
      if (isWithinLimit && last.text !== "" && buffer.takeIf(last.text)) return last.fields;
      this.#section = new FieldSectionReader(reading, this.#startBytes);
      this.#takenBefore = buffer.takenBytes;
    }
    const fields = this.#section.read(buffer);
    if (fields === undefined) return undefined;
    this.#section = undefined;
    last.text = buffer.lastTaken(buffer.takenBytes - this.#takenBefore);
    last.fields = fields;
    return fields;
  }
}

function startLineTooLong(): ProtocolError {
  return new ProtocolError("The start line is too long.", 414);
}
