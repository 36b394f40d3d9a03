const NOTHING = new Uint8Array(0);

/** What a server reads at a time at first, in octets: most heads are smaller. */
export const INPUT_BYTES: number = 1024;

/** What is read at a time for a peer that has sent more than that at once. */
const MOST_BYTES = 4 * 1024;

/**
 * Memory of connections that have ended. To clear new memory for each connection, and to collect
 * the old, would be an eighth of what one with a single request costs.
 */
const spares: Uint8Array<ArrayBuffer>[] = [];
const MOST_SPARES = 256;

/** What has arrived on a connection and was not consumed yet. */
export class InputBuffer {
  readonly #leastBytes: number;
  #memory: Uint8Array<ArrayBuffer>;
  #start = 0;
  #end = 0;
  #received: Uint8Array<ArrayBuffer> = NOTHING;

  /** An empty one with room for so many octets; it grows when a message needs it. */
  constructor(leastBytes: number = INPUT_BYTES) {
    this.#leastBytes = leastBytes;
    const spare = leastBytes === INPUT_BYTES ? spares.pop() : undefined;
    this.#memory = spare ?? new Uint8Array(leastBytes);
  }

  /** All that is kept of what has arrived; another view after each arrival, and good until then. */
  get received(): Uint8Array {
    return this.#received;
  }

  /** How many of the octets in `received` were consumed. */
  get consumed(): number {
    return this.#start;
  }

  /** Whether there are octets that were not consumed. */
  get hasBuffered(): boolean {
    return this.#end > this.#start;
  }

  /** What was not consumed: a view that is good until the next arrival. */
  get buffered(): Uint8Array {
    return this.#received.subarray(this.#start);
  }

  /** Takes octets from the front of `buffered`. */
  consume(count: number): void {
    this.#start += count;
  }

  /**
   * Room to read into: what is left moves to the front. Memory that is full of it is doubled, and so
   * is, within bounds, memory that the last read filled, since there is more to come: that way 16
   * pipelined requests come in one read instead of two. What one large head needed is given back.
   */
  makeRoom(): Uint8Array<ArrayBuffer> {
    const left = this.#end - this.#start;
    const size = this.#memory.length;
    const isFull = this.#end === size;
    if (left === size || (isFull && size < MOST_BYTES)) {
      this.#moveTo(new Uint8Array(size * 2));
    } else if (left === 0 && size > Math.max(MOST_BYTES, this.#leastBytes)) {
      this.#moveTo(new Uint8Array(this.#leastBytes));
    } else {
      this.#moveTo(this.#memory);
    }
    this.#received = left === 0 ? NOTHING : this.#memory.subarray(0, left);
    return left === 0 ? this.#memory : this.#memory.subarray(left);
  }

  /** So many octets have arrived in the room that was made. */
  add(count: number): void {
    this.#end += count;
    this.#received = this.#memory.subarray(0, this.#end);
  }

  /** Lets another connection have the memory. Only when nobody reads into it any more, and once. */
  release(): void {
    const isAlike = this.#memory.length === INPUT_BYTES;
    if (isAlike && spares.length < MOST_SPARES) spares.push(this.#memory);
    this.#memory = NOTHING;
    this.#received = NOTHING;
    this.#start = this.#end = 0;
  }

  /** What is left goes to the front of this memory. */
  #moveTo(memory: Uint8Array<ArrayBuffer>): void {
    if (this.#end > this.#start) memory.set(this.#memory.subarray(this.#start, this.#end));
    this.#memory = memory;
    this.#end -= this.#start;
    this.#start = 0;
  }
}
