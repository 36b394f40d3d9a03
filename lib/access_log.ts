import type { AccessRecord } from "./net/access_record.ts";
import { formatAccess, type LogFormat } from "./access_event.ts";
import { type GapLine, LineWriter, type LostLines, lostRecord, lostText } from "./line_writer.ts";

/** How long lines wait for others, in ms. */
const DELAY_MS = 100;

/** A writer of standard output, for an access log and what else is to come between its lines. */
export function standardOutput(): LineWriter {
  return new LineWriter(Deno.stdout, DELAY_MS);
}

/** The line in an access log that stands where others got lost. */
export function accessGapLine(format: LogFormat): GapLine {
  if (format !== "json") return lostText;
  return (lost) => JSON.stringify({ time: new Date().toISOString(), ...lostRecord(lost) });
}

/** An access log, a line for each answered request; those that its writer does not take are counted. */
export class AccessLog {
  readonly #format: LogFormat;
  readonly #lines: LineWriter;
  readonly #isAnnotated: boolean;
  #dropped = 0;

  /**
   * A log in one format, and so is what its writer says of lost lines.
   *
   * @param lines where it goes, perhaps beside other lines
   * @param isAnnotated whether lines tell whom the client was sent to
   */
  constructor(format: LogFormat, lines: LineWriter, isAnnotated = false) {
    this.#format = format;
    this.#lines = lines;
    lines.gapLine = accessGapLine(format);
    this.#isAnnotated = isAnnotated;
  }

  /** How many lines were dropped until now. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Adds the record's line. */
  record(record: AccessRecord): void {
    if (this.#format === "none") return;
    // First, since a line that is dropped need not be written.
    if (this.#lines.isFull) this.#dropped++;
    else this.#lines.write(formatAccess(record, this.#format, this.#isAnnotated));
  }
}

/**
 * Says at the end, where that is so, that lines of access logs got lost.
 *
 * @param dropped those that their reader did not take
 * @param lost those that could not be written
 */
export function tellMissing(
  dropped: number,
  lost: LostLines | undefined,
  tell: (message: string, record?: object) => void,
): void {
  if (dropped > 0) tell(`${dropped} lines of the access log were not taken by its reader`);
  if (lost !== undefined) tell(lostText(lost), lostRecord(lost));
}
