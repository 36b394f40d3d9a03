/**
 * What the commands say: access-log lines, and messages for a person at a terminal. Text that
 * came over the network is escaped, so that it can neither forge a line nor steer the terminal.
 *
 * @module
 */

/** One answered request. */
export interface AccessEvent {
  /** When its request had arrived, in ms since the epoch. */
  readonly at: number;
  /** The client's address, without its port. */
  readonly client: string;
  /** As received, one character a byte; untrusted; empty when none arrived. */
  readonly requestLine: string;
  /** The answer's status code. */
  readonly statusCode: number;
  /** Body bytes really sent. */
  readonly contentBytes: number;
  /** From then until the answer was written, in ms. */
  readonly elapsedMs: number;
}

/** How access events are written; `none` writes nothing. */
export type LogFormat = "common" | "json" | "none";

/** One event as one line without its line end: the Common Log Format in UTC, or JSON. */
export function formatAccess(event: AccessEvent, format: "common" | "json"): string {
  if (format === "json") return formatJson(event);
  const { client, requestLine, statusCode, contentBytes } = event;
  const quoted = requestLine === "" ? "-" : escapeQuoted(requestLine);
  return `${client} - - [${clfTime(event.at)}] "${quoted}" ${statusCode} ${contentBytes}`;
}

function formatJson({ at, elapsedMs, ...rest }: AccessEvent): string {
  const { client, requestLine, statusCode, contentBytes } = rest;
  const time = new Date(at).toISOString();
  const elapsed = Math.round(elapsedMs * 1000) / 1000;
  const members = { time, client, requestLine, statusCode, contentBytes, elapsedMs: elapsed };
  // JSON leaves these as they are, but terminals and line readers act on them.
  return JSON.stringify(members).replace(/[\u007F-\u009F\u2028\u2029]/g, unicodeEscape);
}

let clfSecond = NaN;
let clfText = "";

/** `22/Nov/2026:08:22:53 +0000`; kept for the rest of its second, since a busy log repeats it. */
function clfTime(at: number): string {
  const second = Math.floor(at / 1000);
  if (second !== clfSecond) {
    const [, day, month, year, time] = new Date(at).toUTCString().split(" ");
    clfText = `${day}/${month}/${year}:${time} +0000`;
    clfSecond = second;
  }
  return clfText;
}

/** Leaves visible ASCII and spaces but `"` and `\`; all else becomes `\xHH`, a byte each. */
function escapeQuoted(text: string): string {
  return text.replace(/[^ !#-[\]-~]/gu, (character) => {
    const code = character.codePointAt(0)!;
    const bytes = code <= 0xFF ? [code] : [...encoder.encode(character)];
    return bytes.map(hexEscape).join("");
  });
}

/**
 * The text with what could end a line, steer a terminal or reorder its characters written as
 * `\xHH` or `\uHHHH`; every other character stays.
 */
export function escapeControls(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, (character) => {
    const code = character.charCodeAt(0);
    return code <= 0xFF ? hexEscape(code) : unicodeEscape(character);
  });
}

function hexEscape(byte: number): string {
  return `\\x${byte.toString(16).toUpperCase().padStart(2, "0")}`;
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

const FLUSH_INTERVAL_MS = 100;
/** How long the reader of a log may take for the last lines, when the process is to end. */
export const LOG_FLUSH_MS = 1000;
const MOST_WAITING = 1024 * 1024;

/** What an access log is written to, such as `Deno.stdout`. */
export interface LogSink {
  /** Writes some of the octets and resolves with how many; rejects when it cannot. */
  write(octets: Uint8Array): Promise<number>;
}

/**
 * An access log that writes many lines at a time, every 100 ms, and makes nobody wait for its
 * reader: of one that stalls, what is beyond 1 MiB is dropped. When its sink fails it stops for
 * good, since a server outlives its log's reader.
 */
export class AccessLog {
  readonly #format: LogFormat;
  readonly #sink: LogSink;
  #lines = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<void> | undefined;
  #hasStopped = false;
  #dropped = 0;

  /** A log in one format to one sink, which it writes to but never closes. */
  constructor(format: LogFormat, sink: LogSink) {
    this.#format = format;
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
    this.#lines += `${formatAccess(event, this.#format)}\n`;
    if (this.#timer !== undefined || this.#writing !== undefined) return;
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

/** Writes one line to standard error, its controls escaped. A closed pipe is ignored. */
export function say(message: string): void {
  writeAll(Deno.stderr, `${escapeControls(message)}\n`);
}

/** Writes trusted text and a line end to standard output as it is. A closed pipe is ignored. */
export function print(text: string): void {
  writeAll(Deno.stdout, `${text}\n`);
}

const encoder = new TextEncoder();

/**
 * The most that a pipe takes whole or not at all (PIPE_BUF on Linux). When Deno's writeSync finds
 * a pipe full it throws and does not say how much it wrote, so a longer write cannot be repeated.
 */
const WRITE_BYTES = 4096;

/** Writes the whole text, however short each write is; false when the sink fails. */
function writeAll(sink: { writeSync(octets: Uint8Array): number }, text: string): boolean {
  let rest = encoder.encode(text);
  while (rest.length > 0) {
    try {
      const written = sink.writeSync(rest.subarray(0, WRITE_BYTES));
      if (written === 0) return false;
      rest = rest.subarray(written);
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) return false;
      waitOneMillisecond();
    }
  }
  return true;
}

/** For a full pipe that another process made non-blocking: wait as a blocking one would. */
function waitOneMillisecond(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}
