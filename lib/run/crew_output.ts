import { accessGapLine } from "../access_log.ts";
import type { LogFormat } from "../access_event.ts";
import { type LineSink, LineWriter, type LostLines } from "../line_writer.ts";

/**
 * What workers write to their standard output, on the one of their parent: whole lines, after the
 * one in which the parent says where they listen. Those that are not taken are counted.
 */
export class CrewOutput {
  readonly #lines: LineWriter;
  /** What came before it was to begin. */
  #early: string[] | undefined = [];
  #dropped = 0;

  /**
   * Writes nothing before it is to begin.
   *
   * @param format that of the lines
   */
  constructor(sink: LineSink, format: LogFormat) {
    this.#lines = new LineWriter(sink);
    this.#lines.gapLine = accessGapLine(format);
  }

  /** How many lines were dropped until now. */
  get dropped(): number {
    return this.#dropped;
  }

  /** As `LineWriter.lost`. */
  get lost(): LostLines | undefined {
    return this.#lines.lost;
  }

  /** From now on it writes, this line first. */
  begin(firstLine: string): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const lines of [firstLine, ...early]) this.write(lines);
  }

  /** Adds whole lines, without the last line end. */
  readonly write = (lines: string): void => {
    if (this.#early !== undefined) this.#early.push(lines);
    else if (!this.#lines.write(lines)) this.#dropped += lines.split("\n").length;
  };

  /** Writes all that was added, as `LineWriter.flush`. */
  async flush(withinMs: number): Promise<void> {
    await this.#lines.flush(withinMs);
  }
}
