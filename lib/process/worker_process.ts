import { CommandError } from "../cli/command.ts";
import { authorityOf } from "../http/grammar.ts";
import { type Message, takeReports, workerArguments, writeMessage } from "./worker_protocol.ts";

/** How a worker process ended. */
export type WorkerEnd = Pick<Deno.CommandStatus, "code" | "signal">;

/** A process that listens on the same port as others, as its parent sees it. */
export interface Worker {
  readonly pid: number;
  /** The line in which it says where it listens; undefined if it ends without. */
  readonly listening: Promise<string | undefined>;
  /** Settles when it has ended and all of its output was passed on. Never rejects. */
  readonly ended: Promise<WorkerEnd>;
  /** Sends a message and settles once it is accepted; lost if it has ended. Never rejects. */
  send(message: Message): Promise<void>;
  /** Ends it at once. */
  kill(): void;
}

/** Receives the output of a worker: whole lines, without the last line end. */
export interface WorkerListeners {
  /** Called with its standard output, but for the first line and reports. */
  readonly onLines: (lines: string) => void;
  /** Called with its standard error. */
  readonly onErrorLines: (lines: string) => void;
  /** Called with the content of each report, and the process id of the worker. */
  readonly onReport?: ((content: unknown, pid: number) => void) | undefined;
}

/** A worker as a child process. */
export class WorkerProcess implements Worker {
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #listening = Promise.withResolvers<string | undefined>();
  readonly #listeners: WorkerListeners;
  #isOver = false;
  #isAnnounced = false;
  readonly listening: Promise<string | undefined> = this.#listening.promise;
  readonly ended: Promise<WorkerEnd>;

  /**
   * Starts the process.
   *
   * @param port 0 for any free one
   * @throws {Deno.errors.NotCapable} without permission to run the program
   */
  constructor({ program, args }: WorkerCommand, port: number, listeners: WorkerListeners) {
    this.#listeners = listeners;
    this.#child = new Deno.Command(program, {
      args: [...args(port), ...workerArguments(port)],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#stdin = this.#child.stdin.getWriter();
    this.#stdin.closed.catch(() => {}); // It ends when the worker does.
    this.ended = this.#end();
  }

  get pid(): number {
    return this.#child.pid;
  }

  async send(message: Message): Promise<void> {
    const line = new TextEncoder().encode(`${writeMessage(message)}\n`);
    await this.#stdin.write(line).catch(() => {});
  }

  kill(): void {
    try {
      if (!this.#isOver) this.#child.kill("SIGKILL");
    } catch {
      // It has ended just now.
    }
  }

  async #end(): Promise<WorkerEnd> {
    const { onErrorLines } = this.#listeners;
    const [{ code, signal }] = await Promise.all([
      this.#status(),
      readLines(this.#child.stdout, (lines) => this.#take(lines), (line) => this.#takeLast(line)),
      readLines(this.#child.stderr, (lines) => onErrorLines(lines.slice(0, -1)), onErrorLines),
    ]);
    await this.#stdin.close().catch(() => {});
    this.#listening.resolve(undefined);
    return { code, signal };
  }

  async #status(): Promise<WorkerEnd> {
    const status = await this.#child.status;
    this.#isOver = true;
    return status;
  }

  #take(lines: string): void {
    const { onLines, onReport } = this.#listeners;
    if (this.#isAnnounced) {
      const rest = takeReports(lines, (content) => onReport?.(content, this.pid));
      if (rest !== "") onLines(rest.slice(0, -1));
      return;
    }
    this.#isAnnounced = true;
    const start = lines.indexOf("\n") + 1;
    this.#listening.resolve(lines.slice(0, start - 1));
    if (start < lines.length) this.#take(lines.slice(start));
  }

  /** Takes a last line without an end. If it is the first one as well, it is an error message. */
  #takeLast(line: string): void {
    if (!this.#isAnnounced) this.#listeners.onErrorLines(line);
    else if (takeReports(line, () => {}) !== "") this.#listeners.onLines(line);
  }
}

