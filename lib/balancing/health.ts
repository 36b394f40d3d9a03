/**
 * What tests find of a server, and its state by them. A failed test counts at once, a passed one when
 * its round ends, so that times of one round are never compared with those of another.
 *
 * @module
 */

import type { LoadReport } from "../http/load_report.ts";

/** Rounds of tests in a row that change a server's state. */
export interface Thresholds {
  /** Failures before the server is out; at least 1. */
  readonly fall: number;
  /** Successes before it returns; 0 for never. */
  readonly rise: number;
}

/** Only an available server may be picked; `since` is in milliseconds since the epoch. */
export type ServerState =
  | { readonly kind: "untested" }
  | { readonly kind: "available"; readonly sample: TransferSample; readonly since: number }
  | { readonly kind: "out"; readonly reason: string; readonly since: number };

/**
 * What an outcome changes. A server that passed its first test (`available`), or has `returned`, may
 * be picked when the round ends. `streak` counts tests in a row.
 */
export type Transition =
  | { readonly kind: "available"; readonly sample: TransferSample }
  | {
    readonly kind: "failing" | "out";
    readonly reason: string;
    readonly streak: number;
    readonly fall: number;
  }
  | { readonly kind: "recovering"; readonly streak: number; readonly rise: number }
  | {
    readonly kind: "returned";
    readonly sample: TransferSample;
    readonly streak: number;
    readonly outMs: number;
  };

/** The most rounds from one test of a server that is out to the next. */
const MAX_PAUSE_ROUNDS = 10;

/** Makes the sum of ten tenths at least 1. */
const ROUNDING = 1e-12;

/** What a process leaves to the next one of a server's health: the state, and what leads to others. */
export interface HealthFacts {
  readonly state: ServerState;
  /** Consecutive outcomes against the state. */
  readonly streak: number;
  /** Rounds from the last test to the next, and how many of them remain. */
  readonly pauseRounds: number;
  readonly roundsLeft: number;
  /** From 0 to 1. */
  readonly slowStart: number;
}

/** State machine of one server: untested, available, out. */
export class Health {
  readonly #thresholds: Thresholds;
  #state: ServerState = { kind: "untested" };
  /** Of the round in progress; counts when the round ends. */
  #sample: TransferSample | undefined;
  /** Consecutive outcomes against the state. */
  #streak = 0;
  /** Rounds from the last test to the next, and how many of them remain. */
  #pauseRounds = 1;
  #roundsLeft = 1;
  #slowStart = 1;
  /** Whether an operator has taken it out, so that tests change nothing. */
  #isHeld = false;
  /** Whether it is tested once more, though it is out for good. */
  #hasRetrial = false;

  constructor(thresholds: Thresholds) {
    this.#thresholds = thresholds;
  }

  get state(): ServerState {
    return this.#state;
  }

  /** Whether one more failed test takes the server out. */
  get isOnLastTry(): boolean {
    return this.#state.kind !== "out" && this.#streak + 1 >= this.#thresholds.fall;
  }

  /** Progress of the slow start: 0 when the server returns, up to 1 after some passed rounds. */
  get slowStart(): number {
    return this.#slowStart;
  }

  /** Whether the server will ever be tested again. */
  get isTestable(): boolean {
    if (this.#isHeld) return false;
    return this.#state.kind !== "out" || this.#thresholds.rise > 0 || this.#hasRetrial;
  }

  /**
   * Takes the server out until `release()`, as if it had failed; no round tests it, and no outcome
   * counts.
   *
   * @param at in milliseconds since the epoch
   */
  hold(reason: string, at: number): void {
    this.#isHeld = true;
    this.#sample = undefined;
    this.#state = { kind: "out", reason, since: at };
  }

  /** Ends `hold()`: what was known before is too old, so the server is untested. */
  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#hasRetrial = false;
    this.#state = { kind: "untested" };
    this.#slowStart = 1;
    this.#pause(1);
  }

  get facts(): HealthFacts {
    return {
      state: this.#isHeld ? { kind: "untested" } : this.#state,
      streak: this.#streak,
      pauseRounds: this.#pauseRounds,
      roundsLeft: this.#roundsLeft,
      slowStart: this.#slowStart,
    };
  }

