import { deadline } from "@std/async/deadline";
import { delay } from "@std/async/delay";

/** So much does not wait for more, lest a burst be dropped. */
const FLUSH_LENGTH = 64 * 1024;
/** So much may wait for the reader. */
const MOST_WAITING = 1024 * 1024;
/** When a full pipe that another process made non-blocking is tried again. */
const RETRY_MS = 10;
/** When a sink that has failed, such as a file on a full disk, is tried again. */
const FAILED_RETRY_MS = 1000;

/**
 * The most that a pipe takes whole or not at all (PIPE_BUF on Linux), and as many characters as fit
 * into that in any case. When Deno's write fails it says neither how much was written before nor
 * what it keeps, up to 1 KiB, to write it before what comes next.
 */
const SAFE_BYTES = 4096;
const SAFE_LENGTH = SAFE_BYTES / 4;

/** How long the reader of lines may take for the last ones, when the process is to end. */
export const LAST_LINES_MS = 1000;

/** What lines are written to, such as `Deno.stdout`. */
export interface LineSink {
  /** Writes some of the bytes and resolves with how many; rejects when it cannot. */
  write(bytes: Uint8Array): Promise<number>;
}

/** Lines that a failing sink has not taken. */
export interface LostLines {
  /** How many. */
  readonly count: number;
  /** Why, as the system says it. */
  readonly reason: string;
}

/** A line that stands where others are missing. */
export type GapLine = (lost: LostLines) => string;

/** What is said of lost lines, in words. */
export function lostText({ count, reason }: LostLines): string {
  return `${count} log ${count === 1 ? "line was" : "lines were"} lost: ${reason}`;
}

/** The same for programs. */
export function lostRecord({ count, reason }: LostLines): object {
  return { event: "lost", lines: count, reason };
}

/**
 * Writes whole lines, many at a time, without waiting for their reader: of one that stalls,
 * what is beyond 1 MiB is dropped. A sink that fails is tried again once a second, with what waits
 * for it, up to 1 MiB. What is beyond that is lost, and so are lines of which it cannot be known
 * whether they were written; a line in their place says how many. One stream needs one of these,
 * lest lines be mixed.
 */
export class LineWriter {
  /** Makes the line that stands where others got lost. */
  gapLine: GapLine = lostText;
  readonly #sink: LineSink;
  readonly #delayMs: number;
  #lines = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<void> | undefined;
  /** Why the sink has failed; undefined while it takes what it is given. */
  #failure: string | undefined;
  /** Whether it has ever failed: from then on no more is risked at a time than need be. */
  #isCareful = false;
  /** How many lines got lost before those that wait, and why. */
  #lostBefore = 0;
  #reason = "";
  /** How many got lost behind them. */
  #lostBehind = 0;

  /**
   * Writes nothing yet, and never closes the sink.
   *
   * @param delayMs how long lines wait for others, so that few writes are needed; 0 for not at all
   */
  constructor(sink: LineSink, delayMs = 0) {
    this.#sink = sink;
    this.#delayMs = delayMs;
  }

  /** Whether so much waits for a reader that stalls that the next line would be dropped. */
  get isFull(): boolean {
    return this.#failure === undefined && this.#lines.length > MOST_WAITING;
  }

  /**
   * All lines that a sink which has failed did not take and of which no line tells, if any: to be
   * asked for at the end, after `flush`.
   */
  get lost(): LostLines | undefined {
    if (this.#failure === undefined) return undefined;
    const count = this.#lostBefore + countLineEnds(this.#lines) + this.#lostBehind;
    return count > 0 ? { count, reason: this.#reason } : undefined;
  }

  /**
   * Adds one line or several, without the last line end, to what is written next. Never throws on
   * account of the sink.
   *
   * @returns false when they are dropped since the reader stalls
   */
  write(lines: string): boolean {
    if (this.#lines.length > MOST_WAITING) {
      if (this.#failure === undefined) return false;
      this.#lostBehind += countLineEnds(lines) + 1;
      return true;
    }
    this.#lines += `${lines}\n`;
    if (this.#writing !== undefined || this.#failure !== undefined) return true;
    if (this.#delayMs === 0 || this.#lines.length >= FLUSH_LENGTH) this.#write();
    else if (this.#timer === undefined) this.#writeAfter(this.#delayMs);
    return true;
  }

  /**
   * Writes all that was added; to be called before the process ends. Never rejects.
   *
   * @param withinMs how long the sink may take; what it has not taken by then is lost, and so is
   *     what is left when it fails
   */
  async flush(withinMs: number): Promise<void> {
    await deadline(this.#write(), withinMs).catch(() => {});
  }

  #writeAfter(ms: number): void {
    this.#timer = setTimeout(() => void this.#write(), ms);
    Deno.unrefTimer(this.#timer);
  }

  #write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#lines !== "" || this.#failure !== undefined) this.#writing ??= this.#writeLines();
    return this.#writing ?? Promise.resolve();
  }

  /** Never rejects. */
  async #writeLines(): Promise<void> {
    try {
      // A line that may have been cut is ended first, by what can only be taken whole.
      if (this.#failure !== undefined) await this.#writeAll("\n");
      for (;;) {
        if (this.#lostBefore > 0) await this.#writeGap();
        else if (this.#lines !== "") await this.#writePiece();
        else if (this.#lostBehind > 0) {
          this.#lostBefore = this.#lostBehind;
          this.#lostBehind = 0;
        } else break;
      }
      this.#failure = undefined;
    } catch (error) {
      this.#failure = this.#reason = reasonOf(error);
      this.#isCareful = true;
      this.#writeAfter(FAILED_RETRY_MS);
    }
    this.#writing = undefined; // At once: a line that is added from now on begins a write.
  }

  async #writeGap(): Promise<void> {
    const count = this.#lostBefore;
    await this.#writeAll(`${this.gapLine({ count, reason: this.#reason })}\n`);
    this.#lostBefore -= count;
  }

  async #writePiece(): Promise<void> {
    let length = this.#lines.length;
    if (this.#isCareful && length > SAFE_LENGTH) {
      const end = this.#lines.lastIndexOf("\n", SAFE_LENGTH - 1);
      length = 1 + (end < 0 ? this.#lines.indexOf("\n") : end);
    }
    const piece = this.#lines.slice(0, length);
    this.#lines = this.#lines.slice(length);
    try {
      await this.#writeAll(piece);
    } catch (error) {
      this.#lostBefore += countLineEnds(piece);
      throw error;
    }
  }

  async #writeAll(text: string): Promise<void> {
    let bytes = encoder.encode(text);
    while (bytes.length > 0) bytes = bytes.subarray(await this.#writeSome(bytes));
  }

  async #writeSome(bytes: Uint8Array): Promise<number> {
    try {
      const count = await this.#sink.write(bytes);
      if (count === 0) throw new Error("nothing was taken");
      return count;
    } catch (error) {
      const isUntouched = error instanceof Deno.errors.WouldBlock && bytes.length <= SAFE_BYTES;
      if (!isUntouched) throw error;
      await delay(RETRY_MS);
      return 0;
    }
  }
}

/** The system's own words. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/ \(os error [0-9]+\)$/, "");
}

function countLineEnds(text: string): number {
  return text.split("\n").length - 1;
}

const encoder = new TextEncoder();
