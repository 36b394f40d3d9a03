import type { BodyFraming } from "./body.ts";
import { Fields } from "./fields.ts";
import { FieldSectionReader } from "./field_section_reader.ts";
import { CHUNK_EXT, CR, LF } from "./grammar.ts";
import { CHUNK_EXTENSIONS_LIMIT, CHUNK_LINE_LIMIT } from "./limits.ts";
import { LineReader } from "./line_reader.ts";
import { decodeOctets, trimOws } from "./octets.ts";
import { ProtocolError } from "./protocol_error.ts";
import { type Reading, STRICT } from "./reading.ts";

/** One step of a decoder. With nothing consumed, more octets are needed. */
export interface DecodeStep {
  /** How many octets to take from the front before the next step. */
  readonly consumed: number;
  /** What of the content this step found; a view of the octets given. */
  readonly content: Uint8Array;
}

/** Takes the body of one message from the octets of a connection, and never one octet beyond. */
export interface BodyDecoder {
  /** Whether the body's end has been seen. */
  readonly isDone: boolean;
  /**
   * Takes one step.
   *
   * @param octets what has arrived and was not consumed by the steps before
   * @throws {ProtocolError} when the octets are not a body of that framing
   */
  decode(octets: Uint8Array): DecodeStep;
}

/** RFC 9112 §7.1: `chunk-size = 1*HEXDIG`, and what stands behind it. */
const CHUNK_SIZE = /^([0-9A-Fa-f]+)(.*)$/;

const NOTHING = new Uint8Array(0);
const NEEDS_MORE: DecodeStep = { consumed: 0, content: NOTHING };

/** The decoder for a message with that framing; `reading` says what is borne in chunked ones. */
export function bodyDecoder(framing: BodyFraming, reading: Reading = STRICT): BodyDecoder {
  switch (framing.kind) {
    case "none":
      return new LengthDecoder(0);
    case "length":
      return new LengthDecoder(framing.contentLength);
    case "chunked":
      return new ChunkedDecoder(reading);
    case "untilClose":
      return new LengthDecoder(Infinity);
  }
}

/** RFC 9112 §6.2: as many octets as were announced. */
class LengthDecoder implements BodyDecoder {
  #remaining: number;

  constructor(length: number) {
    this.#remaining = length;
  }

  get isDone(): boolean {
    return this.#remaining === 0;
  }

  decode(octets: Uint8Array): DecodeStep {
    const content = octets.length > this.#remaining ? octets.subarray(0, this.#remaining) : octets;
    this.#remaining -= content.length;
    return { consumed: content.length, content };
  }
}

/**
 * RFC 9112 §7.1: `chunked-body = *chunk last-chunk trailer-section CRLF`, where
 * `chunk = chunk-size [ chunk-ext ] CRLF chunk-data CRLF`. The steps are the grammar's positions.
 * Extensions and trailer fields are checked and forgotten.
 */
class ChunkedDecoder implements BodyDecoder {
  #position: "chunkSize" | "chunkData" | "chunkEnd" | "trailerSection" | "done" = "chunkSize";
  #remaining = 0;
  #extensionOctets = 0;
  readonly #reading: Reading;
  readonly #lines: LineReader;
  readonly #trailerSection: FieldSectionReader;

  constructor(reading: Reading) {
    this.#reading = reading;
    this.#lines = new LineReader(reading);
    this.#trailerSection = new FieldSectionReader(this.#lines, reading, new Fields());
  }

  get isDone(): boolean {
    return this.#position === "done";
  }

  decode(octets: Uint8Array): DecodeStep {
    switch (this.#position) {
      case "chunkSize":
        return this.#chunkSize(octets);
      case "chunkData":
        return this.#chunkData(octets);
      case "chunkEnd":
        return this.#chunkEnd(octets);
      case "trailerSection":
        return this.#trailers(octets);
      case "done":
        return NEEDS_MORE;
    }
  }

  #chunkSize(octets: Uint8Array): DecodeStep {
    const end = this.#lines.find(octets, 0, CHUNK_LINE_LIMIT, chunkLineTooLong);
    if (end === undefined) return NEEDS_MORE;
    this.#lines.reset();
    const { takesAnyExtension } = this.#reading;
    const line = decodeOctets(octets, 0, end);
    const [, size, extensions] = CHUNK_SIZE.exec(takesAnyExtension ? trimOws(line) : line) ?? [];
    if (size === undefined) throw new ProtocolError("A chunk-size is not a hexadecimal number.");
    const isBorne = takesAnyExtension && /^[ \t]*;/.test(extensions!);
    if (!isBorne && !CHUNK_EXT.test(extensions!)) {
      throw new ProtocolError("A chunk extension is malformed.");
    }
    this.#extensionOctets += extensions!.length;
    if (this.#extensionOctets > CHUNK_EXTENSIONS_LIMIT) {
      throw new ProtocolError("The chunk extensions are too large.");
    }
    this.#remaining = Number.parseInt(size, 16);
    if (size.length > 16 || !Number.isSafeInteger(this.#remaining)) {
      throw new ProtocolError("A chunk-size is too large.");
    }
    this.#position = this.#remaining === 0 ? "trailerSection" : "chunkData";
    return { consumed: this.#lines.behind(octets, end), content: NOTHING };
  }

  #chunkData(octets: Uint8Array): DecodeStep {
    const content = octets.length > this.#remaining ? octets.subarray(0, this.#remaining) : octets;
    this.#remaining -= content.length;
    if (this.#remaining === 0) this.#position = "chunkEnd";
    return { consumed: content.length, content };
  }

  #chunkEnd(octets: Uint8Array): DecodeStep {
    if (this.#reading.takesBareLf && octets[0] === LF) {
      this.#position = "chunkSize";
      return { consumed: 1, content: NOTHING };
    }
    const isCrlf = (octets[0] ?? CR) === CR && (octets[1] ?? LF) === LF;
    if (!isCrlf) throw new ProtocolError("A chunk is longer than its chunk-size.");
    if (octets.length < 2) return NEEDS_MORE;
    this.#position = "chunkSize";
    return { consumed: 2, content: NOTHING };
  }

  #trailers(octets: Uint8Array): DecodeStep {
    const consumed = this.#trailerSection.read(octets, 0);
    if (consumed === undefined) return NEEDS_MORE;
    this.#position = "done";
    return { consumed, content: NOTHING };
  }
}

function chunkLineTooLong(): ProtocolError {
  return new ProtocolError("A chunk-size line is too long.");
}