/**
 * Passes on the lines of a stream, whole, since those of other workers come between them. Never
 * rejects: an error with one piece is reported, and the next one is read.
 */
async function readLines(
  stream: ReadableStream<Uint8Array>,
  take: (lines: string) => void,
  takeLast: (line: string) => void,
): Promise<void> {
  const whole = new WholeLines();
  const hand = (lines: string, to: (lines: string) => void) => {
    try {
      if (lines !== "") to(lines);
    } catch (error) {
      reportError(error);
    }
  };
  try {
    for await (const piece of stream) hand(whole.take(piece), take);
  } catch (error) {
    reportError(error);
  }
  hand(whole.end(), takeLast);
}

/** The command that starts a worker process. */
export interface WorkerCommand {
  readonly program: string;
  /** Its arguments before those of the worker, which will listen on this port. */
  readonly args: (port: number) => readonly string[];
}

/**
 * The command that starts workers of this process: its own, with the permissions that they need.
 *
 * @param host the address that they listen on
 * @param paths what they must be permitted to read, if this process may not read everything
 * @throws {CommandError} status 2, without permission to run it
 */
export async function workerCommand(
  host: string,
  paths: readonly string[],
): Promise<WorkerCommand> {
  const program = await permittedProgram();
  if (Deno.build.standalone) return { program, args: () => [] };
  const mayReadAll = await isGranted({ name: "read" });
  const mayUseAnyNet = await isGranted({ name: "net" });
  const read = paths.map((path) => path.replaceAll(",", ",,")).join(",");
  const reading = mayReadAll ? ["--allow-read"] : read === "" ? [] : [`--allow-read=${read}`];
  return {
    program,
    args: (port) => [
      ...["run", "--quiet", "--no-prompt", "--unstable-net"],
      mayUseAnyNet ? "--allow-net" : `--allow-net=${authorityOf(host, port)}`,
      ...reading,
      Deno.mainModule,
    ],
  };
}

/** The name under which this program may be run. */
async function permittedProgram(): Promise<string> {
  const path = Deno.execPath();
  // The permission may name a link to it, which Deno takes for another program.
  for (const command of [path, "deno"]) {
    if (await isGranted({ name: "run", command })) return command;
  }
  throw new CommandError(
    `there is no permission to start workers: run it with --allow-run=${path}`,
    2,
  );
}

async function isGranted(permission: Deno.PermissionDescriptor): Promise<boolean> {
  return (await Deno.permissions.query(permission)).state === "granted";
}

/** Characters that are kept of a line. */
const LONGEST_LINE = 1024 * 1024;

/** Divides output into whole lines, however its pieces are cut. Lines are cut after 1 MiB. */
export class WholeLines {
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #rest = "";
  #isTooLong = false;

  /** The lines that end in this piece, each with its line end. */
  take(piece: Uint8Array): string {
    const text = this.#decoder.decode(piece, { stream: true });
    const end = text.lastIndexOf("\n") + 1;
    if (end === 0) {
      this.#add(text);
      return "";
    }
    const firstEnd = text.indexOf("\n") + 1;
    this.#add(text.slice(0, firstEnd - 1));
    const lines = this.#takeRest() + text.slice(firstEnd, end);
    this.#add(text.slice(end));
    return lines;
  }

  /** The last line, if it had no line end; else empty. */
  end(): string {
    this.#add(this.#decoder.decode());
    return this.#rest;
  }

  #add(text: string): void {
    if (this.#isTooLong) return;
    this.#rest += text;
    this.#isTooLong = this.#rest.length > LONGEST_LINE;
    if (this.#isTooLong) this.#rest = this.#rest.slice(0, LONGEST_LINE);
  }

  #takeRest(): string {
    const line = `${this.#rest}\n`;
    this.#rest = "";
    this.#isTooLong = false;
    return line;
  }
}
