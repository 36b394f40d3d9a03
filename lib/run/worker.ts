import { LOG_FLUSH_MS, type LogSink } from "../access_log.ts";
import { type Order, REPORT_MARK, workerArguments, writeNews, writeOrder } from "../orders.ts";

const LF = 10;
const MARK = REPORT_MARK.charCodeAt(0);

/** How a worker process ended. */
export interface WorkerEnd {
  /** Its exit status; of a killed process, 128 and the signal's number. */
  readonly code: number;
  /** The signal that killed it. */
  readonly signal: string | null;
}

/** A process that listens on the same port as others, as its parent sees it. */
export interface Worker {
  /** For people. */
  readonly pid: number;
  /** The line in which it says where it listens; undefined when it ends without. */
  readonly listening: Promise<string | undefined>;
  /** Settles when it has ended and what it said is handed on, if the reader of that takes it. */
  readonly ended: Promise<WorkerEnd>;
  /** Tells it something. One that has ended does not hear it. */
  order(order: Order): void;
  /** Lets it know something, in one line of text. One that has ended does not hear it. */
  inform(news: string): void;
  /** Ends it at once. */
  kill(): void;
}

/** How worker processes are started. */
export interface WorkerCommand {
  /** The program. */
  readonly program: string;
  /** Its arguments, before those of the worker, when it is to listen on that port. */
  readonly args: (port: number) => readonly string[];
}

/** A worker as a child process. */
export class WorkerProcess implements Worker {
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #listening = Promise.withResolvers<string | undefined>();
  readonly #onReport: (report: string) => void;
  #isOver = false;
  readonly listening: Promise<string | undefined> = this.#listening.promise;
  readonly ended: Promise<WorkerEnd>;

  /**
   * Starts it. What it says on standard output goes to the sink, whole lines at a time and without
   * the first one; standard error is that of the parent.
   *
   * @param port 0 for any free one
   * @param onReport told what it reports; such lines are not handed on
   * @throws {Deno.errors.NotCapable} without permission to run the program
   */
  constructor(
    { program, args }: WorkerCommand,
    port: number,
    sink: LogSink,
    onReport: (report: string) => void = () => {},
  ) {
    this.#onReport = onReport;
    this.#child = new Deno.Command(program, {
      args: [...args(port), ...workerArguments(port)],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#stdin = this.#child.stdin.getWriter();
    this.#stdin.closed.catch(() => {}); // It ends when the worker does.
    this.ended = this.#end(sink);
  }

  get pid(): number {
    return this.#child.pid;
  }

  order(order: Order): void {
    this.#stdin.write(writeOrder(order)).catch(() => {});
  }

  inform(news: string): void {
    this.#stdin.write(writeNews(news)).catch(() => {});
  }

  kill(): void {
    try {
      if (!this.#isOver) this.#child.kill("SIGKILL");
    } catch {
      // It has ended just now.
    }
  }

  async #end(sink: LogSink): Promise<WorkerEnd> {
    const output = this.#handOn(sink);
    const { code, signal } = await this.#child.status;
    this.#isOver = true;
    await this.#stdin.close().catch(() => {});
    // A reader that has stalled keeps neither its place empty nor its parent alive.
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, LOG_FLUSH_MS);
    await Promise.race([output, late]);
    clearTimeout(timer);
    this.#listening.resolve(undefined);
    return { code, signal };
  }

  /** Hands whole lines on, since those of other workers come between what is written. */
  async #handOn(sink: LogSink): Promise<void> {
    let rest = new Uint8Array(0);
    let isFirst = true;
    for await (const piece of this.#child.stdout) {
      const octets = rest.length === 0 ? piece : joined(rest, piece);
      let start = 0;
      if (isFirst) {
        start = octets.indexOf(LF) + 1;
        if (start > 0) {
          this.#listening.resolve(new TextDecoder().decode(octets.subarray(0, start - 1)));
        }
        isFirst = start === 0;
      }
      const end = isFirst ? 0 : octets.lastIndexOf(LF) + 1;
      const lines = this.#withoutReports(octets.subarray(start, Math.max(start, end)));
      if (lines.length > 0) await sink.write(lines).catch(() => {});
      rest = octets.slice(Math.max(start, end));
    }
  }

  /** What of whole lines is to be handed on. */
  #withoutReports(lines: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    const from = lines.indexOf(MARK);
    if (from < 0) return lines;
    const to = lines.indexOf(LF, from) + 1;
    this.#onReport(new TextDecoder().decode(lines.subarray(from + 1, to - 1)));
    return joined(lines.subarray(0, from), this.#withoutReports(lines.subarray(to)));
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

/** Lets several write to one sink, each write whole; of a sink that fails, all is dropped. */
export class SharedSink implements LogSink {
  readonly #sink: LogSink;
  #last: Promise<void>;
  #hasFailed = false;

  /** Writes nothing before the promise has settled. */
  constructor(sink: LogSink, after: Promise<void>) {
    this.#sink = sink;
    this.#last = after;
  }

  /** Writes all of it after what was to be written before. Never rejects. */
  async write(octets: Uint8Array): Promise<number> {
    this.#last = this.#last.then(() => this.#writeAll(octets));
    await this.#last;
    return octets.length;
  }

  async #writeAll(octets: Uint8Array): Promise<void> {
    try {
      for (let written = 0; written < octets.length && !this.#hasFailed;) {
        written += await this.#sink.write(octets.subarray(written));
      }
    } catch {
      this.#hasFailed = true;
    }
  }
}
