import { deadline } from "@std/async/deadline";
import { delay } from "@std/async/delay";

/** More text is written at once, so that no burst is dropped. */
const FLUSH_LENGTH = 64 * 1024;
/** The most text that waits for the reader. */
const MOST_WAITING = 1024 * 1024;
/** Between attempts to write to a full pipe that another process made non-blocking. */
const RETRY_MS = 10;
/** Between attempts to write to a sink that has failed, such as a file on a full disk. */
const FAILED_RETRY_MS = 1000;

/**
 * The most that a pipe takes whole or not at all (PIPE_BUF on Linux), and a number of characters that
 * always fits. When Deno's `write` fails it tells neither how much was written nor what it keeps, up to
 * 1 KiB, to write it before the next data.
 */
const SAFE_BYTES = 4096;
const SAFE_LENGTH = SAFE_BYTES / 4;

/** How long the reader may take for the last lines before the process ends. */
export const LAST_LINES_MS = 1000;

/** What lines are written to, such as `Deno.stdout`. */
export interface LineSink {
  /** Writes some of the bytes; their number. */
  write(bytes: Uint8Array): Promise<number>;
}

/** Lines that a failing sink has not taken. */
export interface LostLines {
  readonly count: number;
  /** The system's message. */
  readonly reason: string;
}

/** Makes the line that replaces lost ones. */
export type GapLine = (lost: LostLines) => string;

/** The message about lost lines. */
export function lostText({ count, reason }: LostLines): string {
  return `${count} log ${count === 1 ? "line was" : "lines were"} lost: ${reason}`;
}

/** The same for programs. */
export function lostRecord({ count, reason }: LostLines): object {
  return { event: "lost", lines: count, reason };
}

/**
 * Writes whole lines, many at a time, without waiting for the reader: if it stalls, lines beyond 1 MiB
 * are dropped. If the sink fails, up to 1 MiB is kept, and writing is tried again once a second. Lines
 * beyond that are lost, and so are those that may have been written in part; a line in their place
 * tells their number. Each stream must have only one writer, so that lines are not mixed.
 */
export class LineWriter {
  gapLine: GapLine = lostText;
  readonly #sink: LineSink;
  readonly #delayMs: number;
  #lines = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<void> | undefined;
  /** Why the last write failed, if it did. */
  #failure: string | undefined;
  /** Whether a write ever failed: from then on pieces are small, so that less can be lost. */
  #isCareful = false;
  /** How many lines were lost before those in `#lines`, and why. */
  #lostBefore = 0;
  #reason = "";
  /** How many were lost after them. */
  #lostBehind = 0;

  /** @param delayMs how long lines wait for others, so that few writes are needed */
  constructor(sink: LineSink, delayMs = 0) {
    this.#sink = sink;
    this.#delayMs = delayMs;
  }

  /** Whether the reader stalls, so that the next line would be dropped. */
  get isFull(): boolean {
    return this.#failure === undefined && this.#lines.length > MOST_WAITING;
  }

  /** After `flush` at the end: the lines that were lost and not reported in the stream, if any. */
  get lost(): LostLines | undefined {
    if (this.#failure === undefined) return undefined;
    const count = this.#lostBefore + countLineEnds(this.#lines) + this.#lostBehind;
    return count > 0 ? { count, reason: this.#reason } : undefined;
  }

  /**
   * Adds lines, without the last line end, to what is written next.
   *
   * @returns false if they are dropped because the reader stalls
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

  /** Writes all that was added, before the process ends, or as much as the time allows. Never rejects. */
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

  async #writeLines(): Promise<void> {
    try {
      // Ends a line that may have been cut, by a write that cannot be cut.
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
    this.#writing = undefined; // Without an await before: the next line starts a write.
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

/** The system's message. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/ \(os error [0-9]+\)$/, "");
}

function countLineEnds(text: string): number {
  return text.split("\n").length - 1;
}

const encoder = new TextEncoder();
