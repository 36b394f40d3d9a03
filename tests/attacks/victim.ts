import { fromFileUrl, join } from "@std/path";

const PROJECT = fromFileUrl(new URL("../..", import.meta.url));

/** What a process holds. */
export interface Holdings {
  /** Resident memory in MiB. */
  readonly memoryMib: number;
  /** Open file descriptors. */
  readonly descriptors: number;
}

/** A role under attack: a real process whose memory and descriptors are watched (Linux). */
export class Victim implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  /** Where it listens on 127.0.0.1. */
  readonly port: number;
  /** What it said on standard error. */
  readonly said: () => string;

  private constructor(child: Deno.ChildProcess, port: number, said: () => string) {
    this.#child = child;
    this.port = port;
    this.said = said;
  }

  /** Starts a role; `descriptors` limits how many it may have open. */
  static async start(script: string, args: string[], descriptors = 20_000): Promise<Victim> {
    // With a small young generation memory shows what is held, not what waits to be collected.
    const flags = ["--v8-flags=--max-semi-space-size=1", "--allow-net", "--allow-read"];
    const run = [Deno.execPath(), "run", ...flags, join(PROJECT, script)];
    const shell = `ulimit -n ${descriptors} && exec "$@"`;
    const child = new Deno.Command("sh", {
      args: ["-c", shell, "sh", ...run, "--host=127.0.0.1", "--port=0", "--log=none", ...args],
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    let said = "";
    readAll(child.stderr, (text) => said += text);
    const port = await new Promise<number>((resolve, reject) => {
      let printed = "";
      readAll(child.stdout, (text) => {
        printed += text;
        const [, found] = /:([0-9]+)\n/.exec(printed) ?? [];
        if (found !== undefined) resolve(Number(found));
      }).then(() => reject(new Error(`${script} does not listen: ${said}`)));
    });
    return new Victim(child, port, () => said);
  }

  /** What it holds now. */
  holdings(): Holdings {
    const status = Deno.readTextFileSync(`/proc/${this.#child.pid}/status`);
    const [, kib = "0"] = /^VmRSS:\s+([0-9]+) kB/m.exec(status) ?? [];
    const descriptors = [...Deno.readDirSync(`/proc/${this.#child.pid}/fd`)].length;
    return { memoryMib: Math.round(Number(kib) / 1024), descriptors };
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
  }
}

async function readAll(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  take: (text: string) => void,
): Promise<void> {
  for await (const text of stream.pipeThrough(new TextDecoderStream())) take(text);
}
