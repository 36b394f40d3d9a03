/** The size of the buffer. */
export const SEND_BYTES: number = 16 * 1024;

const encoder = new TextEncoder();

/** Unused memory: only connections with something to send have a buffer. */
const spares: Uint8Array<ArrayBuffer>[] = [];
const MOST_SPARES = 64;

/** Collects what is to be sent, so that it leaves in one write. */
export class SendBuffer {
  #memory: Uint8Array<ArrayBuffer> | undefined;
  #byteCount = 0;
  /** Follows the bytes. It is encoded when it is sent, so that 16 replies need one call. */
  #text = "";
  #taken: Uint8Array<ArrayBuffer> | undefined;

  get length(): number {
    return this.#byteCount + this.#text.length;
  }

  /** Adds text in ASCII. */
  addText(text: string): void {
    this.#text += text;
  }

  /** Adds a copy of bytes, up to `SEND_BYTES` in all. */
  addBytes(bytes: Uint8Array): void {
    this.#settleText();
    this.#memory ??= spares.pop() ?? new Uint8Array(SEND_BYTES);
    this.#memory.set(bytes, this.#byteCount);
    this.#byteCount += bytes.length;
  }

  /**
   * Takes everything; valid until `release`.
   *
   * @throws {TypeError} if text is not ASCII
   */
  take(): Uint8Array<ArrayBuffer> {
    this.#settleText();
    const taken = this.#taken = this.#memory!;
    const count = this.#byteCount;
    this.#memory = undefined;
    this.#byteCount = 0;
    return taken.subarray(0, count);
  }

  /** To be called when what was taken has been sent. */
  release(): void {
    const isOrdinary = this.#taken?.length === SEND_BYTES;
    if (isOrdinary && spares.length < MOST_SPARES) spares.push(this.#taken!);
    this.#taken = undefined;
  }

  /** Encodes the text; if it does not fit, into larger memory. */
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
