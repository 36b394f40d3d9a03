import type { ContentSource } from "../net/handler.ts";
import type { ByteRange } from "../http/byte_range.ts";

/** Bytes that can be read at any position, such as those of an open file. */
export interface ByteSource {
  /** How many there are. */
  readonly size: number;
  /**
   * Reads bytes.
   *
   * @param position of the first of them, less than the size
   * @returns how many there were; never 0
   * @throws {Error} says what could not be read, and where
   */
  readAt(buffer: Uint8Array, position: number): number | Promise<number>;
  /** Frees them. Called once. */
  close(): void;
}

/** Bytes in memory. */
export class MemoryBytes implements ByteSource {
  readonly size: number;
  readonly #bytes: Uint8Array;

  /** Of these bytes, which do not change. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.size = bytes.length;
  }

  /** As `ByteSource`. */
  readAt(buffer: Uint8Array, position: number): number {
    const found = this.#bytes.subarray(position, position + buffer.length);
    buffer.set(found);
    return found.length;
  }

  /** As `ByteSource`: there is nothing to free. */
  close(): void {}
}

/** A part of a content: bytes in memory, or a range of the source. */
export type Segment = Uint8Array | ByteRange;

/**
 * Ranges of a source as they are sent, with the bytes between them. They are read by their positions,
 * so that data appended to a file later is not part of it, and missing data is an error.
 */
export class RangeContent implements ContentSource {
  readonly length: number;
  readonly #source: ByteSource;
  readonly #segments: readonly Segment[];
  #index = 0;
  /** How much of the current segment has been given. */
  #given = 0;

  /** Of this source, which it closes. */
  constructor(source: ByteSource, segments: readonly Segment[]) {
    this.#source = source;
    this.#segments = segments;
    this.length = segments.reduce((sum, segment) => sum + lengthOf(segment), 0);
  }

  /**
   * As `ContentSource`.
   *
   * @throws as `ByteSource.readAt`, also where the bytes end too early
   */
  read(buffer: Uint8Array): number | null | Promise<number | null> {
    const segment = this.#segments[this.#index];
    if (segment === undefined) return null;
    const wanted = Math.min(lengthOf(segment) - this.#given, buffer.length);
    if (segment instanceof Uint8Array) {
      buffer.set(segment.subarray(this.#given, this.#given + wanted));
      return this.#advance(segment, wanted);
    }
    const part = wanted < buffer.length ? buffer.subarray(0, wanted) : buffer;
    const count = this.#source.readAt(part, segment.first + this.#given);
    return typeof count === "number"
      ? this.#advance(segment, count)
      : count.then((it) => this.#advance(segment, it));
  }

  close(): void {
    this.#source.close();
  }

  #advance(segment: Segment, count: number): number {
    this.#given += count;
    if (this.#given === lengthOf(segment)) {
      this.#index++;
      this.#given = 0;
    }
    return count;
  }
}

function lengthOf(segment: Segment): number {
  return segment instanceof Uint8Array ? segment.length : segment.last - segment.first + 1;
}
