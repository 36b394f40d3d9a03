/**
 * Other programs as child processes: what they say can be waited for line by line, and none of them
 * outlives its test.
 *
 * @module
 */

/** No test takes so long: this keeps a wait for what never comes from lasting for ever. */
const LONGEST_LIFE_MS = 60_000;

/** How a process is started. */
export interface ProcessOptions {
  /** Its working directory; by default that of the tests. */
  readonly cwd?: string;
  /** Variables of its environment, beside those of the tests. */
  readonly env?: Readonly<Record<string, string>>;
  /** What stands on its standard input; by default nothing. A stream may keep it open. */
  readonly stdin?: string | ReadableStream<Uint8Array>;
  /** Its standard output is read while this is open; by default always. */
  readonly stdoutGate?: Gate;
  /** Its standard error is read while this is open; by default always. */
  readonly stderrGate?: Gate;
  /** In ms, where it may live longer than a test takes. */
  readonly longestLifeMs?: number;
  /** The network namespace that it runs in (Linux, root, iproute2); by default that of the tests. */
  readonly namespace?: string;
}

/** Holds back the reader of a stream while it is closed, as it is at first. */
export class Gate {
  #opening = Promise.withResolvers<void>();

  /** Resolves once it is open. */
  get opened(): Promise<void> {
    return this.#opening.promise;
  }

  /** Lets the reader go on. */
  open(): void {
    this.#opening.resolve();
  }

  /** Holds the reader back after the piece that it is reading. */
  close(): void {
    this.#opening = Promise.withResolvers();
  }
}

/** What a process wrote to one of its streams until now. */
export class Output {
  readonly #name: string;
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #text = "";
  #seen = 0;
  #hasEnded = false;
  #grown = Promise.withResolvers<void>();
  /** Resolves when the stream has ended. */
  readonly ended: Promise<void>;

  /** Reads a stream to its end while the gate is open; the name stands in errors. */
  constructor(name: string, stream: ReadableStream<Uint8Array>, gate?: Gate) {
    this.#name = name;
    this.ended = this.#read(stream, gate);
  }

  /** All of it, as octets. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes;
  }

  /** All of it, as text. */
  get text(): string {
    return this.#text;
  }

  /** All complete lines. */
  get lines(): string[] {
    return this.#text.split("\n").slice(0, -1);
  }

  /**
   * Waits for a line that matches, and passes over all lines up to it: the next call looks only at
   * later ones.
   *
   * @throws {Error} when the stream ends without such a line
   */
  async next(pattern: RegExp): Promise<string> {
    for (;;) {
      const lines = this.lines;
      while (this.#seen < lines.length) {
        const line = lines[this.#seen++]!;
        if (pattern.test(line)) return line;
      }
      if (this.#hasEnded) {
        throw new Error(`${this.#name} ended without a line like ${pattern}:\n${this.#text}`);
      }
      await this.#grown.promise;
    }
  }

  async #read(stream: ReadableStream<Uint8Array>, gate?: Gate): Promise<void> {
    await gate?.opened;
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    for await (const piece of stream) {
      pieces.push(piece.slice());
      this.#text += decoder.decode(piece, { stream: true });
      this.#wake();
      await gate?.opened;
    }
    this.#bytes = await new Blob(pieces).bytes();
    this.#hasEnded = true;
    this.#wake();
  }

  #wake(): void {
    this.#grown.resolve();
    this.#grown = Promise.withResolvers();
  }
}

/** A child process with an open end: it is killed, at the latest, when its scope is left. */
export class Process implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #gates: readonly (Gate | undefined)[];
  readonly #lifetime: ReturnType<typeof setTimeout>;
  #isOver = false;
  /** Its standard output. */
  readonly stdout: Output;
  /** Its standard error. */
  readonly stderr: Output;
  /** How it ended, once it has and both streams are read. */
  readonly ended: Promise<Deno.CommandStatus>;

  /** Starts a program. */
  constructor(command: string, args: readonly string[], options: ProcessOptions = {}) {
    const { stdin, cwd, env, longestLifeMs = LONGEST_LIFE_MS, namespace, stdoutGate, stderrGate } =
      options;
    const inNamespace = ["netns", "exec", `${namespace}`, command, ...args];
    this.#child = new Deno.Command(namespace === undefined ? command : "ip", {
      args: namespace === undefined ? [...args] : inNamespace,
      ...(cwd !== undefined && { cwd }),
      ...(env !== undefined && { env: { ...env } }),
      stdin: stdin === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const name = `${command} ${args.join(" ")}`;
    this.stdout = new Output(`Standard output of ${name}`, this.#child.stdout, stdoutGate);
    this.stderr = new Output(`Standard error of ${name}`, this.#child.stderr, stderrGate);
    this.#gates = [stdoutGate, stderrGate];
    this.#lifetime = setTimeout(() => this.signal("SIGKILL"), longestLifeMs);
    const input = stdin === undefined ? undefined : writeInput(this.#child.stdin, stdin);
    this.ended = this.#end(input);
  }

  /** Its number. */
  get pid(): number {
    return this.#child.pid;
  }

  /** How it ended, once it has, though its streams may not be read to their end. */
  get exited(): Promise<Deno.CommandStatus> {
    return this.#child.status;
  }

  /** Sends a signal; nothing happens when the process is over. */
  signal(signal: Deno.Signal): void {
    if (this.#isOver) return;
    try {
      this.#child.kill(signal);
    } catch (error) {
      // It has ended, which `status` is about to say.
      if (!(error instanceof TypeError)) throw error;
    }
  }

  /** Kills the process and waits until it is gone and its streams are read. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.signal("SIGKILL");
    for (const gate of this.#gates) gate?.open();
    await this.ended;
  }

  async #end(input: Promise<void> | undefined): Promise<Deno.CommandStatus> {
    const status = await this.#child.status;
    this.#isOver = true;
    clearTimeout(this.#lifetime);
    await Promise.all([input, this.stdout.ended, this.stderr.ended]);
    return status;
  }
}

/** A process that has ended. */
export interface Finished {
  /** Its exit status; of a killed process, 128 and the signal's number. */
  readonly code: number;
  /** All that it wrote to standard output. */
  readonly stdout: string;
  /** The same as octets. */
  readonly stdoutBytes: Uint8Array<ArrayBuffer>;
  /** All that it wrote to standard error. */
  readonly stderr: string;
}

/** Runs a program to its end. */
export async function run(
  command: string,
  args: readonly string[],
  options: ProcessOptions = {},
): Promise<Finished> {
  await using process = new Process(command, args, options);
  return await finished(process);
}

/** What became of a process, once it has ended. */
export async function finished(process: Process): Promise<Finished> {
  const { code } = await process.ended;
  const { stdout, stderr } = process;
  return { code, stdout: stdout.text, stdoutBytes: stdout.bytes, stderr: stderr.text };
}

/** A process that does not read its input to the end is no fault of the test. */
async function writeInput(
  stdin: WritableStream<Uint8Array>,
  input: string | ReadableStream<Uint8Array>,
): Promise<void> {
  const stream = typeof input === "string" ? new Blob([input]).stream() : input;
  await stream.pipeTo(stdin).catch(() => {});
}
