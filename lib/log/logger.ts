import { escapeControls, escapeControlsInJson } from "./console.ts";
import { type FaultContext, faultRecord, faultText } from "./fault.ts";
import { LAST_LINES_MS, LineWriter, lostRecord, lostText } from "./line_writer.ts";

/** Errors per `ERRORS_MS`: each is long, and every request may cause one. */
const MOST_ERRORS = 20;
const ERRORS_MS = 60_000;

/**
 * Log of a role on standard error: lines of text, or JSON with the time. It never blocks: if the reader
 * stalls, lines are dropped, and their number is logged when it reads again. Dispose of it before the
 * process ends.
 */
export class Logger implements AsyncDisposable {
  readonly #name: string;
  readonly #isJson: boolean;
  readonly #epochMs: () => number;
  readonly #lines: LineWriter;
  #dropped = 0;

  /** @param name the role, at the beginning of every line of text */
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

  /** Logs a message; `record` is for JSON, with `event` and its details. */
  readonly info = (text: string, record: object = { event: "notice", message: text }): void => {
    if (!this.#write(this.#line(text, record))) this.#dropped++;
  };

  readonly #errors = new LogThrottle(this.info, ERRORS_MS, MOST_ERRORS);

  /** Logs an unexpected error with stack and causes; beyond a limit only the number. Never throws. */
  readonly error = (error: unknown, context?: FaultContext): void => {
    this.#errors.info(faultText(error, context), this.#epochMs(), faultRecord(error, context));
  };

  /** Logs lines of a worker's log as they are, and other lines as messages. */
  readonly relay = (lines: string): void => {
    for (const line of lines.split("\n")) {
      const isOwn = line.startsWith(this.#isJson ? "{" : `${this.#name}: `);
      if (!isOwn) this.info(line);
      else if (!this.#write(escapeControls(line))) this.#dropped++;
    }
  };

  /** Waits until all is written, at most a second. */
  async flush(): Promise<void> {
    await this.#lines.flush(LAST_LINES_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush();
    if (this.#dropped > 0 && this.#logDropped()) await this.flush();
  }

  #logDropped(): boolean {
    const record = { event: "dropped", lines: this.#dropped };
    const text = `${this.#dropped} lines of this were not taken by its reader`;
    const isWritten = this.#lines.write(this.#line(text, record));
    if (isWritten) this.#dropped = 0;
    return isWritten;
  }

  #write(line: string): boolean {
    if (this.#dropped > 0) this.#logDropped();
    return this.#lines.write(line);
  }

  #line(text: string, record: object): string {
    if (!this.#isJson) return escapeControls(`${this.#name}: ${text}`);
    const members = { time: new Date(this.#epochMs()).toISOString(), ...record };
    return escapeControlsInJson(JSON.stringify(members, rounded));
  }
}

/** Numbers to three decimals, shares to six. */
function rounded(name: string, value: unknown): unknown {
  if (typeof value !== "number") return value;
  const parts = name === "share" ? 1e6 : 1e3;
  return Math.round(value * parts) / parts;
}

/** Limits how often messages are logged that clients can cause, and counts the others. */
export class LogThrottle {
  readonly #info: (message: string, record?: object) => void;
  readonly #intervalMs: number;
  readonly #most: number;
  #begunAt = -Infinity;
  #logged = 0;
  #omitted = 0;

  /** @param most messages in `intervalMs` */
  constructor(
    info: (message: string, record?: object) => void,
    intervalMs: number,
    most: number = 1,
  ) {
    this.#info = info;
    this.#intervalMs = intervalMs;
    this.#most = most;
  }

  /** Logs the message and the number of those omitted before it, or omits it as well. */
  info(message: string, epochMs: number, record?: object): void {
    if (epochMs < this.#begunAt || epochMs - this.#begunAt >= this.#intervalMs) {
      this.#begunAt = epochMs;
      this.#logged = 0;
    }
    if (this.#logged >= this.#most) return void this.#omitted++;
    this.#logged++;
    const more = this.#omitted;
    this.#omitted = 0;
    const text = more === 0 ? message : `${message} (and ${more} more before)`;
    if (record === undefined) this.#info(text);
    else this.#info(text, more === 0 ? record : { ...record, more });
  }
}
