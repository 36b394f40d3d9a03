/**
 * Rows of bits: for each row several planes, each with one bit for every column.
 *
 * @module
 */

/** Rows in one piece of memory. */
const CHUNK_ROWS = 1024;

/** A growing table of bits; all are 0 at first. Rows and columns are counted from 0. */
export class BitTable {
  readonly #planes: number;
  readonly #chunks: Uint32Array[] = [];
  #words = 1;

  /** Has room for 32 columns. @param planes bits of each row and column */
  constructor(planes: number) {
    this.#planes = planes;
  }

  /** Words of 32 columns in each plane. */
  get words(): number {
    return this.#words;
  }

  /** Memory of one row in bytes. */
  get rowBytes(): number {
    return this.#planes * this.#words * Uint32Array.BYTES_PER_ELEMENT;
  }

  /** Makes room for more rows and columns. */
  reserve(rows: number, columns: number): void {
    const words = Math.ceil(columns / 32);
    if (words > this.#words) this.#widen(words);
    while (this.#chunks.length * CHUNK_ROWS < rows) {
      this.#chunks.push(new Uint32Array(CHUNK_ROWS * this.#planes * this.#words));
    }
  }

  /** Sets all bits to 0. */
  clear(): void {
    for (const chunk of this.#chunks) chunk.fill(0);
  }

  /** The bits of 32 columns. */
  word(row: number, plane: number, word: number): number {
    return this.#chunks[Math.floor(row / CHUNK_ROWS)]![this.#at(row, plane) + word]!;
  }

  /** Sets the bits of 32 columns. */
  setWord(row: number, plane: number, word: number, bits: number): void {
    this.#chunks[Math.floor(row / CHUNK_ROWS)]![this.#at(row, plane) + word] = bits;
  }

  /** One bit. */
  has(row: number, plane: number, column: number): boolean {
    return (this.word(row, plane, column >>> 5) >>> (column & 31) & 1) === 1;
  }

  /** Sets one bit. */
  set(row: number, plane: number, column: number, value: boolean): void {
    const word = this.word(row, plane, column >>> 5);
    const bit = 1 << (column & 31);
    this.setWord(row, plane, column >>> 5, value ? word | bit : word & ~bit);
  }

  #at(row: number, plane: number): number {
    return ((row % CHUNK_ROWS) * this.#planes + plane) * this.#words;
  }

  #widen(words: number): void {
    const before = this.#words;
    this.#words = words;
    this.#chunks.forEach((chunk, i) => {
      const wider = new Uint32Array(CHUNK_ROWS * this.#planes * words);
      for (let plane = 0; plane < CHUNK_ROWS * this.#planes; plane++) {
        wider.set(chunk.subarray(plane * before, (plane + 1) * before), plane * words);
      }
      this.#chunks[i] = wider;
    });
  }
}

/** Calls back for each bit that is 1, with its index from 0 to 31. */
export function eachBit(bits: number, call: (index: number) => void): void {
  for (let rest = bits; rest !== 0; rest &= rest - 1) call(lowestBit(rest));
}

/** The index of the lowest bit that is 1. @param bits not 0 */
export function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
