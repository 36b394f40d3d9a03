import type { Outcome, TransferSample } from "./sample.ts";

/** How many rounds of tests in a row it takes to change a server's state. */
export interface Thresholds {
  /** Failed ones before it is out; at least 1. */
  readonly fall: number;
  /** Passed ones before it returns; 0 for never. */
  readonly rise: number;
}

/** Only an available server may be picked; `since` is in milliseconds since the epoch. */
export type ServerState =
  | { readonly kind: "untested" }
  | { readonly kind: "available"; readonly sample: TransferSample; readonly since: number }
  | { readonly kind: "out"; readonly reason: string; readonly since: number };

/**
 * What an outcome means for its server: nothing new, that it enters when the round ends since it has
 * passed its first test, one more failure or success of those it takes in a row, that it is out now,
 * or that it returns when the round ends, after having been out since then.
 */
export type Transition =
  | { readonly kind: "none" | "enters" }
  | { readonly kind: "left" | "failing" | "recovering"; readonly streak: number }
  | { readonly kind: "returns"; readonly streak: number; readonly outSince: number };

/** The most rounds from one test of a server that is out to the next. */
const LONGEST_REST = 10;

/** Ten tenths make 1. */
const ROUNDING = 1e-12;

const NOTHING_NEW: Transition = { kind: "none" };
const ENTERS: Transition = { kind: "enters" };

/**
 * The state of one server: a failed test counts at once, a passed one when its round ends, so that
 * times of one round are never compared with those of another.
 */
export class Health {
  readonly #thresholds: Thresholds;
  #state: ServerState = { kind: "untested" };
  /** That of the round under way. */
  #sample: TransferSample | undefined;
  /** Outcomes in a row that speak against the state. */
  #streak = 0;
  /** Rounds from the last test to the next, and how many of them are left. */
  #rest = 1;
  #restLeft = 1;
  #slowStart = 1;

  /** Begins untested. */
  constructor(thresholds: Thresholds) {
    this.#thresholds = thresholds;
  }

  /** What it is in now. */
  get state(): ServerState {
    return this.#state;
  }

  /** Whether one more failed test takes it out. */
  get isOnLastTry(): boolean {
    return this.#state.kind !== "out" && this.#streak + 1 >= this.#thresholds.fall;
  }

  /** How far it has come back: 0 as it returns, then more with every round it passes, up to 1. */
  get slowStart(): number {
    return this.#slowStart;
  }

  /** Whether it will ever be tested again. */
  get isTestable(): boolean {
    return this.#state.kind !== "out" || this.#thresholds.rise > 0;
  }

  /**
   * A round begins: whether it is to be tested in it. One that is out is tested after 1 round, then
   * after 2, 4, 8 and at last 10 more, for as long as it fails.
   */
  beginRound(): boolean {
    if (this.#state.kind !== "out") return true;
    if (this.#thresholds.rise === 0) return false;
    this.#restLeft--;
    return this.#restLeft <= 0;
  }

  /** Takes in what a test found, and says what follows from it. */
  record(outcome: Outcome): Transition {
    if (outcome.kind === "untestable" || !this.isTestable) return NOTHING_NEW;
    const { fall, rise } = this.#thresholds;
    if (this.#state.kind === "out") {
      if (outcome.kind === "failed") return this.#restLonger();
      return this.#recover(outcome.sample, rise, this.#state.since);
    }
    if (outcome.kind === "passed") {
      this.#streak = 0;
      this.#sample = outcome.sample;
      return this.#state.kind === "untested" ? ENTERS : NOTHING_NEW;
    }
    this.#sample = undefined;
    const streak = ++this.#streak;
    if (streak < fall) return { kind: "failing", streak };
    this.#state = { kind: "out", reason: outcome.reason, since: outcome.at };
    this.#begin(1);
    return { kind: "left", streak };
  }

  /** Another measurement takes the place of the one that the server last passed with. */
  refine(sample: TransferSample): void {
    if (this.#sample !== undefined) this.#sample = sample;
    else if (this.#state.kind === "available") this.#state = { ...this.#state, sample };
  }

  /**
   * The round has ended: what passed in it counts from now on.
   *
   * @param step how much further a returned server rises
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

  #recover(sample: TransferSample, rise: number, outSince: number): Transition {
    const streak = this.#streak + 1;
    this.#begin(1, streak);
    if (streak < rise) return { kind: "recovering", streak };
    this.#sample = sample;
    return { kind: "returns", streak, outSince };
  }

  #restLonger(): Transition {
    this.#sample = undefined;
    this.#begin(Math.min(LONGEST_REST, this.#rest * 2));
    return NOTHING_NEW;
  }

  #begin(rest: number, streak = 0): void {
    this.#rest = rest;
    this.#restLeft = rest;
    this.#streak = streak;
  }
}
