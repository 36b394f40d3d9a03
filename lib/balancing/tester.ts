import type { Patience, Turn } from "./health.ts";
import type { Pool } from "./pool.ts";
import { runRound } from "./round.ts";
import type { Outcome } from "./sample.ts";
import type { Server } from "./list/server.ts";
import { type TestFile, TestFiles } from "./test_files.ts";

/** How rounds of tests are run, and who is told of them. */
export interface TesterOptions {
  /** Tests one server. */
  readonly probe: (server: Server) => Promise<Outcome>;
  /** Tests at a time. */
  readonly concurrency: number;
  /** That of the pool, for the words. */
  readonly patience: Patience;
  /** The clock of `PickRequest`. */
  readonly clock: () => number;
  /** Told of what was found. */
  readonly tell: (message: string) => void;
}

/** Servers that one line about a round names. */
const MOST_LISTED = 10;

/** Runs rounds of performance tests over a pool, and puts into words what they find. */
export class Tester {
  readonly #pool: Pool;
  readonly #options: TesterOptions;
  readonly #testFiles = new TestFiles();
  #round: Promise<void> | undefined;

  /** Tests nobody yet. */
  constructor(pool: Pool, options: TesterOptions) {
    this.#pool = pool;
    this.#options = options;
  }

  /**
   * Runs a round; while one is under way, that is the one.
   *
   * @throws what the probe rejects with
   */
  round(): Promise<void> {
    return this.#round ??= this.#run().finally(() => this.#round = undefined);
  }

  async #run(): Promise<void> {
    const { concurrency, clock, probe, tell } = this.#options;
    const files = new Map<Server, TestFile>();
    await runRound(
      this.#pool,
      async (server) => {
        const outcome = await probe(server);
        if (outcome.kind === "passed") {
          files.set(server, { bytes: outcome.sample.bytes, entityTag: outcome.entityTag });
        }
        const turn = this.#pool.record(server, outcome, clock());
        const found = this.#wordsFor(outcome, turn);
        if (found !== undefined) tell(`${server.authority} ${found}`);
      },
      concurrency,
      clock,
    );
    this.#tellRanking();
    this.#tellTestFiles(files);
  }

  #wordsFor(outcome: Outcome, turn: Turn): string | undefined {
    const { fall, rise } = this.#options.patience;
    if (outcome.kind === "untestable") return `could not be tested: ${outcome.reason}`;
    const reason = outcome.kind === "failed" ? outcome.reason : "";
    switch (turn.kind) {
      case "left":
        return `is out: ${reason}`;
      case "failing":
        return `has failed ${turn.streak} of ${fall} tests that take it out: ${reason}`;
      case "recovering":
        return `has passed ${turn.streak} of ${rise} tests that bring it back`;
      case "returns":
        return "is back, with the lowest share at first";
      case "none":
        return undefined;
    }
  }

  #tellRanking(): void {
    const { tell } = this.#options;
    const ranking = this.#pool.ranking;
    const listed = ranking.slice(-MOST_LISTED).reverse().map(({ server, sample, share }) =>
      `${server.authority} ${sample.elapsedMs.toFixed(1)} ms (${(share * 100).toFixed(1)} %)`
    );
    const left = ranking.length - listed.length;
    const more = left > 0 ? `, and ${left} slower ones` : "";
    if (listed.length > 0) tell(`tested, fastest first: ${listed.join(", ")}${more}`);
    if (!this.#pool.isOpen) tell("no server is available");
  }

  /** In the pool's order, or equals would change places from round to round. */
  #tellTestFiles(files: ReadonlyMap<Server, TestFile>): void {
    const ordered = this.#pool.members.flatMap(({ server }) => {
      const file = files.get(server);
      return file === undefined ? [] : [[server, file] as const];
    });
    for (const [server, finding] of this.#testFiles.compare(new Map(ordered))) {
      this.#options.tell(`${server.authority} differs from the farm: ${finding}`);
    }
  }
}
