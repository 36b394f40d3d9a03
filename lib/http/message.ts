/**
 * What requests and responses have in common: version, header section, persistence, and the reader
 * of their heads.
 *
 * @module
 */

import { HTTP_VERSION, LINE_OCTET, ProtocolError } from "./grammar.ts";
import { type Reading, START_LINE_LIMIT } from "./limits.ts";
import { Fields, FieldSectionReader } from "./fields.ts";
import type { ReceiveBuffer } from "./receive_buffer.ts";

/** The versions we speak. A higher minor version than 1.1 is answered as 1.1 (RFC 9110 §2.5). */
export type HttpVersion = "1.0" | "1.1";

/** RFC 9112 §9.3: whether the connection may go on after this message. */
export function isPersistent(head: { httpVersion: HttpVersion; fields: Fields }): boolean {
  if (head.httpVersion === "1.1" && !head.fields.has("connection")) return true;
  const options = head.fields.tokens("connection");
  if (options.includes("close")) return false;
  return head.httpVersion === "1.1" || options.includes("keep-alive");
}

/**
 * RFC 9112 §2.3: the version that a start line names.
 *
 * @throws {ProtocolError} 400 when it is none, 505 when its major version is not 1
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
  /** Reads the start line; throws ProtocolError. */
  readonly startLine: (line: string) => StartLine;
  /** Whether empty lines before the start line are passed over (RFC 9112 §2.2). */
  readonly hasEmptyLinesBefore: boolean;
  /** What is tolerated, and how much is read. */
  readonly reading: Reading;
  /** Makes the head of its two parts. Throws ProtocolError. */
  readonly head: (startLine: StartLine, fields: Fields) => Head;
  /** The section that was read last, on any connection. */
  readonly last: LastSection;
}

/**
 * A header section and its text. Most requests have the section of the one before, on one connection
 * as on several: it is not read anew, and is the same object.
 */
export class LastSection {
  /** As received, with the empty line; empty when none is known. */
  text = "";
  /** What it was read as. */
  fields = new Fields();
}

/**
 * Takes heads from a receive buffer: a head, undefined for "more is needed", or ProtocolError. The
 * verdict is the same however TCP split the bytes, limits included. One reader serves one
 * connection: after a head it begins anew.
 */
export class HeadReader<StartLine, Head extends { readonly fields: Fields }> {
  readonly #syntax: HeadSyntax<StartLine, Head>;
  #line = "";
  /** Bytes before the section, its empty lines included. */
  #startBytes = 0;
  #startLine: StartLine | undefined;
  #section: FieldSectionReader | undefined;
  /** Bytes that were taken from the buffer before the section. */
  #takenBefore = 0;

  /** For `requestHeadReader` and `responseHeadReader`, which know the syntax of each. */
  constructor(syntax: HeadSyntax<StartLine, Head>) {
    this.#syntax = syntax;
  }

  /** Whether the start line of a head was taken, and its section not yet. */
  get isUnderWay(): boolean {
    return this.#startLine !== undefined;
  }

  /** The start line of the head under way, as received; empty when it was not taken. */
  get line(): string {
    return this.#line;
  }

  /**
   * Reads on, as far as the buffer goes.
   *
   * @returns the head, or undefined when more is needed
   * @throws {ProtocolError} as soon as the bytes cannot become a head any more
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
      // What speaks no HTTP is known by its first bytes.
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
