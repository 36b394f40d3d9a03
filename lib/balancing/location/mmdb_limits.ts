/**
 * Limits of what is decoded of a database in MaxMind's format. mmdb-lib follows every pointer and
 * believes every size, so a damaged or hostile file could cost any time and memory. What is checked
 * here first costs it little.
 *
 * @module
 */

/** Where values stand; pointers count from its start. */
export interface Section {
  readonly start: number;
  /** Behind the last byte. */
  readonly end: number;
}

/** GeoIP2 Enterprise has some 300 values in 8 KiB and four levels. */
const MOST_VALUES = 10_000;
const MOST_BYTES = 256 * 1024;
const MOST_LEVELS = 32;

/** The types of values, as their control bytes tell. */
const EXTENDED = 0, POINTER = 1, TEXT = 2, DOUBLE = 3, BYTES = 4, MAP = 7, ARRAY = 11;
const BOOLEAN = 14, FLOAT = 15;

/** The most bytes of uint16, uint32, int32, uint64 and uint128. */
const INTEGER_BYTES: Readonly<Record<number, number>> = { 5: 2, 6: 4, 8: 4, 9: 8, 10: 16 };

/** What pointers of one to four bytes add. */
const POINTER_OFFSETS = [0, 2048, 526_336, 0];

/** What sizes of one to three further bytes add, by the last five bits of the control byte. */
const SIZE_OFFSETS: Readonly<Record<number, number>> = { 29: 29, 30: 285, 31: 65_821 };

/**
 * Checks a value with all that its pointers lead to: it is well-formed, stays within the section,
 * and is of a sensible size.
 *
 * @throws {RangeError} if it is not
 */
export function checkValue(data: Uint8Array, offset: number, section: Section): void {
  new ValueCheck(data, section).check(offset, 0, false);
}

class ValueCheck {
  readonly #data: Uint8Array;
  readonly #section: Section;
  #values = 0;
  #bytes = 0;

  constructor(data: Uint8Array, section: Section) {
    this.#data = data;
    this.#section = section;
  }

  /** Checks one value, and returns where it ends. */
  check(offset: number, level: number, isKey: boolean): number {
    if (++this.#values > MOST_VALUES) throw new RangeError("a value has too many parts");
    if (level > MOST_LEVELS) throw new RangeError("a value has too many levels");
    const control = this.#number(offset++, 1);
    let type = control >> 5;
    if (type === POINTER) {
      const bytes = ((control >> 3) & 3) + 1;
      const high = bytes < 4 ? (control & 7) * 256 ** bytes : 0;
      const pointer = high + this.#number(offset, bytes) + POINTER_OFFSETS[bytes - 1]!;
      this.check(this.#section.start + pointer, level + 1, isKey);
      return offset + bytes;
    }
    if (type === EXTENDED) {
      type = this.#number(offset++, 1) + 7;
      if (type <= MAP) throw new RangeError("a value has an unknown type");
    }
    if (isKey && type !== TEXT) throw new RangeError("a name is no text");
    let size = control & 31;
    const sizeBytes = Math.max(0, size - 28);
    if (sizeBytes > 0) size = this.#number(offset, sizeBytes) + SIZE_OFFSETS[size]!;
    return this.#checkContent(type, size, offset + sizeBytes, level);
  }

  #checkContent(type: number, size: number, offset: number, level: number): number {
    if (type === MAP || type === ARRAY) {
      let end = offset;
      for (let i = 0; i < size; i++) {
        if (type === MAP) end = this.check(end, level + 1, true);
        end = this.check(end, level + 1, false);
      }
      return end;
    }
    if (type === BOOLEAN && size <= 1) return offset;
    const isFit = type === TEXT || type === BYTES || (type === DOUBLE && size === 8) ||
      (type === FLOAT && size === 4) || size <= (INTEGER_BYTES[type] ?? -1);
    if (!isFit) throw new RangeError("a value has an unknown type, or a wrong size");
    this.#bytes += size;
    if (this.#bytes > MOST_BYTES) throw new RangeError("a value is too long");
    this.#verifyInside(offset, size);
    return offset + size;
  }

  /** A number in so many bytes, the most significant first. */
  #number(offset: number, bytes: number): number {
    this.#verifyInside(offset, bytes);
    let number = 0;
    for (let i = 0; i < bytes; i++) number = number * 256 + this.#data[offset + i]!;
    return number;
  }

  #verifyInside(offset: number, bytes: number): void {
    const { start, end } = this.#section;
    if (offset < start || offset + bytes > end) {
      throw new RangeError("a value lies outside of its section");
    }
  }
}
