import { type AccessEvent, formatAccess, type LogFormat } from "./access_event.ts";

const FLUSH_INTERVAL_MS = 100;
/** How long the reader of a log may take for the last lines, when the process is to end. */
export const LOG_FLUSH_MS = 1000;
/** So much does not wait for the next flush, lest a burst between two of them be dropped. */
const FLUSH_LENGTH = 64 * 1024;
const MOST_WAITING = 1024 * 1024;

/** What an access log is written to, such as `Deno.stdout`. */
export interface LogSink {
  /** Writes some of the octets and resolves with how many; rejects when it cannot. */
  write(octets: Uint8Array): Promise<number>;
}

/**
 * An access log that writes many lines at a time, at least every 100 ms, and makes nobody wait for its
 * reader: of one that stalls, what is beyond 1 MiB is dropped. When its sink fails it stops for
 * good, since a server outlives its log's reader.
 */
export class AccessLog {
  readonly #format: LogFormat;
  readonly #namesChosen: boolean;
  readonly #sink: LogSink;
  #lines = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<void> | undefined;
  #hasStopped = false;
  #dropped = 0;

  /**
   * A log in one format to one sink, which it writes to but never closes.
   *
   * @param namesChosen whether lines tell whom the client was sent to
   */
  constructor(format: LogFormat, sink: LogSink, namesChosen = false) {
    this.#format = format;
    this.#namesChosen = namesChosen;
    this.#sink = sink;
  }

  /** How many lines were dropped until now, because the sink did not take them. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Adds the event's line to the next write. Never throws on account of the sink. */
  record(event: AccessEvent): void {
    if (this.#format === "none" || this.#hasStopped) return;
    if (this.#lines.length > MOST_WAITING) {
      this.#dropped++;
      return;
    }
    this.append(formatAccess(event, this.#format, this.#namesChosen));
  }

  /** Adds a line as it is to the next write, unless too much is waiting. */
  append(line: string): void {
    if (this.#hasStopped || this.#lines.length > MOST_WAITING) return;
    this.#lines += `${line}\n`;
    if (this.#writing !== undefined) return;
    if (this.#lines.length >= FLUSH_LENGTH) return void this.#write();
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.#write(), FLUSH_INTERVAL_MS);
    Deno.unrefTimer(this.#timer);
  }

  /**
   * Writes all that was recorded; to be called before the process ends. Never rejects.
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
    return this.#writing ??= this.#writeLines().finally(() => this.#writing = undefined);
  }

  async #writeLines(): Promise<void> {
    try {
      while (this.#lines !== "" && !this.#hasStopped) {
        const octets = encoder.encode(this.#lines);
        this.#lines = "";
        for (let written = 0; written < octets.length;) {
          const count = await this.#sink.write(octets.subarray(written));
          if (count === 0) throw new Error("The sink takes nothing");
          written += count;
        }
      }
    } catch {
      this.#hasStopped = true;
    }
  }
}

const encoder = new TextEncoder();
