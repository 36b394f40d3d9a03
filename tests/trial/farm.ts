import { listening, type ListeningRole, listeningRole, startRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

/** A port that its last owner has just left may be taken for a moment. */
const MOST_STARTS = 20;

/** Servers in processes of their own, each of which can be slowed, killed and brought back. */
export class Farm implements AsyncDisposable {
  readonly #root: TemporaryDirectory;
  readonly #longestLifeMs: number;
  readonly #rates: readonly number[];
  readonly #servers: ListeningRole[] = [];
  /** Those that still finish what they began before they were replaced. */
  readonly #leaving: ListeningRole[] = [];

  private constructor(root: TemporaryDirectory, rates: readonly number[], longestLifeMs: number) {
    this.#root = root;
    this.#rates = rates;
    this.#longestLifeMs = longestLifeMs;
  }

  /**
   * Starts servers.
   *
   * @param rates what each sends to every connection, in bytes per second
   * @param longestLifeMs when a server that is left over ends by itself
   * @throws {Error} when one of them does not listen
   */
  static async with(rates: readonly number[], longestLifeMs: number): Promise<Farm> {
    const farm = new Farm(await TemporaryDirectory.with(), rates, longestLifeMs);
    try {
      for (const rate of rates) {
        const server = await listeningRole("server", farm.#args(rate), { longestLifeMs });
        farm.#servers.push(server);
      }
      return farm;
    } catch (error) {
      await farm[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** `127.0.0.1:PORT` of each; they stay the same whatever happens. */
  get authorities(): readonly string[] {
    return this.#servers.map(({ authority }) => authority);
  }

  /**
   * From now on a server has another rate. Until the new process listens, connecting is refused;
   * what is under way goes on at the old rate, for up to the server's `--grace`.
   *
   * @throws {Error} when it does not listen again
   */
  async slow(index: number, rate: number): Promise<void> {
    const server = this.#servers[index]!;
    server.process.signal("SIGTERM");
    this.#leaving.push(server);
    await this.#start(index, rate);
  }

  /** Ends a server as a power cut would, whatever is under way. */
  async kill(index: number): Promise<void> {
    await this.#servers[index]![Symbol.asyncDispose]();
  }

  /**
   * Brings a killed server back at its own rate.
   *
   * @throws {Error} when it does not listen again
   */
  async revive(index: number): Promise<void> {
    await this.#start(index, this.#rates[index]!);
  }

  /** Ends all of them. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of [...this.#servers, ...this.#leaving]) await server[Symbol.asyncDispose]();
    await this.#root[Symbol.asyncDispose]();
  }

  async #start(index: number, rate: number): Promise<void> {
    const port = this.#servers[index]!.port;
    for (let starts = 1;; starts++) {
      const args = ["--host=127.0.0.1", `--port=${port}`, ...this.#args(rate)];
      try {
        const options = { longestLifeMs: this.#longestLifeMs };
        this.#servers[index] = await listening(startRole("server", args, options));
        return;
      } catch (error) {
        if (starts === MOST_STARTS) throw error;
      }
    }
  }

  #args(rate: number): string[] {
    return [`--limit-rate=${rate}`, "--log=none", this.#root.path];
  }
}
