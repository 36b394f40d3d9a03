import { type LineSink, LineWriter } from "../line_writer.ts";

/**
 * What workers write to their standard output, on the one of their parent: whole lines, after the
 * one in which the parent says where they listen. Those that are not taken are counted.
 */
export class CrewOutput {
  readonly #lines: LineWriter;
  readonly #begun = Promise.withResolvers<void>();
  #dropped = 0;

  /** Writes nothing before it is to begin. */
  constructor(sink: LineSink) {
    const write = (octets: Uint8Array) => this.#begun.promise.then(() => sink.write(octets));
    this.#lines = new LineWriter({ write });
  }

  /** How many lines were dropped until now. */
  get dropped(): number {
    return this.#dropped;
  }

  /** From now on it writes. */
  begin(): void {
    this.#begun.resolve();
  }

  /** Adds whole lines, without the last line end. */
  readonly write = (lines: string): void => {
    if (!this.#lines.write(lines)) this.#dropped += lines.split("\n").length;
  };

  /** Writes all that was added, as `LineWriter.flush`. */
  async flush(withinMs: number): Promise<void> {
    await this.#lines.flush(withinMs);
  }
}
