/**
 * One round of performance tests. A round does not take every outcome at face value: not what this
 * machine may have caused, not a single failure that would cost a server all of its clients, and
 * not the speed of transfers that slowed each other down.
 *
 * @module
 */

import type { FarmLog } from "./farm_log.ts";
import { type FailedOutcome, type Outcome, type TestFile, throughputOf } from "./health.ts";
import type { Server } from "./list/server.ts";
import { ALONE, LineUse, type OwnLine } from "./own_line.ts";
import type { Pool, TestedServers } from "./pool.ts";
import type { OnReceived } from "./probe.ts";

/** How the tests of a round are run. */
export interface RoundOptions {
  /** Tests one server, and reports content as it arrives. */
  readonly probe: (server: Server, onReceived: OnReceived) => Promise<Outcome>;
  /** Tests at a time, at least 1: few, since they share a line. */
  readonly concurrency: number;
  /** The clock of `PickRequest`. */
  readonly clock: () => number;
  /** How long this process has been paused in all, in ms. */
  readonly pausedMs: () => number;
  /** Settles after so many ms. */
  readonly wait: (ms: number) => Promise<unknown>;
  readonly log: Pick<FarmLog, "server" | "trouble">;
}

/** Which servers a round tests. */
export type Tested = TestedServers | "suspected";

/** From a failed test to the second one, in ms. */
const MOMENT_MS = 1000;

/** The most runs of a test that a pause of this process has spoilt. */
const MOST_ATTEMPTS = 3;

/** Time between checks whether the line has room, in ms. */
const LOOK_MS = 250;

/** Time for measuring again: at least so many ms, and so many times the duration of the tests. */
const LEAST_VERIFICATION_MS = 5000;
const VERIFICATION_PART = 3;

/** A server to be tested. */
interface Look {
  readonly server: Server;
  /** Why it is tested a second time; undefined the first time. */
  readonly failure?: FailedOutcome;
  /** Earliest time, on the clock of `PickRequest`. */
  readonly at: number;
  /** Called when no further test of the server is needed; absent if nothing waits for that. */
  readonly onEnded?: () => void;
}

/** A server that has failed, and whether a second test has confirmed that. */
interface Verdict {
  readonly server: Server;
  readonly failure: FailedOutcome;
  readonly isConfirmed: boolean;
}

/** One round over all servers of a pool that are due. */
export class Round {
  /** The test files of the servers that passed, by their ids. */
  readonly testFiles = new Map<number, TestFile>();
  readonly #pool: Pool;
  readonly #options: RoundOptions;
  readonly #ownLine: OwnLine;
  #first: Iterator<Server> = [].values();
  /** Second tests that wait for their time. */
  readonly #doubted: Look[] = [];
  /**
   * Verdicts held back until an available server passes: until then one cause may have failed all.
   */
  readonly #held: Verdict[] = [];
  /** Unreachable servers, while no other was reached either. */
  readonly #unreachable: { readonly look: Look; readonly failure: FailedOutcome }[] = [];
  readonly #untested = new Map<string, Server[]>();
  /** Each runs one test after the other, until none waits. */
  readonly #lanes = new Set<Promise<void>>();
  /** What tests rejected with. */
  readonly #errors: unknown[] = [];
  readonly #lineUse: LineUse;
  #pausedMs = 0;
  #isReached = false;
  #hasStayed = false;

  /**
   * @param ownLine what earlier rounds have shown of the line that all tests share
   * @throws {RangeError} if `concurrency` is less than 1
   */
  constructor(pool: Pool, options: RoundOptions, ownLine: OwnLine) {
    const { concurrency } = options;
    if (!(concurrency >= 1)) throw new RangeError(`Concurrency is ${concurrency}, less than 1`);
    this.#pool = pool;
    this.#options = options;
    this.#ownLine = ownLine;
    this.#lineUse = new LineUse(ownLine, options.clock);
  }

