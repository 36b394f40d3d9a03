import type { Chooser } from "./chooser.ts";
import type { RoundEvent, ServerEvent } from "./farm_event.ts";
import type { Patience, Turn } from "./health.ts";
import type { Server } from "./list/server.ts";
import type { Pool } from "./pool.ts";
import { rankingOf } from "./ranking.ts";
import { runRound } from "./round.ts";
import type { Outcome } from "./sample.ts";
import { type TestFile, TestFiles } from "./test_files.ts";

/** How rounds of tests are run, and who is told of them. */
export interface TesterOptions {
  /** Tests one server. */
  readonly probe: (server: Server) => Promise<Outcome>;
  /** Tests at a time. */
  readonly concurrency: number;
  /** That of the pool, for what is told. */
  readonly patience: Patience;
  /** The clock of `PickRequest`. */
  readonly clock: () => number;
  /** Told of what was found about a server. */
  readonly onEvent: (server: Server, event: ServerEvent) => void;
  /** Told of the end of each round. */
  readonly onRound: (event: RoundEvent) => void;
}

/** Runs rounds of performance tests over a pool, and tells of what they find. */
export class Tester {
  readonly #pool: Pool;
  readonly #chooser: Chooser;
  readonly #options: TesterOptions;
  readonly #testFiles = new TestFiles();
  /** Whatever is under way, and the round of all that is, or waits for it. */
  #testing: Promise<void> | undefined;
  #round: Promise<void> | undefined;

  /**
   * Tests nobody yet.
   *
   * @param chooser one that is told by the pool; it knows the shares
   */
  constructor(pool: Pool, chooser: Chooser, options: TesterOptions) {
    this.#pool = pool;
    this.#chooser = chooser;
    this.#options = options;
  }

  /** Whether a round is under way. */
  get isTesting(): boolean {
    return this.#testing !== undefined;
  }

  /**
   * Runs a round; while one is under way, that is the one.
   *
   * @throws what the probe rejects with
   */
  round(): Promise<void> {
    return this.#round ??= this.#test("all").finally(() => this.#round = undefined);
  }

  /**
   * Tests those that were never tested, once what is under way has ended.
   *
   * @throws what the probe rejects with
   */
  newcomers(): Promise<void> {
    return this.#test("untested");
  }

  async #test(which: "untested" | "all"): Promise<void> {
    while (this.#testing !== undefined) await this.#testing.catch(() => {}); // Told to its caller.
    if (which === "untested" && !this.#pool.hasUntested) return;
    await (this.#testing = this.#run(which).finally(() => this.#testing = undefined));
  }

  async #run(which: "untested" | "all"): Promise<void> {
    const { concurrency, clock, probe } = this.#options;
    const files = new Map<Server, TestFile>();
    const begunAt = clock();
    const test = async (server: Server) => {
      const outcome = await probe(server);
      if (outcome.kind === "passed") {
        files.set(server, { bytes: outcome.sample.bytes, entityTag: outcome.entityTag });
      }
      const turn = this.#pool.record(server, outcome, clock());
      const event = this.#eventOf(outcome, turn);
      if (event !== undefined) this.#options.onEvent(server, event);
    };
    await runRound(this.#pool, test, concurrency, clock, which);
    const { members } = this.#pool;
    const ranking = rankingOf(members, this.#chooser.shares);
    this.#options.onRound({ ranking, servers: members.length, elapsedMs: clock() - begunAt });
    if (which === "all") this.#compare(files);
  }

  #eventOf(outcome: Outcome, turn: Turn): ServerEvent | undefined {
    const { fall, rise } = this.#options.patience;
    if (outcome.kind === "untestable") return { kind: "untestable", reason: outcome.reason };
    if (outcome.kind === "failed") {
      const { reason } = outcome;
      if (turn.kind === "left") return { kind: "out", reason, streak: turn.streak, fall };
      if (turn.kind === "failing") return { kind: "failing", reason, streak: turn.streak, fall };
      return undefined;
    }
    const { sample } = outcome;
    if (turn.kind === "enters") return { kind: "available", sample };
    if (turn.kind === "recovering") return { kind: "recovering", streak: turn.streak, rise };
    if (turn.kind !== "returns") return undefined;
    return { kind: "returned", sample, streak: turn.streak, outMs: sample.at - turn.outSince };
  }

  /** In the pool's order, or equals would change places from round to round. */
  #compare(files: ReadonlyMap<Server, TestFile>): void {
    const ordered = this.#pool.servers.flatMap((server) => {
      const file = files.get(server);
      return file === undefined ? [] : [[server, file] as const];
    });
    for (const [server, reason] of this.#testFiles.compare(new Map(ordered))) {
      this.#options.onEvent(server, { kind: "different", reason });
    }
  }
}