  /** Adopts the facts of an earlier process. A server that is out for good is tested once more. */
  restore({ state, streak, pauseRounds, roundsLeft, slowStart }: HealthFacts): void {
    if (this.#isHeld) return;
    this.#state = state;
    this.#streak = streak;
    this.#pauseRounds = pauseRounds;
    this.#roundsLeft = roundsLeft;
    this.#slowStart = slowStart;
    this.#hasRetrial = state.kind === "out" && this.#thresholds.rise === 0;
  }

  /**
   * Begins a round. A server that is out is tested after 1 round, then after 2, 4, 8 and at last
   * every 10 more while it fails.
   *
   * @param isRequested whether somebody asks for this test, whatever is due
   * @returns whether the server is to be tested in this round
   */
  beginRound(isRequested = false): boolean {
    if (isRequested) {
      this.#hasRetrial = this.#state.kind === "out";
      return true;
    }
    if (this.#isHeld) return false;
    if (this.#state.kind !== "out") return true;
    if (this.#thresholds.rise === 0) return this.#hasRetrial;
    this.#roundsLeft--;
    return this.#roundsLeft <= 0;
  }

  /** Applies a test outcome. @returns undefined if it changes nothing */
  record(outcome: Outcome): Transition | undefined {
    if (outcome.kind === "untestable" || !this.isTestable) return undefined;
    if (this.#state.kind === "out") {
      this.#hasRetrial = false;
      if (outcome.kind === "passed") return this.#recover(outcome.sample, this.#state.since);
      this.#sample = undefined;
      this.#pause(Math.min(MAX_PAUSE_ROUNDS, this.#pauseRounds * 2));
      return undefined;
    }
    if (outcome.kind === "passed") {
      const { sample } = outcome;
      this.#streak = 0;
      this.#sample = sample;
      return this.#state.kind === "untested" ? { kind: "available", sample } : undefined;
    }
    const { reason, at } = outcome;
    const { fall } = this.#thresholds;
    this.#sample = undefined;
    const streak = ++this.#streak;
    if (streak < fall) return { kind: "failing", reason, streak, fall };
    this.#state = { kind: "out", reason, since: at };
    this.#pause(1);
    return { kind: "out", reason, streak, fall };
  }

  /** Replaces the sample of the last passed test by a better measurement. */
  refine(sample: TransferSample): void {
    if (this.#sample !== undefined) this.#sample = sample;
    else if (this.#state.kind === "available") this.#state = { ...this.#state, sample };
  }

  /**
   * Ends a round: a test passed in it counts from now on.
   *
   * @param step added to the slow start
   */
  endRound(step: number): void {
    if (this.#sample === undefined) return;
    const hasReturned = this.#state.kind === "out";
    this.#slowStart = hasReturned ? 0 : Math.min(1, this.#slowStart + step + ROUNDING);
    if (hasReturned) this.#streak = 0;
    const since = this.#state.kind === "available" ? this.#state.since : this.#sample.at;
    this.#state = { kind: "available", sample: this.#sample, since };
    this.#sample = undefined;
  }

  #recover(sample: TransferSample, outSince: number): Transition {
    const rise = Math.max(1, this.#thresholds.rise); // 0 if this test was asked for.
    const streak = this.#streak + 1;
    this.#pause(1, streak);
    if (streak < rise) return { kind: "recovering", streak, rise };
    this.#sample = sample;
    return { kind: "returned", sample, streak, outMs: sample.at - outSince };
  }

  #pause(rounds: number, streak = 0): void {
    this.#pauseRounds = rounds;
    this.#roundsLeft = rounds;
    this.#streak = streak;
  }
}

/** One timed transfer. */
export interface TransferSample {
  readonly bytes: number;
  /** From before connecting until the last byte of the content, in milliseconds. */
  readonly elapsedMs: number;
  /** When the transfer ended, in milliseconds since the epoch. */
  readonly at: number;
  /** Whether the timeout ended it before the content was complete; absent if it was complete. */
  readonly isPartial?: boolean;
}

/** What a server says of its load, and when it arrived, in milliseconds since the epoch. */
export interface ReportedLoad extends LoadReport {
  readonly at: number;
}

/** How long a report counts, in ms: what was sent since then is a guess beside it. */
export const LOAD_EXPIRY_MS = 10_000;

/** The test file as a server sent it. */
export interface TestFile {
  readonly bytes: number;
  /** The ETag as received; undefined if there was none. */
  readonly entityTag: string | undefined;
}

/**
 * How a server failed its test: it `refused` the connection, sent a wrong `answer`, was too `slow`,
 * or did not answer in `time`. The last two may have been caused by this machine.
 */
export type Fault = "refused" | "answer" | "slow" | "time";

/** A server that failed its test. */
export interface FailedOutcome {
  readonly kind: "failed";
  readonly reason: string;
  /** Decides whether a second look may help. */
  readonly fault: Fault;
  /** The measurement of a server that was too slow. */
  readonly sample?: TransferSample;
  /** In milliseconds since the epoch. */
  readonly at: number;
}

/**
 * The outcome of one probe; `at` is in milliseconds since the epoch. A server is untestable if the
 * fault is on this side, such as too many open files: that says nothing about the server, unless
 * `isUnreachable` and other servers can be reached.
 */
export type Outcome =
  | {
    readonly kind: "passed";
    readonly sample: TransferSample;
    /** Undefined if the file was made for this test, or its size is unknown. */
    readonly testFile?: TestFile | undefined;
  }
  | FailedOutcome
  | {
    readonly kind: "untestable";
    readonly reason: string;
    readonly isUnreachable?: boolean;
    readonly at: number;
  };

/** The least duration that counts, in ms: the clock may not see a short transfer take any time. */
const MIN_ELAPSED_MS = 0.001;

/** Bytes per millisecond, always more than 0 and finite. */
export function throughputOf({ bytes, elapsedMs }: TransferSample): number {
  return Math.max(1, bytes) / Math.max(MIN_ELAPSED_MS, elapsedMs);
}

/** Whether both are the same transfer; samples may have been copied to another process. */
export function isSameSample(a: TransferSample, b: TransferSample | undefined): boolean {
  return a === b || (a.at === b?.at && a.elapsedMs === b.elapsedMs && a.bytes === b.bytes);
}

/** The result of one test as it is shown; `at` is in milliseconds since the epoch. */
export type TransferStatus =
  | {
    readonly at: number;
    readonly elapsedMs: number;
    readonly bytes: number;
    readonly partial: boolean;
  }
  | { readonly at: number; readonly reason: string };

/** Tests that are remembered of a server. */
const MAX_TRANSFERS = 60;

/** The results of the latest tests of one server, at most 60. */
export class History {
  #transfers: readonly TransferStatus[] = [];

  /** Adds a test outcome, unless it says nothing about the server. */
  add(outcome: Outcome): void {
    if (outcome.kind === "untestable") return;
    const status = outcome.kind === "passed"
      ? transferStatus(outcome.sample)
      : { at: outcome.at, reason: outcome.reason };
    this.#transfers = [...this.#transfers.slice(1 - MAX_TRANSFERS), status];
  }

  /** Adopts the results of an earlier process, the oldest first. */
  restore(transfers: readonly TransferStatus[]): void {
    this.#transfers = transfers.slice(-MAX_TRANSFERS);
  }

  /** Replaces the latest result by a better measurement. */
  refine(sample: TransferSample): void {
    this.#transfers = [...this.#transfers.slice(0, -1), transferStatus(sample)];
  }

  /** The oldest first; replaced whole, never changed in place. */
  get transfers(): readonly TransferStatus[] {
    return this.#transfers;
  }

  /** Why the last test failed; undefined if it passed, or there was none. */
  get lastFailure(): string | undefined {
    const last = this.#transfers.at(-1);
    return last !== undefined && "reason" in last ? last.reason : undefined;
  }
}

function transferStatus({ at, elapsedMs, bytes, isPartial = false }: TransferSample) {
  return { at, elapsedMs, bytes, partial: isPartial };
}
