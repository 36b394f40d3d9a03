import { escapeControls, escapeControlsInJson } from "./console.ts";
import { type FaultContext, faultRecord, faultText } from "./fault.ts";
import { LAST_LINES_MS, LineWriter, lostRecord, lostText } from "./line_writer.ts";

/** Errors logged per `ERRORS_MS`: each is long, and every request may bring one. */
const MOST_ERRORS = 20;
const ERRORS_MS = 60_000;

/**
 * Log of a role on standard error: lines of text, or of JSON with the time. It never blocks: lines
 * that a stalled reader does not take are dropped, and their number is logged when it reads again.
 * Dispose of it before the process ends.
 */
export class Logger implements AsyncDisposable {
  readonly #name: string;
  readonly #isJson: boolean;
  readonly #epochMs: () => number;
  readonly #lines: LineWriter;
  #dropped = 0;

  /**
   * Writes nothing yet.
   *
   * @param name that of the role, before every line of text
   * @param epochMs the clock
   */
  constructor(
    name: string,
    isJson: boolean,
    epochMs: () => number,
    lines: LineWriter = new LineWriter(Deno.stderr),
  ) {
    this.#name = name;
    this.#isJson = isJson;
    this.#epochMs = epochMs;
    this.#lines = lines;
    lines.gapLine = (lost) => this.#line(lostText(lost), lostRecord(lost));
  }

  /**
   * Logs a message.
   *
   * @param words for people
   * @param record the same for programs: `event` and what belongs to it
   */
  readonly info = (words: string, record: object = { event: "notice", message: words }): void => {
    if (!this.#write(this.#line(words, record))) this.#dropped++;
  };

  readonly #errors = new LogThrottle(this.info, ERRORS_MS, MOST_ERRORS);

  /**
   * Logs an unexpected error with its stack and causes; beyond `MOST_ERRORS` per minute only their
   * number. Never throws.
   *
   * @param context what was under way
   */
  readonly error = (error: unknown, context?: FaultContext): void => {
    this.#errors.info(faultText(error, context), this.#epochMs(), faultRecord(error, context));
  };

  /**
   * Says what a worker of this role said, as it did; what is in another form, as such logger.
   *
   * @param lines whole ones, without the last line end
   */
  readonly relay = (lines: string): void => {
    for (const line of lines.split("\n")) {
      const isOwn = line.startsWith(this.#isJson ? "{" : `${this.#name}: `);
      if (!isOwn) this.info(line);
      else if (!this.#write(escapeControls(line))) this.#dropped++;
    }
  };

  /** Waits until all is written, but for a reader that has stalled no more than a second. */
  async flush(): Promise<void> {
    await this.#lines.flush(LAST_LINES_MS);
  }

  /** The same at the end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush();
    if (this.#dropped > 0 && this.#tellDropped()) await this.flush();
  }

  #tellDropped(): boolean {
    const record = { event: "dropped", lines: this.#dropped };
    const words = `${this.#dropped} lines of this were not taken by its reader`;
    const isSaid = this.#lines.write(this.#line(words, record));
    if (isSaid) this.#dropped = 0;
    return isSaid;
  }

  #write(line: string): boolean {
    if (this.#dropped > 0) this.#tellDropped();
    return this.#lines.write(line);
  }

  #line(words: string, record: object): string {
    if (!this.#isJson) return escapeControls(`${this.#name}: ${words}`);
    const members = { time: new Date(this.#epochMs()).toISOString(), ...record };
    return escapeControlsInJson(JSON.stringify(members, rounded));
  }
}

/** Numbers to three decimals, shares of the whole to six: more mean nothing. */
function rounded(name: string, value: unknown): unknown {
  if (typeof value !== "number") return value;
  const parts = name === "share" ? 1e6 : 1e3;
  return Math.round(value * parts) / parts;
}

/** Limits how often messages are logged that clients can provoke; counts those left out. */
export class LogThrottle {
  readonly #info: (message: string, record?: object) => void;
  readonly #intervalMs: number;
  readonly #most: number;
  #begunAt = -Infinity;
  #told = 0;
  #kept = 0;

  /** Logs by `tell`, at most `most` messages in `intervalMs`. */
  constructor(
    info: (message: string, record?: object) => void,
    intervalMs: number,
    most: number = 1,
  ) {
    this.#info = info;
    this.#intervalMs = intervalMs;
    this.#most = most;
  }

  /**
   * Logs the message, with the number of those left out before it; leaves it out when the limit of
   * the interval is reached.
   *
   * @param epochMs the present
   * @param record the same for programs
   */
  info(message: string, epochMs: number, record?: object): void {
    if (epochMs < this.#begunAt || epochMs - this.#begunAt >= this.#intervalMs) {
      this.#begunAt = epochMs;
      this.#told = 0;
    }
    if (this.#told >= this.#most) return void this.#kept++;
    this.#told++;
    const more = this.#kept;
    this.#kept = 0;
    const words = more === 0 ? message : `${message} (and ${more} more before)`;
    if (record === undefined) this.#info(words);
    else this.#info(words, more === 0 ? record : { ...record, more });
  }
}
