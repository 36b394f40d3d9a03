import { type Fields, FieldSectionReader } from "./fields.ts";
import { CHUNK_EXT, DIGITS, encodeLatin1, ProtocolError, TOKEN, trimOws } from "./grammar.ts";
import { CHUNK_EXTENSIONS_LIMIT, CHUNK_LINE_LIMIT, type Reading, STRICT } from "./limits.ts";
import type { ReceiveBuffer } from "./receive_buffer.ts";
import type { RequestHead } from "./request.ts";
import type { ResponseHead } from "./response.ts";

/** How the end of a message's body is known (RFC 9112 §6). */
export type BodyFraming =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly contentLength: number }
  | { readonly kind: "chunked" }
  | { readonly kind: "untilClose" };

const NO_BODY: BodyFraming = { kind: "none" };

/**
 * The framing of a request's body, by the steps of RFC 9112 §6.3.
 *
 * @throws {ProtocolError} 400 for invalid or ambiguous framing, 501 for an unknown transfer coding
 */
export function requestBodyFraming(head: RequestHead): BodyFraming {
  const { fields } = head;
  if (fields.has("transfer-encoding")) return transferCodingFraming(head); // 3, 4
  if (fields.has("content-length")) return lengthFraming(fields); // 5, 6
  return NO_BODY; // 7
}

/**
 * The framing of a response's body, by the steps of RFC 9112 §6.3.
 *
 * @throws {ProtocolError} for invalid, ambiguous or unknown framing
 */
export function responseBodyFraming(requestMethod: string, head: ResponseHead): BodyFraming {
  const { statusCode, fields } = head;
  if (requestMethod === "HEAD" || statusCode < 200 || statusCode === 204 || statusCode === 304) {
    return NO_BODY; // 1
  }
  if (fields.has("transfer-encoding") && !isIdentity(fields)) {
    return transferCodingFraming(head); // 3, 4
  }
  if (fields.has("content-length")) return { kind: "length", contentLength: equalLength(fields) }; // 5, 6
  return { kind: "untilClose" }; // 8
}

/** Whether the only coding is `identity`, which HTTP/1.1 had until RFC 7230: the same as no field. */
function isIdentity(fields: Fields): boolean {
  const codings = fields.tokens("transfer-encoding");
  return codings.length > 0 && codings.every((coding) => coding === "identity");
}

/**
 * The Content-Length of a response, which may be repeated if all values are equal (RFC 9110 §8.6).
 *
 * @throws {ProtocolError} if there is none, or the values differ
 */
export function equalLength(fields: Fields): number {
  const lengths = (fields.get("content-length") ?? "").split(",").map(trimOws);
  const [length, ...others] = lengths.map(parsedLength);
  if (others.some((other) => other !== length)) {
    throw new ProtocolError("There are Content-Lengths that differ.");
  }
  return length!;
}

/**
 * RFC 9112 §6.1: only `chunked` is supported, which must be the last coding. A Content-Length beside
 * it may be an attack (§6.3, 3) and is refused.
 */
function transferCodingFraming(head: RequestHead | ResponseHead): BodyFraming {
  const { httpVersion, fields } = head;
  if (httpVersion === "1.0") throw new ProtocolError("HTTP/1.0 has no Transfer-Encoding.");
  if (fields.has("content-length")) {
    throw new ProtocolError("Both Content-Length and Transfer-Encoding are given.");
  }
  const all = fields.tokens("transfer-encoding");
  const codings = "statusCode" in head ? all.filter((coding) => coding !== "identity") : all;
  if (codings.length === 1 && codings[0] === "chunked") return { kind: "chunked" };
  if (codings.length === 0 || codings.slice(0, -1).includes("chunked")) {
    throw new ProtocolError("Transfer-Encoding does not end with its only chunked.");
  }
  if (!codings.every((coding) => TOKEN.test(trimOws(coding.split(";", 1)[0]!)))) {
    throw new ProtocolError("Transfer-Encoding is malformed.");
  }
  throw new ProtocolError("The transfer coding is not known here.", 501);
}

/**
 * RFC 9110 §8.6: one number of digits. Repeated equal values could be accepted; in requests they are
 * refused as well, since they show a faulty sender.
 */
function lengthFraming(fields: Fields): BodyFraming {
  const [length = "", ...more] = fields.values("content-length");
  if (more.length > 0) throw new ProtocolError("Content-Length is given more than once.");
  return { kind: "length", contentLength: parsedLength(length) };
}

function parsedLength(length: string): number {
  if (!DIGITS.test(length)) throw new ProtocolError("Content-Length is not a number.");
  const contentLength = Number(length);
  if (!Number.isSafeInteger(contentLength)) throw new ProtocolError("Content-Length is too large.");
  return contentLength;
}

/** Takes the body of one message from a receive buffer, and never a byte beyond it. */
export interface BodyReader {
  readonly isDone: boolean;
  /**
   * Takes what has arrived.
   *
   * @returns a piece of the content, valid until the buffer receives more; undefined if more is
   *     needed, or at the end
   * @throws {ProtocolError} if the bytes do not match the framing
   */
  read(buffer: ReceiveBuffer): Uint8Array | undefined;
}

