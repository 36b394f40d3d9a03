import { type Order, takeReports, workerArguments, writeNews, writeOrder } from "../orders.ts";
import type { WorkerCommand } from "./worker_command.ts";

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
  /** Settles when it has ended and all that it said is handed on. */
  readonly ended: Promise<WorkerEnd>;
  /** Tells it something. One that has ended does not hear it. */
  order(order: Order): void;
  /**
   * Lets it know something, in one line of text, and settles once that was taken. One that has ended
   * does not hear it. Never rejects.
   */
  inform(news: string): Promise<void>;
  /** Ends it at once. */
  kill(): void;
}

/** A worker as a child process. */
export class WorkerProcess implements Worker {
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #listening = Promise.withResolvers<string | undefined>();
  readonly #onLines: (lines: string) => void;
  readonly #onReport: (report: string) => void;
  #isOver = false;
  readonly listening: Promise<string | undefined> = this.#listening.promise;
  readonly ended: Promise<WorkerEnd>;

  /**
   * Starts it; its standard error is that of the parent.
   *
   * @param port 0 for any free one
   * @param onLines told what it says on standard output: whole lines without the last line end, and
   * without the first of all and reports
   * @param onReport told what it reports
   * @throws {Deno.errors.NotCapable} without permission to run the program
   */
  constructor(
    { program, args }: WorkerCommand,
    port: number,
    onLines: (lines: string) => void,
    onReport: (report: string) => void = () => {},
  ) {
    this.#onLines = onLines;
    this.#onReport = onReport;
    this.#child = new Deno.Command(program, {
      args: [...args(port), ...workerArguments(port)],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#stdin = this.#child.stdin.getWriter();
    this.#stdin.closed.catch(() => {}); // It ends when the worker does.
    this.ended = this.#end();
  }

  get pid(): number {
    return this.#child.pid;
  }

  order(order: Order): void {
    this.#stdin.write(writeOrder(order)).catch(() => {});
  }

  async inform(news: string): Promise<void> {
    await this.#stdin.write(writeNews(news)).catch(() => {});
  }

  kill(): void {
    try {
      if (!this.#isOver) this.#child.kill("SIGKILL");
    } catch {
      // It has ended just now.
    }
  }

  async #end(): Promise<WorkerEnd> {
    const [{ code, signal }] = await Promise.all([this.#status(), this.#read()]);
    await this.#stdin.close().catch(() => {});
    this.#listening.resolve(undefined);
    return { code, signal };
  }

  async #status(): Promise<WorkerEnd> {
    const status = await this.#child.status;
    this.#isOver = true;
    return status;
  }

  /** Hands whole lines on, since those of other workers come between what is written. */
  async #read(): Promise<void> {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    let rest = "";
    let isFirst = true;
    for await (const piece of this.#child.stdout) {
      const text = rest + decoder.decode(piece, { stream: true });
      let start = 0;
      if (isFirst) {
        start = text.indexOf("\n") + 1;
        if (start > 0) this.#listening.resolve(text.slice(0, start - 1));
        isFirst = start === 0;
      }
      const end = isFirst ? 0 : text.lastIndexOf("\n") + 1;
      const lines = takeReports(text.slice(start, end), this.#onReport);
      if (lines !== "") this.#onLines(lines.slice(0, -1));
      rest = text.slice(end);
    }
  }
}
