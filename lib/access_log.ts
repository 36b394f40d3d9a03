import { type AccessEvent, formatAccess, type LogFormat } from "./access_event.ts";
import { LineWriter } from "./line_writer.ts";

/** How long lines wait for others, in ms. */
const DELAY_MS = 100;

/** A writer of standard output, for an access log and what else is to come between its lines. */
export function standardOutput(): LineWriter {
  return new LineWriter(Deno.stdout, DELAY_MS);
}

/** An access log, a line for each event; those that its writer does not take are counted. */
export class AccessLog {
  readonly #format: LogFormat;
  readonly #lines: LineWriter;
  readonly #namesChosen: boolean;
  #dropped = 0;

  /**
   * A log in one format.
   *
   * @param lines where it goes, perhaps beside other lines
   * @param namesChosen whether lines tell whom the client was sent to
   */
  constructor(format: LogFormat, lines: LineWriter, namesChosen = false) {
    this.#format = format;
    this.#lines = lines;
    this.#namesChosen = namesChosen;
  }

  /** How many lines were dropped until now. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Adds the event's line. */
  record(event: AccessEvent): void {
    if (this.#format === "none") return;
    // First, since a line that is dropped need not be written.
    if (this.#lines.isFull) this.#dropped++;
    else this.#lines.write(formatAccess(event, this.#format, this.#namesChosen));
  }
}

/** Says, where that is so, that lines of access logs got lost. */
export function tellDropped(dropped: number, tell: (message: string) => void): void {
  if (dropped > 0) tell(`${dropped} lines of the access log were not taken by its reader`);
}
