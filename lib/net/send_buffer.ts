/** How much goes out at a time, at the most, unless it came in one piece. */
export const SEND_BYTES: number = 16 * 1024;

const encoder = new TextEncoder();

/** Memory that is not in use: only a connection with something to send needs some. */
const spares: Uint8Array<ArrayBuffer>[] = [];
const MOST_SPARES = 64;

/** What is to be sent, in its order, collected so that it can go in one write. */
export class SendBuffer {
  #memory: Uint8Array<ArrayBuffer> | undefined;
  #byteCount = 0;
  /** What follows the bytes. It stays text until it is sent: 16 replies are encoded in one call. */
  #text = "";
  #taken: Uint8Array<ArrayBuffer> | undefined;

  /** How many bytes there are to send. */
  get length(): number {
    return this.#byteCount + this.#text.length;
  }

  /** Adds text, which is to be ASCII. */
  addText(text: string): void {
    this.#text += text;
  }

  /** Adds a copy of bytes, for which there must be room: `SEND_BYTES` in all. */
  addBytes(bytes: Uint8Array): void {
    this.#settleText();
    this.#memory ??= spares.pop() ?? new Uint8Array(SEND_BYTES);
    this.#memory.set(bytes, this.#byteCount);
    this.#byteCount += bytes.length;
  }

  /**
   * Takes out all that there is. It is good until `release`.
   *
   * @throws {TypeError} when text is not ASCII: a bug of the caller
   */
  take(): Uint8Array<ArrayBuffer> {
    this.#settleText();
    const taken = this.#taken = this.#memory!;
    const count = this.#byteCount;
    this.#memory = undefined;
    this.#byteCount = 0;
    return taken.subarray(0, count);
  }

  /** What was taken has been sent. */
  release(): void {
    const isOrdinary = this.#taken?.length === SEND_BYTES;
    if (isOrdinary && spares.length < MOST_SPARES) spares.push(this.#taken!);
    this.#taken = undefined;
  }

  /** Text becomes bytes; what is longer than usual gets memory of its own. */
  #settleText(): void {
    const text = this.#text;
    if (text === "") return;
    this.#text = "";
    const before = this.#byteCount;
    const after = before + text.length;
    let memory = this.#memory ?? spares.pop() ?? new Uint8Array(SEND_BYTES);
    if (after > memory.length) {
      const larger = new Uint8Array(after);
      larger.set(memory.subarray(0, before));
      memory = larger;
    }
    this.#memory = memory;
    const { read, written } = encoder.encodeInto(
      text,
      before === 0 ? memory : memory.subarray(before),
    );
    if (written !== text.length || read !== written) {
      throw new TypeError("Cannot send text that is not ASCII");
    }
    this.#byteCount = after;
  }
}
