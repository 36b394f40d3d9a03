import type { LineSink } from "../../lib/log/line_writer.ts";

/** Takes so many octets a write, or fails; waits before each if it is told to. */
export class MemorySink implements LineSink {
  /** All that it has taken. */
  text = "";
  /** How often it was written to. */
  writes = 0;
  readonly #decoder = new TextDecoder();

  /** @param errors by the number of the write */
  constructor(
    public most = Infinity,
    readonly errors: Readonly<Record<number, Error>> = {},
    readonly wait: Promise<void> = Promise.resolve(),
  ) {}

  /** Takes some octets. */
  async write(octets: Uint8Array): Promise<number> {
    const error = this.errors[this.writes++];
    await this.wait;
    if (error !== undefined) throw error;
    const taken = octets.subarray(0, this.most);
    this.text += this.#decoder.decode(taken, { stream: true });
    return taken.length;
  }
}
