import type { CheckMode } from "../../lib/balancing/file_checks/file_router.ts";
import { quoted } from "../../lib/log/console.ts";
import { type ListeningRole, listeningRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

/** Questions a second, and of those as many at once as a balancer saves up. */
const RATE = 50;
const BURST = RATE / 10;

/** It may live as long as all attacks on one balancer take. */
const LONGEST_LIFE_MS = 600_000;

/** Two servers, of which one lacks a file, behind a balancer that asks them for files. */
export class CheckedFarm implements AsyncDisposable {
  /** The file that one of them has. */
  static readonly TARGET = "/real.bin";

  readonly #stack: AsyncDisposableStack;
  readonly #servers: readonly ListeningRole[];
  readonly #startMs = performance.now();

  private constructor(stack: AsyncDisposableStack, servers: readonly ListeningRole[]) {
    this.#stack = stack;
    this.#servers = servers;
  }

  /** Starts the servers. */
  static async start(): Promise<CheckedFarm> {
    await using stack = new AsyncDisposableStack();
    const servers: ListeningRole[] = [];
    for (const files of [{ "real.bin": "content" }, {}]) {
      const root = stack.use(await TemporaryDirectory.with(files));
      const options = { longestLifeMs: LONGEST_LIFE_MS };
      servers.push(stack.use(await listeningRole("server", [root.path], options)));
    }
    return new CheckedFarm(stack.move(), servers);
  }

  /** How many servers there are. */
  get size(): number {
    return this.#servers.length;
  }

  /** The arguments of the balancer, which is started after this. */
  balancerArgs(mode: CheckMode): string[] {
    const authorities = this.#servers.map(({ authority }) => authority);
    return [`--check-files=${mode}`, `--check-rate=${RATE}`, ...authorities];
  }

  /**
   * What is wrong after an attack; empty if nothing is.
   *
   * @param answers heads of the balancer's answers for `TARGET` during the attack
   */
  faults(answers: readonly string[]): string[] {
    const location = `Location: ${this.#servers[0]!.origin}${CheckedFarm.TARGET}\r\n`;
    const wrong = answers.filter((head) => !head.includes(location));
    const most = RATE * this.#seconds + BURST;
    return [
      ...wrong.length > 0
        ? [`${wrong.length} answers did not know the file: ${quoted(wrong[0])}`]
        : [],
      ...this.#questions > most ? [`more than ${most.toFixed()} questions`] : [],
    ];
  }

  /** How many questions reached the servers. */
  get summary(): string {
    const perSecond = (this.#questions / this.#seconds).toFixed(1);
    return `${this.#questions} questions reached the servers, ${perSecond} a second`;
  }

  /** Since before the balancer was there. */
  get #seconds(): number {
    return (performance.now() - this.#startMs) / 1000;
  }

  get #questions(): number {
    const lines = this.#servers.flatMap(({ process }) => process.stdout.lines);
    return lines.filter((line) => line.includes('"HEAD ')).length;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}
