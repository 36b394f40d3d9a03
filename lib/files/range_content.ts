import type { ContentSource } from "../net/handler.ts";
import type { ByteRange } from "../http/byte_range.ts";

/** Bytes that can be read at any position, such as those of an open file. */
export interface ByteSource {
  readonly size: number;
  /**
   * Fills a buffer, or some of it.
   *
   * @param position of the first byte, less than the size
   * @returns how many bytes were read; never 0
   * @throws {Error} says what could not be read, and where
   */
  readAt(buffer: Uint8Array, position: number): number | Promise<number>;
  /** Called once. */
  close(): void;
}

/** Bytes in memory. */
export class MemoryBytes implements ByteSource {
  readonly size: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.size = bytes.length;
  }

  readAt(buffer: Uint8Array, position: number): number {
    const found = this.#bytes.subarray(position, position + buffer.length);
    buffer.set(found);
    return found.length;
  }

  close(): void {}
}

/** Bytes to be sent: these, or a range of the source. */
export type Segment = Uint8Array | ByteRange;

/**
 * Ranges of a source, with the bytes between them. Data that is appended to a file later is not part
 * of it; missing data is an error.
 */
export class RangeContent implements ContentSource {
  readonly length: number;
  readonly #source: ByteSource;
  readonly #segments: readonly Segment[];
  #index = 0;
  /** How much of the current segment was read. */
  #given = 0;

  /** @param source closed with the content */
  constructor(source: ByteSource, segments: readonly Segment[]) {
    this.#source = source;
    this.#segments = segments;
    this.length = segments.reduce((sum, segment) => sum + lengthOf(segment), 0);
  }

  /** @throws as `ByteSource.readAt` */
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
