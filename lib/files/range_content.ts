import type { ContentSource } from "../net/handler.ts";
import type { ByteRange } from "../http/byte_range.ts";

/** Octets that can be read at any position, such as those of an open file. */
export interface Octets {
  /** How many there are. */
  readonly size: number;
  /**
   * Reads octets.
   *
   * @param position of the first of them, less than the size
   * @returns how many there were; never 0
   * @throws {Error} says what could not be read, and where
   */
  readAt(buffer: Uint8Array, position: number): number | Promise<number>;
  /** Frees them. Called once. */
  close(): void;
}

/** Octets in memory. */
export class MemoryOctets implements Octets {
  readonly size: number;
  readonly #octets: Uint8Array;

  /** Of these octets, which do not change. */
  constructor(octets: Uint8Array) {
    this.#octets = octets;
    this.size = octets.length;
  }

  readAt(buffer: Uint8Array, position: number): number {
    const found = this.#octets.subarray(position, position + buffer.length);
    buffer.set(found);
    return found.length;
  }

  /** As `Octets`: there is nothing to free. */
  close(): void {}
}

/** A part of a content: octets that are there, or a range of those that are read. */
export type Segment = Uint8Array | ByteRange;

/**
 * Ranges as they are sent, with what stands between them. They are read by their positions, so that
 * what is appended to a file later is not part of it, and what is missing by then is noticed.
 */
export class RangeContent implements ContentSource {
  readonly length: number;
  readonly #octets: Octets;
  readonly #segments: readonly Segment[];
  #index = 0;
  /** How much of the segment under way has been given. */
  #given = 0;

  /** Of these octets, which it closes. */
  constructor(octets: Octets, segments: readonly Segment[]) {
    this.#octets = octets;
    this.#segments = segments;
    this.length = segments.reduce((sum, segment) => sum + lengthOf(segment), 0);
  }

  /**
   * As `ContentSource`.
   *
   * @throws as `Octets.readAt`, also where the octets end too early
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
    const count = this.#octets.readAt(part, segment.first + this.#given);
    return typeof count === "number"
      ? this.#advance(segment, count)
      : count.then((it) => this.#advance(segment, it));
  }

  close(): void {
    this.#octets.close();
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
