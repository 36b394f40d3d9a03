import { startPeer } from "../support/peer.ts";
import type { Process } from "../support/process.ts";
import { freePort, listening, startRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

/** What serves the files. */
export type ValueParser = "server.ts" | "nginx";

/** What a server is. */
export interface DayServerOptions {
  readonly kind: ValueParser;
  /** The directory that it serves. */
  readonly root: string;
  /** What it sends to every connection, in bytes per second. */
  readonly rate: number;
  /** When a process that is left over ends by itself, in ms. */
  readonly longestLifeMs: number;
}

/** A port that its last owner has just left may be taken for a moment. */
const MOST_STARTS = 20;

/** A server that can be killed, stopped, slowed and brought back, always on one port. */
export class DayServer implements AsyncDisposable {
  readonly #options: DayServerOptions;
  readonly #directory: TemporaryDirectory;
  readonly #port = freePort();
  /** The last of them is the one that listens; others may still finish what they began. */
  readonly #processes: Process[] = [];

  private constructor(options: DayServerOptions, directory: TemporaryDirectory) {
    this.#options = options;
    this.#directory = directory;
  }

  /**
   * Starts one on a free port of 127.0.0.1.
   *
   * @throws {Error} when it does not listen
   */
  static async start(options: DayServerOptions): Promise<DayServer> {
    const server = new DayServer(options, await TemporaryDirectory.with());
    try {
      await server.#listen(options.rate);
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** `127.0.0.1:PORT`. */
  get authority(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** What serves the files. */
  get kind(): ValueParser {
    return this.#options.kind;
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<void> {
    await this.#processes.pop()?.[Symbol.asyncDispose]();
  }

  /** From now on the kernel accepts for it, and it does nothing. */
  hang(): void {
    this.#processes.at(-1)?.signal("SIGSTOP");
  }

  /** Ends the hanging. */
  goOn(): void {
    this.#processes.at(-1)?.signal("SIGCONT");
  }

  /**
   * Starts it anew at another rate; by default its own. For a moment connecting is refused.
   *
   * @throws {Error} when it does not listen again
   */
  async restart(rate = this.#options.rate): Promise<void> {
    this.#processes.at(-1)?.signal("SIGTERM");
    await this.#listen(rate);
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.#processes) await process[Symbol.asyncDispose]();
    await this.#directory[Symbol.asyncDispose]();
  }

  async #listen(rate: number): Promise<void> {
    for (let starts = 1;; starts++) {
      try {
        this.#processes.push(await this.#start(rate));
        return;
      } catch (error) {
        if (starts === MOST_STARTS) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  async #start(rate: number): Promise<Process> {
    return this.#options.kind === "nginx" ? await this.#nginx(rate) : await this.#server(rate);
  }

  async #server(rate: number): Promise<Process> {
    const { root, longestLifeMs } = this.#options;
    const where = ["--host=127.0.0.1", `--port=${this.#port}`];
    const args = [...where, `--limit-rate=${rate}`, "--log=none", root];
    return (await listening(startRole("server", args, { longestLifeMs }))).process;
  }

  async #nginx(rate: number): Promise<Process> {
    const { root, longestLifeMs } = this.#options;
    const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map((name) => `${name}_temp_path ${this.#directory.join(name)};`).join("\n");
    await this.#directory.write(
      "nginx.conf",
      `daemon off; master_process off;
pid ${this.#directory.join("pid")};
error_log stderr notice;
events {}
http {
  access_log off;
  ${paths}
  server { listen ${this.authority}; root ${root}; limit_rate ${rate}; }
}
`,
    );
    const config = this.#directory.join("nginx.conf");
    const args = ["-p", this.#directory.path, "-e", "stderr", "-c", config];
    const process = startPeer("nginx", args, { longestLifeMs });
    try {
      await process.stderr.next(/\[notice\] .* event method/); // Its sockets are open then.
      return process;
    } catch (error) {
      await process[Symbol.asyncDispose]();
      throw error;
    }
  }
}
