/** How a child ended, and what it said. */
export interface Ending {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where a child's standard output goes; standard error is always kept. */
export type Destination = "kept" | "discarded";

/** A process that we started: it ends, at the latest, when its scope is left. */
export class Child implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  #hasEnded = false;
  /** How it ended, once it has. */
  readonly ended: Promise<Ending>;

  /** Starts a program, given as words, with as many file descriptors as the system allows. */
  constructor(words: readonly string[], destination: Destination) {
    const shell = 'ulimit -n "$(ulimit -Hn)"; exec "$@"';
    this.#child = new Deno.Command("sh", {
      args: ["-c", shell, "sh", ...words],
      stdin: "null",
      stdout: destination === "kept" ? "piped" : "null",
      stderr: "piped",
    }).spawn();
    this.ended = this.#end(destination);
  }

  /** Its process; the shell and `taskset` become the program, so that there is only one. */
  get pid(): number {
    return this.#child.pid;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  async #end(destination: Destination): Promise<Ending> {
    const output = await this.#child.output();
    this.#hasEnded = true;
    const decoder = new TextDecoder();
    const stdout = destination === "kept" ? decoder.decode(output.stdout) : "";
    return { code: output.code, stdout, stderr: decoder.decode(output.stderr) };
  }

  /** Kills it and waits until it is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded) this.#child.kill("SIGKILL");
    await this.ended;
  }
}
