import { startNginx } from "../support/peer.ts";
import type { Process } from "../support/process.ts";
import { freePort, listening, startRole } from "../support/role.ts";

/** The program that serves the files. */
export type ServerProgram = "server.ts" | "nginx";

/** How a file server is started. */
export interface FarmServerOptions {
  readonly program: ServerProgram;
  /** The directory that it serves. */
  readonly root: string;
  /** What it sends on every connection, in bytes per second; 0 for no limit. */
  readonly rate: number;
  /** When a process that is left over ends by itself, in ms. */
  readonly longestLifeMs: number;
}

/** A process of a file server that listens. */
interface Listening extends AsyncDisposable {
  readonly process: Process;
}

/** A port that its last owner has just left may be taken for a moment. */
const MOST_STARTS = 20;

/** A file server that can be killed, stopped, slowed and started again, always on one port. */
export class FarmServer implements AsyncDisposable {
  readonly #options: FarmServerOptions;
  readonly #port = freePort();
  /** The last one listens; earlier ones may still finish transfers. */
  readonly #started: Listening[] = [];

  private constructor(options: FarmServerOptions) {
    this.#options = options;
  }

  /**
   * Starts one on a free port of 127.0.0.1.
   *
   * @throws {Error} when it does not listen
   */
  static async start(options: FarmServerOptions): Promise<FarmServer> {
    const server = new FarmServer(options);
    await server.#listen(options.rate);
    return server;
  }

  /** `127.0.0.1:PORT`. */
  get authority(): string {
    return `127.0.0.1:${this.#port}`;
  }

  get program(): ServerProgram {
    return this.#options.program;
  }

  /** Kills it with all transfers under way, as a power cut would. */
  async kill(): Promise<void> {
    await this.#started.pop()?.[Symbol.asyncDispose]();
  }

  /** Stops it: the kernel still accepts connections, and nothing answers. */
  stop(): void {
    this.#started.at(-1)?.process.signal("SIGSTOP");
  }

  /** Lets it continue after `stop()`. */
  resume(): void {
    this.#started.at(-1)?.process.signal("SIGCONT");
  }

  /**
   * Starts it again, at another rate or at its own. Until the new process listens, connections are
   * refused; transfers under way go on at the old rate.
   *
   * @throws {Error} when it does not listen again
   */
  async restart(rate = this.#options.rate): Promise<void> {
    this.#started.at(-1)?.process.signal("SIGTERM");
    await this.#listen(rate);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const started of this.#started) await started[Symbol.asyncDispose]();
  }

  async #listen(rate: number): Promise<void> {
    for (let starts = 1;; starts++) {
      try {
        this.#started.push(await this.#start(rate));
        return;
      } catch (error) {
        if (starts === MOST_STARTS) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  async #start(rate: number): Promise<Listening> {
    const { program, root, longestLifeMs } = this.#options;
    if (program === "nginx") {
      const directives = `root ${root}; limit_rate ${rate};`;
      return await startNginx(directives, this.authority, { longestLifeMs });
    }
    const where = ["--host=127.0.0.1", `--port=${this.#port}`];
    const args = [...where, `--limit-rate=${rate}`, "--log=none", root];
    return await listening(startRole("server", args, { longestLifeMs }));
  }
}

/** Starts file servers over one directory, to be ended with the stack. */
export async function startFarmServers(
  stack: AsyncDisposableStack,
  servers: readonly Pick<FarmServerOptions, "program" | "rate">[],
  shared: Pick<FarmServerOptions, "root" | "longestLifeMs">,
): Promise<FarmServer[]> {
  const started: FarmServer[] = [];
  for (const server of servers) {
    started.push(stack.use(await FarmServer.start({ ...server, ...shared })));
  }
  return started;
}