  /**
   * Tests these servers, and ends the round. When the promise settles, no test is
   * running.
   *
   * @param which as `Pool.beginRound`, or only those that are suspected
   * @throws what a test rejected with, once the others have ended; then the round has no end
   */
  async run(which: Tested): Promise<void> {
    const { clock } = this.#options;
    const begunAt = clock();
    const servers = which === "suspected" ? [] : this.#pool.beginRound(which);
    this.#first = servers.values();
    await this.#test(servers.length);
    if (this.#isReached) this.#blameUnreachable();
    await this.#test(this.#doubted.length);
    await this.#confirm();
    await this.#verify(clock() - begunAt);
    while (this.#doubted.length + this.#lanes.size > 0) await this.#test(this.#doubted.length);
    this.#logTrouble();
    this.#pool.endRound(clock());
    this.#ownLine.endRound();
  }

  /**
   * Tests a server before all others, once more if it was tested, since it does not answer while
   * another one does. Only while `run` is in progress.
   *
   * @returns settles when it has been tested, a second time if need be
   */
  suspect(server: Server): Promise<void> {
    this.#isReached = true;
    this.#stay();
    return new Promise((resolve) => {
      this.#doubted.unshift({ server, at: -Infinity, onEnded: resolve });
      this.#open(1);
    });
  }

  /** Runs all waiting tests, a few at a time. @param count their number */
  async #test(count: number): Promise<void> {
    this.#open(count);
    while (this.#lanes.size > 0) await Promise.all(this.#lanes);
    if (this.#errors.length > 0) throw this.#errors[0];
  }

  /** Opens lanes for so many more tests, as far as there may be more. */
  #open(count: number): void {
    const most = Math.min(this.#options.concurrency, this.#lanes.size + count);
    while (this.#lanes.size < most) {
      const lane = this.#lane().catch((error) => void this.#errors.push(error))
        .finally(() => this.#lanes.delete(lane));
      this.#lanes.add(lane);
    }
  }

  async #lane(): Promise<void> {
    for (let look = this.#next(); look !== undefined; look = this.#next()) {
      await this.#look(look);
      const { onEnded } = look;
      const isEnded = !this.#doubted.some((it) => it.onEnded === onEnded);
      if (onEnded !== undefined && isEnded) onEnded();
    }
  }

  async #look(look: Look): Promise<void> {
    const { clock, wait } = this.#options;
    const restMs = look.at - clock();
    if (restMs > 0) await wait(restMs);
    if (this.#pool.stateOf(look.server) === undefined) return; // No longer listed.
    const expected = this.#expected(look);
    // No await between this check and the test, or two lanes would take the same room.
    while (!this.#lineUse.hasRoom(expected)) await wait(LOOK_MS);
    this.#take(look, await this.#probe(look.server, expected));
  }

  /** A second test if it is due, or nothing else is left. */
  #next(): Look | undefined {
    const [doubted] = this.#doubted;
    if (doubted !== undefined && doubted.at <= this.#options.clock()) return this.#doubted.shift();
    const { value: server, done } = this.#first.next();
    return done ? this.#doubted.shift() : { server, at: -Infinity };
  }

  /** Throughput in bytes per ms. A server that was too slow beside others is measured alone. */
  #expected({ server, failure }: Look): number {
    return failure?.fault === "slow" ? ALONE : this.#throughputBefore(server) ?? 0;
  }

  #throughputBefore(server: Server): number | undefined {
    const state = this.#pool.stateOf(server);
    return state?.kind === "available" ? throughputOf(state.sample) : undefined;
  }

  /** Repeats a test that a pause of this process has spoilt, some times. */
  async #probe(server: Server, expected: number): Promise<Outcome> {
    const { pausedMs } = this.#options;
    for (let attempt = 1;; attempt++) {
      const before = pausedMs();
      const outcome = await this.#transfer(server, expected);
      const lostMs = pausedMs() - before;
      if (lostMs === 0 || !dependsOnTime(outcome)) return outcome;
      this.#pausedMs = Math.max(this.#pausedMs, lostMs);
      if (attempt < MOST_ATTEMPTS) continue;
      if (outcome.kind === "passed") return outcome;
      return { kind: "untestable", reason: "this process stood still", at: outcome.at };
    }
  }

  async #transfer(server: Server, expected: number): Promise<Outcome> {
    const before = this.#throughputBefore(server);
    const { onReceived, end } = this.#lineUse.begin(server, before, expected);
    let outcome: Outcome | undefined;
    try {
      return outcome = await this.#options.probe(server, onReceived);
    } finally {
      end(outcome?.kind === "passed" ? outcome.sample : undefined);
    }
  }

  #take(look: Look, outcome: Outcome): void {
    const { server } = look;
    if (this.#pool.stateOf(server) === undefined) return;
    if (outcome.kind === "passed") return this.#pass(look, outcome);
    if (outcome.kind === "failed") return this.#fail(look, outcome);
    if (outcome.isUnreachable !== true) return this.#addUntested(server, outcome.reason);
    const { reason, at } = outcome;
    const failure: FailedOutcome = { kind: "failed", reason, fault: "time", at };
    if (this.#isReached) this.#fail(look, failure);
    else this.#unreachable.push({ look, failure });
  }

  #pass({ server, failure }: Look, outcome: Outcome): void {
    this.#isReached = true;
    const wasAvailable = this.#pool.stateOf(server)?.kind === "available";
    this.#record(server, outcome);
    if (failure !== undefined) {
      this.#options.log.server(server, { kind: "retested", reason: failure.reason });
    }
    if (wasAvailable) this.#stay();
  }

