/** So much does not wait for more, lest a burst be dropped. */
const FLUSH_LENGTH = 64 * 1024;
/** So much may wait for the reader. */
const MOST_WAITING = 1024 * 1024;
/** When a full pipe that another process made non-blocking is tried again. */
const RETRY_MS = 10;

/** How long the reader of lines may take for the last ones, when the process is to end. */
export const LAST_LINES_MS = 1000;

/** What lines are written to, such as `Deno.stdout`. */
export interface LineSink {
  /** Writes some of the octets and resolves with how many; rejects when it cannot. */
  write(octets: Uint8Array): Promise<number>;
}

/**
 * Writes whole lines, many at a time, and makes nobody wait for their reader: of one that stalls,
 * what is beyond 1 MiB is dropped. When its sink fails it stops for good, since a role outlives
 * the readers of what it says. One stream needs one of these, lest lines be mixed.
 */
export class LineWriter {
  readonly #sink: LineSink;
  readonly #delayMs: number;
  #lines = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<void> | undefined;
  #hasStopped = false;

  /**
   * Writes nothing yet, and never closes the sink.
   *
   * @param delayMs how long lines wait for others, so that few writes are needed; 0 for not at all
   */
  constructor(sink: LineSink, delayMs = 0) {
    this.#sink = sink;
    this.#delayMs = delayMs;
  }

  /** Whether so much waits that the next line would be dropped. */
  get isFull(): boolean {
    return this.#lines.length > MOST_WAITING;
  }

  /**
   * Adds one line or several, without the last line end, to what is written next. Never throws on
   * account of the sink; one that has failed is as good as one that takes all.
   *
   * @returns false when they are dropped
   */
  write(lines: string): boolean {
    if (this.isFull) return false;
    if (this.#hasStopped) return true;
    this.#lines += `${lines}\n`;
    if (this.#writing !== undefined) return true;
    if (this.#delayMs === 0 || this.#lines.length >= FLUSH_LENGTH) {
      this.#write();
    } else if (this.#timer === undefined) {
      this.#timer = setTimeout(() => this.#write(), this.#delayMs);
      Deno.unrefTimer(this.#timer);
    }
    return true;
  }

  /**
   * Writes all that was added; to be called before the process ends. Never rejects.
   *
   * @param withinMs how long the sink may take; what it has not taken by then is lost
   */
  async flush(withinMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, withinMs);
    await Promise.race([this.#write(), promise]);
    clearTimeout(timer);
  }

  #write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#lines !== "") this.#writing ??= this.#writeLines();
    return this.#writing ?? Promise.resolve();
  }

  async #writeLines(): Promise<void> {
    try {
      while (this.#lines !== "") {
        const octets = encoder.encode(this.#lines);
        this.#lines = "";
        for (let written = 0; written < octets.length;) {
          written += await this.#writeSome(octets.subarray(written));
        }
      }
    } catch {
      this.#hasStopped = true;
      this.#lines = "";
    }
    this.#writing = undefined; // At once: a line that is added from now on begins a write.
  }

  async #writeSome(octets: Uint8Array): Promise<number> {
    try {
      const count = await this.#sink.write(octets);
      if (count === 0) throw new Error("The sink takes nothing");
      return count;
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      await new Promise<void>((resolve) => setTimeout(resolve, RETRY_MS));
      return 0;
    }
  }
}

const encoder = new TextEncoder();