/** A reader of bodies with this framing; `reading` says what is tolerated in chunked ones. */
export function bodyReader(framing: BodyFraming, reading: Reading = STRICT): BodyReader {
  switch (framing.kind) {
    case "none":
      return new LengthReader(0);
    case "length":
      return new LengthReader(framing.contentLength);
    case "chunked":
      return new ChunkedReader(reading);
    case "untilClose":
      return new LengthReader(Infinity);
  }
}

/** RFC 9112 §6.2: a body of known length. */
class LengthReader implements BodyReader {
  #remaining: number;

  constructor(length: number) {
    this.#remaining = length;
  }

  get isDone(): boolean {
    return this.#remaining === 0;
  }

  read(buffer: ReceiveBuffer): Uint8Array | undefined {
    const count = Math.min(this.#remaining, buffer.length);
    if (count === 0) return undefined;
    this.#remaining -= count;
    return buffer.take(count);
  }
}

/** RFC 9112 §7.1: `chunk-size = 1*HEXDIG`, and the rest of its line. */
const CHUNK_SIZE = /^([0-9A-Fa-f]+)(.*)$/;

/**
 * RFC 9112 §7.1: `chunked-body = *chunk last-chunk trailer-section CRLF`, where
 * `chunk = chunk-size [ chunk-ext ] CRLF chunk-data CRLF`. The steps are the grammar's positions.
 * Extensions and trailer fields are validated and discarded.
 */
class ChunkedReader implements BodyReader {
  #position: "chunkSize" | "chunkData" | "chunkEnd" | "trailerSection" | "done" = "chunkSize";
  #remaining = 0;
  #extensionBytes = 0;
  readonly #reading: Reading;
  readonly #trailerSection: FieldSectionReader;

  constructor(reading: Reading) {
    this.#reading = reading;
    this.#trailerSection = new FieldSectionReader(reading);
  }

  get isDone(): boolean {
    return this.#position === "done";
  }

  read(buffer: ReceiveBuffer): Uint8Array | undefined {
    for (;;) {
      if (this.#position === "chunkData") return this.#chunkData(buffer);
      if (this.#position === "done" || !this.#step(buffer)) return undefined;
    }
  }

  /** A step without content; false if more is needed. */
  #step(buffer: ReceiveBuffer): boolean {
    switch (this.#position) {
      case "chunkSize":
        return this.#chunkSize(buffer);
      case "chunkEnd":
        if (buffer.line(0, chunkTooLong, this.#reading) === undefined) return false;
        this.#position = "chunkSize";
        return true;
      default:
        if (this.#trailerSection.read(buffer) === undefined) return false;
        this.#position = "done";
        return true;
    }
  }

  #chunkSize(buffer: ReceiveBuffer): boolean {
    const line = buffer.line(CHUNK_LINE_LIMIT, chunkLineTooLong, this.#reading);
    if (line === undefined) return false;
    const { takesAnyExtension } = this.#reading;
    const [, size, extensions] = CHUNK_SIZE.exec(takesAnyExtension ? trimOws(line) : line) ?? [];
    if (size === undefined) throw new ProtocolError("A chunk-size is not a hexadecimal number.");
    const isTolerated = takesAnyExtension && /^[ \t]*;/.test(extensions!);
    if (!isTolerated && !CHUNK_EXT.test(extensions!)) {
      throw new ProtocolError("A chunk extension is malformed.");
    }
    this.#extensionBytes += extensions!.length;
    if (this.#extensionBytes > CHUNK_EXTENSIONS_LIMIT) {
      throw new ProtocolError("The chunk extensions are too large.");
    }
    this.#remaining = Number.parseInt(size, 16);
    if (size.length > 16 || !Number.isSafeInteger(this.#remaining)) {
      throw new ProtocolError("A chunk-size is too large.");
    }
    this.#position = this.#remaining === 0 ? "trailerSection" : "chunkData";
    return true;
  }

  #chunkData(buffer: ReceiveBuffer): Uint8Array | undefined {
    const count = Math.min(this.#remaining, buffer.length);
    if (count === 0) return undefined;
    this.#remaining -= count;
    if (this.#remaining === 0) this.#position = "chunkEnd";
    return buffer.take(count);
  }
}

function chunkTooLong(): ProtocolError {
  return new ProtocolError("A chunk is longer than its chunk-size.");
}

function chunkLineTooLong(): ProtocolError {
  return new ProtocolError("A chunk-size line is too long.");
}

/** The end of a chunked body: last-chunk and an empty trailer section (RFC 9112 §7.1). */
export const LAST_CHUNK: Uint8Array<ArrayBuffer> = encodeLatin1("0\r\n\r\n");

/**
 * One chunk (RFC 9112 §7.1).
 *
 * @throws {TypeError} if it is empty, which would end the body
 */
export function writeChunk(chunkData: Uint8Array): Uint8Array<ArrayBuffer> {
  if (chunkData.length === 0) throw new TypeError("Cannot write an empty chunk");
  const chunkSize = encodeLatin1(`${chunkData.length.toString(16)}\r\n`);
  const chunk = new Uint8Array(chunkSize.length + chunkData.length + 2);
  chunk.set(chunkSize);
  chunk.set(chunkData, chunkSize.length);
  chunk.set(LAST_CHUNK.subarray(-2), chunk.length - 2);
  return chunk;
}