  #fail(look: Look, failure: FailedOutcome): void {
    const { clock } = this.#options;
    const { server } = look;
    const mayReturn = this.#pool.thresholds.rise > 0;
    const isFirst = look.failure === undefined;
    if (failure.fault !== "time") this.#isReached = true;
    // Other tests on this side may have slowed it down.
    if (isFirst && failure.fault === "slow") {
      this.#doubted.push({ ...look, failure, at: clock() });
    } else if (!this.#pool.isOnLastTry(server)) {
      this.#record(server, failure);
    } else if (isFirst && !mayReturn && this.#mayBeSpared(server, failure)) {
      this.#doubted.push({ ...look, failure, at: clock() + MOMENT_MS });
      if (this.#hasStayed) this.#pool.suspend(server, clock());
    } else if (this.#hasStayed || this.#pool.stateOf(server)?.kind !== "available") {
      this.#record(server, failure);
    } else {
      this.#held.push({ server, failure, isConfirmed: !isFirst });
    }
  }

  /** A refusal is enough for a server that never passed, which has no clients to lose. */
  #mayBeSpared(server: Server, { fault }: FailedOutcome): boolean {
    return fault !== "refused" || this.#pool.stateOf(server)?.kind === "available";
  }

  /** An available server has passed: failures of others have causes of their own. */
  #stay(): void {
    this.#hasStayed = true;
    const monotonicMs = this.#options.clock();
    for (const { server, failure } of this.#doubted) {
      if (failure !== undefined && failure.fault !== "slow") {
        this.#pool.suspend(server, monotonicMs);
      }
    }
    for (const { server, failure } of this.#held.splice(0)) this.#record(server, failure);
  }

  /** Some servers were reached, so the network as a whole is not at fault. */
  #blameUnreachable(): void {
    for (const { look, failure } of this.#unreachable.splice(0)) this.#fail(look, failure);
  }

  /** All available servers have failed in this round: none leaves before a second test. */
  async #confirm(): Promise<void> {
    const held = this.#held.splice(0);
    const open = held.filter(({ isConfirmed }) => !isConfirmed);
    if (open.length > 0) {
      const { reason } = open[0]!.failure;
      this.#options.log.trouble({ kind: "allFailed", servers: held.length, reason });
      const at = this.#options.clock() + MOMENT_MS;
      for (const { server, failure } of open) this.#doubted.push({ server, failure, at });
      await this.#test(open.length);
    }
    const confirmed = held.filter(({ isConfirmed }) => isConfirmed);
    for (const { server, failure } of [...confirmed, ...this.#held.splice(0)]) {
      this.#record(server, failure);
    }
  }

  #record(server: Server, outcome: Outcome): void {
    const { clock, log } = this.#options;
    const transition = this.#pool.record(server, outcome, clock());
    if (outcome.kind === "passed" && outcome.testFile) {
      this.testFiles.set(server.id, outcome.testFile);
    }
    if (transition !== undefined) log.server(server, transition, this.#pool.excludedReason(server));
  }

  #addUntested(server: Server, reason: string): void {
    const servers = this.#untested.get(reason);
    if (servers === undefined) this.#untested.set(reason, [server]);
    else servers.push(server);
  }

  /** Measures again, one by one, if the own line may have been the bottleneck. */
  async #verify(elapsedMs: number): Promise<void> {
    const { clock } = this.#options;
    const until = clock() + Math.max(LEAST_VERIFICATION_MS, VERIFICATION_PART * elapsedMs);
    for (const suspect of this.#ownLine.suspects([...this.#lineUse.transfers])) {
      if (this.#ownLine.isVerified || clock() > until) return;
      if (this.#pool.stateOf(suspect.server) === undefined) continue;
      const outcome = await this.#probe(suspect.server, ALONE);
      if (outcome.kind !== "passed") continue;
      const { sample } = outcome;
      if (!this.#ownLine.verify(suspect, throughputOf(sample))) continue;
      this.#pool.refine(suspect.server, sample, clock());
    }
  }

  #logTrouble(): void {
    const { log } = this.#options;
    for (const { look, failure } of this.#unreachable) {
      this.#addUntested(look.server, failure.reason);
    }
    if (this.#pausedMs > 0) log.trouble({ kind: "paused", pausedMs: this.#pausedMs });
    for (const [reason, servers] of this.#untested) {
      log.trouble({ kind: "untestable", reason, servers });
    }
  }
}

/** Whether a pause of this process may have caused it. */
function dependsOnTime(outcome: Outcome): boolean {
  if (outcome.kind !== "failed") return outcome.kind === "passed";
  return outcome.fault === "time" || outcome.fault === "slow";
}
