/**
 * Rounds of performance tests over a pool, one at a time.
 *
 * @module
 */

import { parseEntityTag } from "../http/validators.ts";
import { SingleRun } from "../process/single_run.ts";
import type { FarmLog } from "./farm_log.ts";
import type { TestFile } from "./health.ts";
import type { Server } from "./list/server.ts";
import { OwnLine } from "./own_line.ts";
import type { Pool } from "./pool.ts";
import { Round, type RoundOptions, type Tested } from "./round.ts";

/** How servers are tested round after round. */
export interface HealthCheckerOptions extends RoundOptions {
  readonly log: Pick<FarmLog, "server" | "trouble" | "round">;
  /** The time in milliseconds since the epoch. */
  readonly epochMs: () => number;
  /** Brings the pool up to date before each round but the first. */
  readonly beforeRound?: () => Promise<void>;
}

/** The rounds so far. */
export interface RoundsStatus {
  /** Rounds that have ended. */
  readonly count: number;
  /** Whether tests are in progress. */
  readonly isUnderWay: boolean;
  /** When the last round ended, in milliseconds since the epoch; null before the first has. */
  readonly endedAt: number | null;
  /** How long the last round took; null before the first has ended. */
  readonly elapsedMs: number | null;
}

/** The rounds that have ended. */
export type PastRounds = Omit<RoundsStatus, "isUnderWay">;

/** The greatest part of an interval that chance takes off. */
const JITTER = 1 / 10;

/** Attempts to find an available server before the start is given up: as `fall`, within these. */
const MIN_FIRST_LOOKS = 3;
const MAX_FIRST_LOOKS = 10;

/** Pause between two of these attempts, in ms. */
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

/** Servers whose tests somebody asks for, by their ids. */
interface Requests {
  readonly requests: Map<number, Server>;
  readonly done: Promise<void>;
}

/** Tests the servers of a pool, round after round, and logs what it finds. */
export class HealthChecker {
  readonly #pool: Pool;
  readonly #options: HealthCheckerOptions;
  readonly #ownLine = new OwnLine();
  readonly #consistency = new ContentConsistency();
  #past: PastRounds = { count: 0, endedAt: null, elapsedMs: null };
  #testing: Promise<void> | undefined;
  /** What is asked for until the tests in progress have ended. */
  #requested: Requests | undefined;
  /** The tests in progress. */
  #current: Round | undefined;
  readonly #round = new SingleRun(() => this.#runRound());

  constructor(pool: Pool, options: HealthCheckerOptions) {
    this.#pool = pool;
    this.#options = options;
  }

