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

  /** As `Octets`. */
  readAt(buffer: Uint8Array, position: number): number {
    const found = this.#octets.subarray(position, position + buffer.length);
    buffer.set(found);
    return found.length;
  }

  /** As `Octets`: there is nothing to free. */
  close(): void {}
}
