import { CR, decodeLatin1, LF, type OctetClass, ProtocolError } from "./grammar.ts";
import { type Reading, STRICT } from "./limits.ts";

/** The initial size of a server's buffer: most heads are smaller. */
export const RECEIVE_BYTES: number = 1024;

/** The size up to which the buffer grows for peers that send much at once. */
const MOST_BYTES = 4 * 1024;

const NOTHING = new Uint8Array(0);

/** Decoded at once, if the line is not longer: a call costs 90 ns. */
const DECODED_BYTES = 1024;

/**
 * Memory of closed connections. Clearing new memory and collecting the old would be an eighth of the
 * cost of a connection with one request.
 */
const spares: Uint8Array<ArrayBuffer>[] = [];
const MOST_SPARES = 256;

/**
 * What has arrived on a connection and was not taken yet. Readers take lines and bytes from the front;
 * the result does not depend on how TCP split them.
 */
export class ReceiveBuffer {
  readonly #leastBytes: number;
  #memory: Uint8Array<ArrayBuffer>;
  #start = 0;
  #end = 0;
  #takenBytes = 0;
  /** The text of the memory from `#textStart` on, as far as it was needed. */
  #text = "";
  #textStart = 0;
  /** How far the first line was searched. */
  #searched = 0;

  /** @param leastBytes its size, unless a message needs more */
  constructor(leastBytes: number = RECEIVE_BYTES) {
    this.#leastBytes = leastBytes;
    const spare = leastBytes === RECEIVE_BYTES ? spares.pop() : undefined;
    this.#memory = spare ?? new Uint8Array(leastBytes);
  }

  get length(): number {
    return this.#end - this.#start;
  }

  get takenBytes(): number {
    return this.#takenBytes;
  }

  /** A view of what can be taken, valid until `makeRoom`. */
  get bytes(): Uint8Array {
    return this.#memory.subarray(this.#start, this.#end);
  }

  /** Takes at most `length` bytes: a view that is valid until `makeRoom`. */
  take(count: number): Uint8Array {
    const bytes = this.#memory.subarray(this.#start, this.#start + count);
    this.#advance(count);
    return bytes;
  }

  /**
   * Takes a line (RFC 9112 §2.2). A CR without LF is an error, and so is, in strict reading, a LF
   * without CR. Each byte is checked once, in order.
   *
   * @param limit bytes of the line without its end
   * @param tooLong makes the error for a longer one
   * @returns its text without its end, one character a byte; undefined if more is needed
   * @throws {ProtocolError} if it contains other octets, or is too long
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

  /** Takes a text, one character a byte, if it is at the front; whether it was. */
  takeIf(text: string): boolean {
    if (this.length < text.length || this.#textOf(text.length) !== text) return false;
    this.#advance(text.length);
    return true;
  }

  /** The text of the bytes that were taken last; empty if not all of it was kept. */
  lastTaken(count: number): string {
    const end = this.#start - this.#textStart;
    return count <= end && end <= this.#text.length ? this.#text.slice(end - count, end) : "";
  }

  /**
   * Room to read into; what is left moves to the front. Memory is doubled if it is full, and, within
   * limits, if the last read filled it: then 16 pipelined requests need one read instead of two. Memory
   * for one large head is given back.
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

  /** Adds what was read into the room that was made. */
  add(count: number): void {
    this.#end += count;
  }

  /** Gives the memory to other connections. To be called once, when no read is pending. */
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

  /** The length of the line end at this position; undefined if it has not all arrived. */
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

  #moveTo(memory: Uint8Array<ArrayBuffer>): void {
    if (this.length > 0) memory.set(this.#memory.subarray(this.#start, this.#end));
    this.#text = "";
    this.#textStart = 0;
    this.#memory = memory;
    this.#end -= this.#start;
    this.#start = 0;
  }
}
