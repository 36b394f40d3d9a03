import { CR, decodeLatin1, LF, type OctetClass, ProtocolError } from "./grammar.ts";
import { type Reading, STRICT } from "./limits.ts";

/** What a server reads at a time at first, in bytes: most heads are smaller. */
export const RECEIVE_BYTES: number = 1024;

/** What is read at a time from a peer that has sent more than that at once. */
const MOST_BYTES = 4 * 1024;

const NOTHING = new Uint8Array(0);

/** How much is decoded at once, if the line is not longer: one call costs 90 ns. */
const DECODED_BYTES = 1024;

/**
 * Memory of connections that have ended. To clear new memory for each connection, and to collect
 * the old, would be an eighth of what one with a single request costs.
 */
const spares: Uint8Array<ArrayBuffer>[] = [];
const MOST_SPARES = 256;

/**
 * What has arrived and was not taken yet, of one connection. Readers take lines and bytes from its
 * front; what they take does not depend on how TCP split it.
 */
export class ReceiveBuffer {
  readonly #leastBytes: number;
  #memory: Uint8Array<ArrayBuffer>;
  #start = 0;
  #end = 0;
  #takenBytes = 0;
  /** The text of what stands in the memory from `#textStart` on, as far as it was needed. */
  #text = "";
  #textStart = 0;
  /** How far the first line was searched for its end. */
  #searched = 0;

  /** An empty one with room for so many bytes; it grows when a message needs it. */
  constructor(leastBytes: number = RECEIVE_BYTES) {
    this.#leastBytes = leastBytes;
    const spare = leastBytes === RECEIVE_BYTES ? spares.pop() : undefined;
    this.#memory = spare ?? new Uint8Array(leastBytes);
  }

  /** How many bytes are there to be taken. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** How many bytes were taken until now. */
  get takenBytes(): number {
    return this.#takenBytes;
  }

  /** What is there to be taken: a view that is good until `makeRoom`. */
  get bytes(): Uint8Array {
    return this.#memory.subarray(this.#start, this.#end);
  }

  /**
   * Takes bytes from the front.
   *
   * @param count at most `length`
   * @returns a view of them that is good until `makeRoom`
   */
  take(count: number): Uint8Array {
    const bytes = this.#memory.subarray(this.#start, this.#start + count);
    this.#advance(count);
    return bytes;
  }

  /**
   * Takes a line (RFC 9112 §2.2). A CR without its LF is an error, and so is, in strict reading, a
   * LF without its CR. The bytes are judged in their order, each once.
   *
   * @param limit bytes that the line may have, its end not counted
   * @param tooLong makes the error for a longer one
   * @param lineOctet what the line may hold, where that is not what all may
   * @returns its text without its end, one character a byte; undefined when more is needed
   * @throws {ProtocolError} when it holds what no line may hold, or is too long
   */
  line(
    limit: number,
    tooLong: () => ProtocolError,
    reading: Reading = STRICT,
    lineOctet: OctetClass = reading.lineOctet,
  ): string | undefined {
    const memory = this.#memory;
    const last = Math.min(this.#end, this.#start + limit);
    let at = this.#start + this.#searched;
    while (at < last && lineOctet[memory[at]!] === 1) at++;
    this.#searched = at - this.#start;
    if (at === this.#end) return undefined;
    if (lineOctet[memory[at]!] === 1) throw tooLong();
    const endBytes = this.#lineEnd(at, reading);
    if (endBytes === undefined) return undefined;
    const line = this.#textOf(at - this.#start);
    this.#advance(line.length + endBytes);
    return line;
  }

  /**
   * Takes a text if it stands at the front.
   *
   * @param text one character a byte
   * @returns whether it did
   */
  takeIf(text: string): boolean {
    if (this.length < text.length || this.#textOf(text.length) !== text) return false;
    this.#advance(text.length);
    return true;
  }

  /** The text of so many bytes that were taken last; empty when not all of it was kept. */
  lastTaken(count: number): string {
    const end = this.#start - this.#textStart;
    return count <= end && end <= this.#text.length ? this.#text.slice(end - count, end) : "";
  }

  /**
   * Room to read into: what is left moves to the front. Memory that is full of it is doubled, and so
   * is, within bounds, memory that the last read filled, since there is more to come: that way 16
   * pipelined requests come in one read instead of two. What one large head needed is given back.
   */
  makeRoom(): Uint8Array<ArrayBuffer> {
    const left = this.length;
    const size = this.#memory.length;
    const isFull = this.#end === size;
    if (left === size || (isFull && size < MOST_BYTES)) {
      this.#moveTo(new Uint8Array(size * 2));
    } else if (left === 0 && size > Math.max(MOST_BYTES, this.#leastBytes)) {
      this.#moveTo(new Uint8Array(this.#leastBytes));
    } else {
      this.#moveTo(this.#memory);
    }
    return left === 0 ? this.#memory : this.#memory.subarray(left);
  }

  /** So many bytes have arrived in the room that was made. */
  add(count: number): void {
    this.#end += count;
  }

  /** Lets another connection have the memory. Only when nothing is read into it any more, and once. */
  release(): void {
    const isAlike = this.#memory.length === RECEIVE_BYTES;
    if (isAlike && spares.length < MOST_SPARES) spares.push(this.#memory);
    this.#memory = NOTHING;
    this.#start = this.#end = this.#textStart = 0;
    this.#text = "";
  }

  #advance(count: number): void {
    this.#start += count;
    this.#takenBytes += count;
    this.#searched = 0;
  }

  /** The text of so many bytes at the front. */
  #textOf(count: number): string {
    const at = this.#start - this.#textStart;
    if (at + count > this.#text.length) {
      const until = Math.min(this.#end, this.#start + Math.max(count, DECODED_BYTES));
      this.#text = decodeLatin1(this.#memory, this.#start, until);
      this.#textStart = this.#start;
      return this.#text.slice(0, count);
    }
    return this.#text.slice(at, at + count);
  }

  /** How long the line end is that begins there; undefined when it is not all there. */
  #lineEnd(at: number, { takesBareLf }: Reading): number | undefined {
    const byte = this.#memory[at];
    if (byte === CR) {
      if (at + 1 === this.#end) return undefined;
      if (this.#memory[at + 1] === LF) return 2;
      throw new ProtocolError("A CR stands without its LF.");
    }
    if (byte !== LF) throw new ProtocolError("A line holds a control character.");
    if (takesBareLf) return 1;
    throw new ProtocolError("A line ends in a bare LF, where CR LF is needed.");
  }

  /** What is left goes to the front of this memory. */
  #moveTo(memory: Uint8Array<ArrayBuffer>): void {
    if (this.length > 0) memory.set(this.#memory.subarray(this.#start, this.#end));
    this.#text = "";
    this.#textStart = 0;
    this.#memory = memory;
    this.#end -= this.#start;
    this.#start = 0;
  }
}