  get rounds(): RoundsStatus {
    return { ...this.#past, isUnderWay: this.#testing !== undefined };
  }

  /** Goes on counting after the rounds of an earlier process. */
  adopt({ count, ...last }: PastRounds): void {
    const own = this.#past;
    const latest = own.endedAt === null ? last : own;
    this.#past = { ...latest, count: own.count + count };
  }

  /**
   * Runs the first round. While no server has passed, tests those again, a moment later, that could
   * not be tested or have failed less often than `fall`.
   *
   * @throws what the probe rejects with
   */
  async firstRound(): Promise<void> {
    const { fall } = this.#pool.thresholds;
    const looks = Math.min(MAX_FIRST_LOOKS, Math.max(MIN_FIRST_LOOKS, fall));
    await this.#test(() => "all");
    for (let look = 2; look <= looks; look++) {
      if (this.#pool.isAvailable || !this.#pool.hasUntested) return;
      await this.#options.wait(FIRST_LOOK_PAUSE_MS);
      await this.newcomers();
    }
  }

  /**
   * Runs a round, or joins the one in progress.
   *
   * @throws what the probe rejects with
   */
  round(): Promise<void> {
    return this.#round.join();
  }

  /**
   * Tests the servers that have no verdict yet, after the tests in progress. That is no round.
   *
   * @throws what the probe rejects with
   */
  newcomers(): Promise<void> {
    return this.#test(() => "untested");
  }

  /**
   * Tests these servers, whether they are due or not, after the tests in progress. That is no round;
   * all that is asked for meanwhile is one run.
   *
   * @throws what the probe rejects with
   */
  request(servers: readonly Server[]): Promise<void> {
    const { requests } = this.#requested ??= this.#newRequests();
    for (const server of servers) requests.set(server.id, server);
    return this.#requested.done;
  }

  #newRequests(): Requests {
    const requests = new Map<number, Server>();
    const choose = () => {
      this.#requested = undefined;
      return [...requests.values()];
    };
    // Not before the caller has said what it wants.
    const done = Promise.resolve().then(() => this.#test(choose));
    return { requests, done };
  }

  /**
   * Tests a server at once, in the round in progress if there is one, since it does not answer while
   * another one does. That is no round.
   *
   * @returns settles when it has been tested
   * @throws what the probe rejects with
   */
  async suspect(server: Server): Promise<void> {
    const testing = this.#testing ?? this.#test(() => "suspected");
    // What is added before the round has ended belongs to it.
    await Promise.race([this.#current?.suspect(server), testing]);
  }

  async #runRound(): Promise<void> {
    const { beforeRound } = this.#options;
    if (beforeRound !== undefined) await beforeRound();
    await this.#test(() => "all");
  }

  /** @param choose called when the tests begin */
  async #test(choose: () => Tested): Promise<void> {
    // A rejection is the business of the other caller.
    while (this.#testing !== undefined) await this.#testing.catch(() => {});
    const which = choose();
    if (which === "untested" && !this.#pool.hasUntested) return;
    await (this.#testing = this.#run(which).finally(() => this.#testing = undefined));
  }

  async #run(which: Tested): Promise<void> {
    const { clock, epochMs, log } = this.#options;
    const begunAt = clock();
    const round = new Round(this.#pool, this.#options, this.#ownLine);
    this.#current = round;
    await round.run(which).finally(() => this.#current = undefined);
    if (which === "suspected") return;
    const { chooser, ranking, servers: { length: servers } } = this.#pool;
    if (which === "untested") log.round({ ranking, servers, elapsedMs: undefined });
    if (which !== "all") return;
    const elapsedMs = clock() - begunAt;
    this.#past = { count: this.#past.count + 1, endedAt: epochMs(), elapsedMs };
    chooser.endRound();
    log.round({ ranking, servers, elapsedMs });
    this.#compare(round.testFiles);
  }

  /** In the pool's order: if there is no majority, the same server is right in every round. */
  #compare(files: ReadonlyMap<number, TestFile>): void {
    const ordered = this.#pool.servers.flatMap((server) => {
      const file = files.get(server.id);
      return file === undefined ? [] : [[server, file] as const];
    });
    for (const [server, reason] of this.#consistency.compare(new Map(ordered))) {
      this.#options.log.server(server, { kind: "different", reason });
    }
  }
}

/**
 * Whether all servers send the same test file. Times of different files cannot be compared, and a
 * client that resumes a download at another server needs the same ETag there.
 */
export class ContentConsistency {
  /** What the last comparison found, by the ids of servers. */
  #before: ReadonlyMap<number, string> = new Map();

  /**
   * Compares the files of one round with the one that most servers sent; with no majority, with the
   * first.
   *
   * @returns the servers that differ and how, except what the last comparison found as well
   */
  compare(files: ReadonlyMap<Server, TestFile>): [Server, string][] {
    const found = new Map<Server, string>();
    const sizes = [...files].map(([server, { bytes }]) => [server, `${bytes}`] as const);
    const usual = mostFrequent(sizes.map(([, size]) => size));
    for (const [server, size] of sizes) {
      if (size !== usual) found.set(server, `its test file has ${size} bytes, not ${usual}`);
    }
    // A file of another size has another ETag anyway.
    const tags = [...files].filter(([server]) => !found.has(server)).flatMap(([server, file]) => {
      const tag = parseEntityTag(file.entityTag ?? "");
      return tag === undefined ? [] : [[server, tag.opaque] as const];
    });
    const usualTag = mostFrequent(tags.map(([, opaque]) => opaque));
    for (const [server, opaque] of tags) {
      if (opaque !== usualTag) found.set(server, "its test file has another ETag than the others");
    }
    const added = [...found].filter(([server, problem]) => this.#before.get(server.id) !== problem);
    this.#before = new Map([...found].map(([{ id }, problem]) => [id, problem]));
    return added;
  }
}

/** The most frequent text; of equals the first. */
function mostFrequent(texts: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  let most: string | undefined;
  for (const [text, count] of counts) {
    if (most === undefined || count > counts.get(most)!) most = text;
  }
  return most;
}
