import type { Chooser } from "./chooser.ts";
import type { RoundEvent, ServerEvent } from "./farm_event.ts";
import type { Thresholds, Transition } from "./health.ts";
import type { Server } from "./list/server.ts";
import { OwnLine } from "./own_line.ts";
import type { Pool } from "./pool.ts";
import { rankingOf } from "./ranking.ts";
import { Round, type RoundOptions } from "./round.ts";
import type { Outcome, TestFile } from "./sample.ts";
import { ContentConsistency } from "./test_files.ts";

/** How servers are tested round after round, and what is told of it. */
export interface HealthCheckerOptions extends Omit<RoundOptions, "mayReturn" | "ownLine"> {
  /** That of the pool. */
  readonly thresholds: Thresholds;
  /** Told of the end of each round, and of the end of each test of new servers. */
  readonly onRound: (event: RoundEvent) => void;
}

/** The part of an interval that chance may take off it. */
const JITTER = 1 / 10;

/** Looks at servers of which none has passed, before the start is given up. */
const LEAST_FIRST_LOOKS = 3;
const MOST_FIRST_LOOKS = 10;

/** From one of these looks to the next, in ms. */
const FIRST_LOOK_PAUSE_MS = 1000;

/**
 * When the next round is due, in ms: up to a tenth before the interval ends, so that the balancers
 * of one farm do not test in step.
 *
 * @param random evenly distributed, at least 0 and less than 1
 */
export function jitteredInterval(intervalMs: number, random: number): number {
  return Math.ceil(intervalMs * (1 - JITTER * random));
}

/** Runs rounds of performance tests over a pool, one at a time, and tells what they find. */
export class HealthChecker {
  readonly #pool: Pool;
  readonly #chooser: Chooser;
  readonly #options: HealthCheckerOptions;
  readonly #ownLine = new OwnLine();
  readonly #consistency = new ContentConsistency();
  /** Whatever is under way, and the round of all that is, or waits for it. */
  #testing: Promise<void> | undefined;
  #round: Promise<void> | undefined;

  /**
   * Tests nothing yet.
   *
   * @param chooser one that is told by the pool; it knows the shares
   */
  constructor(pool: Pool, chooser: Chooser, options: HealthCheckerOptions) {
    this.#pool = pool;
    this.#chooser = chooser;
    this.#options = options;
  }

  /** Whether tests are under way. */
  get isTesting(): boolean {
    return this.#testing !== undefined;
  }

  /**
   * The first round. While no server has passed, those that could not be tested, or have not failed
   * as often as it takes, are tested again, a moment later.
   *
   * @throws what the probe rejects with
   */
  async firstRound(): Promise<void> {
    const { wait, thresholds } = this.#options;
    const looks = Math.min(MOST_FIRST_LOOKS, Math.max(LEAST_FIRST_LOOKS, thresholds.fall));
    await this.round();
    for (let look = 2; look <= looks; look++) {
      if (this.#pool.isOpen || !this.#pool.hasUntested) return;
      await wait(FIRST_LOOK_PAUSE_MS);
      await this.newcomers();
    }
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
   * Tests servers that have no verdict yet, once what is under way has ended. That is no round.
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
    const { clock, thresholds, onOutcome, onEvent, onRound } = this.#options;
    const files = new Map<Server, TestFile>();
    const begunAt = clock();
    const round = new Round(this.#pool, {
      ...this.#options,
      mayReturn: thresholds.rise > 0,
      ownLine: this.#ownLine,
      onOutcome: (server, outcome, transition) => {
        onOutcome(server, outcome, transition);
        if (outcome.kind === "passed" && outcome.testFile) files.set(server, outcome.testFile);
        const event = this.#eventOf(outcome, transition);
        if (event !== undefined) onEvent(server, event);
      },
    });
    await round.run(which);
    const { members } = this.#pool;
    const ranking = rankingOf(members, this.#chooser.shares);
    const elapsedMs = which === "all" ? clock() - begunAt : undefined;
    onRound({ ranking, servers: members.length, elapsedMs });
    if (which === "all") this.#compare(files);
  }

  #eventOf(outcome: Outcome, transition: Transition): ServerEvent | undefined {
    const { fall, rise } = this.#options.thresholds;
    if (outcome.kind === "untestable") return undefined;
    if (outcome.kind === "failed") {
      const { reason } = outcome;
      if (transition.kind === "left") {
        return { kind: "out", reason, streak: transition.streak, fall };
      }
      if (transition.kind === "failing") {
        return { kind: "failing", reason, streak: transition.streak, fall };
      }
      return undefined;
    }
    const { sample } = outcome;
    if (transition.kind === "enters") return { kind: "available", sample };
    if (transition.kind === "recovering") {
      return { kind: "recovering", streak: transition.streak, rise };
    }
    if (transition.kind !== "returns") return undefined;
    return {
      kind: "returned",
      sample,
      streak: transition.streak,
      outMs: sample.at - transition.outSince,
    };
  }

  /** In the pool's order, or equals would change places from round to round. */
  #compare(files: ReadonlyMap<Server, TestFile>): void {
    const ordered = this.#pool.servers.flatMap((server) => {
      const file = files.get(server);
      return file === undefined ? [] : [[server, file] as const];
    });
    for (const [server, reason] of this.#consistency.compare(new Map(ordered))) {
      this.#options.onEvent(server, { kind: "different", reason });
    }
  }
}
