import { parseEntityTag } from "../http/validators.ts";
import type { Chooser } from "./chooser.ts";
import type { RoundEvent, ServerEvent } from "./farm_log.ts";
import type { Thresholds, Transition } from "./health.ts";
import type { Server } from "./list/server.ts";
import { OwnLine } from "./own_line.ts";
import type { Pool } from "./pool.ts";
import { rankingOf } from "./ranking.ts";
import { Round, type RoundOptions } from "./round.ts";
import type { Outcome, TestFile } from "./sample.ts";

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

/**
 * Whether all servers give the same test file. Times of different files cannot be compared, and
 * who resumes a download at another server needs the same ETag there.
 */
export class ContentConsistency {
  /** What was last found about each server. */
  #told: ReadonlyMap<Server, string> = new Map();

  /**
   * Compares what the servers gave in one round by what most of them gave; with no majority, by the
   * first.
   *
   * @returns what is wrong with whom, but for what was found in the last comparison as well
   */
  compare(files: ReadonlyMap<Server, TestFile>): [Server, string][] {
    const found = new Map<Server, string>();
    const sizes = [...files].map(([server, { bytes }]) => [server, `${bytes}`] as const);
    const usual = mostFrequent(sizes.map(([, size]) => size));
    for (const [server, size] of sizes) {
      if (size !== usual) found.set(server, `its test file has ${size} bytes, not ${usual}`);
    }
    // Of what has another size, the ETag has to differ.
    const tags = [...files].filter(([server]) => !found.has(server)).flatMap(([server, file]) => {
      const tag = parseEntityTag(file.entityTag ?? "");
      return tag === undefined ? [] : [[server, tag.opaque] as const];
    });
    const usualTag = mostFrequent(tags.map(([, opaque]) => opaque));
    for (const [server, opaque] of tags) {
      if (opaque !== usualTag) found.set(server, "its test file has another ETag than the others");
    }
    const news = [...found].filter(([server, problem]) => this.#told.get(server) !== problem);
    this.#told = found;
    return news;
  }
}

/** The text that is there most often; of equals the first. */
function mostFrequent(texts: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  let most: string | undefined;
  for (const [text, count] of counts) {
    if (most === undefined || count > counts.get(most)!) most = text;
  }
  return most;
}
