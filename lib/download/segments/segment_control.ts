/**
 * Decides when another connection joins a download, and when the last one that joined leaves.
 *
 * @module
 */

/** Rates are taken over this time, and compared with those of the same time before it. */
const WINDOW_MS = 75;

/** A rate that grows by more from window to window is not steady yet: TCP's slow start doubles it. */
const STEADY_GROWTH = 1.25;

/** A connection that raises the rate by less brings nothing. */
const LEAST_GAIN = 1.05;

/** A connection that brings little is judged after that, or once it becomes no faster, but by then. */
const TRIAL_MS = 250;
const LONGEST_TRIAL_MS = 3000;

/** One that raises the rate by so much need not wait for that. */
const CLEAR_GAIN = 1.25;

/** One that has brought nothing by then is waited for no longer: its server may not answer at all. */
const LONGEST_JOIN_MS = 2000;

/** If less time is left, a connection is not worth its handshake. */
const WORTH_MS = 1000;

/** The pause after a vain attempt; it doubles while they stay vain. */
const FIRST_PAUSE_MS = 4000;
const LONGEST_PAUSE_MS = 60_000;

/** What to do: let another connection join, or the last one that joined leave. */
export type Advice = "join" | "leave";

/** What arrived within a few milliseconds. */
interface Arrival {
  readonly at: number;
  /** Over all connections, and over the one on trial. */
  all: number;
  newest: number;
}

/**
 * Watches the rate of a download. While it is steady and the rest would last, one connection at a
 * time joins on trial; it stays if the rate rises by it. Pure: the time is an argument, in ms on a
 * clock that never goes back.
 */
export class SegmentControl {
  readonly #most: number;
  readonly #limitPerSecond: number;
  readonly #arrivals: Arrival[] = [];
  /** Since when the present connections send. */
  #since: number | undefined;
  /** Joining until the new connection sends; then on trial against the rate before. */
  #state: "steady" | { readonly joiningSince: number } | { readonly rateBefore: number } = "steady";
  #pauseMs = FIRST_PAUSE_MS;
  #pausedUntil = -Infinity;

  /**
   * @param most connections at once
   * @param limitPerSecond a limit of the run in bytes per second: close to it nothing is gained
   */
  constructor(most: number, limitPerSecond: number = Infinity) {
    this.#most = most;
    this.#limitPerSecond = limitPerSecond;
  }

  /** Notes bytes that have arrived; `isNewest` for those of the connection that joined last. */
  note(bytes: number, isNewest: boolean, monotonicMs: number): void {
    this.#since ??= monotonicMs;
    if (isNewest && this.#isJoining) this.#beginTrial(monotonicMs);
    const last = this.#arrivals.at(-1);
    const newest = isNewest ? bytes : 0;
    if (last !== undefined && monotonicMs - last.at < WINDOW_MS / 10) {
      last.all += bytes;
      last.newest += newest;
      return;
    }
    this.#arrivals.push({ at: monotonicMs, all: bytes, newest });
    while (monotonicMs - this.#arrivals[0]!.at > 3 * WINDOW_MS) this.#arrivals.shift();
  }

  /** Bytes per second of all connections; 0 before the first arrival. */
  perSecond(monotonicMs: number): number {
    if (this.#since === undefined) return 0;
    const ms = Math.min(2 * WINDOW_MS, Math.max(1, monotonicMs - this.#since));
    return this.#sum("all", monotonicMs - ms, monotonicMs) / ms * 1000;
  }

  /**
   * @param restBytes what is still missing
   * @param connections how many there are at present
   */
  advise(restBytes: number, connections: number, monotonicMs: number): Advice | undefined {
    if (this.#state === "steady") {
      if (!this.#mayJoin(restBytes, connections, monotonicMs)) return undefined;
      this.#state = { joiningSince: monotonicMs };
      return "join";
    }
    if ("joiningSince" in this.#state) {
      if (monotonicMs - this.#state.joiningSince < LONGEST_JOIN_MS) return undefined;
      this.#state = "steady"; // Its server stays busy, so the next one asks another, at once.
      return "leave";
    }
    const ms = monotonicMs - this.#since!;
    if (ms < WINDOW_MS) return undefined;
    const gain = this.perSecond(monotonicMs) / this.#state.rateBefore;
    if (gain >= (ms < TRIAL_MS ? CLEAR_GAIN : LEAST_GAIN)) {
      this.#state = "steady";
      this.#pauseMs = FIRST_PAUSE_MS;
      return this.advise(restBytes, connections, monotonicMs);
    }
    if (ms < TRIAL_MS) return undefined;
    if (ms < LONGEST_TRIAL_MS && !this.#isSteady("newest", monotonicMs)) return undefined;
    this.fail(monotonicMs);
    return "leave";
  }

  /** No connection could join, or the one on trial has ended or failed. */
  fail(monotonicMs: number): void {
    this.#state = "steady";
    this.#pausedUntil = monotonicMs + this.#pauseMs;
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, 2 * this.#pauseMs);
  }

  get #isJoining(): boolean {
    return this.#state !== "steady" && "joiningSince" in this.#state;
  }

  #beginTrial(monotonicMs: number): void {
    this.#state = { rateBefore: this.perSecond(monotonicMs) };
    this.#since = monotonicMs;
  }

  #mayJoin(restBytes: number, connections: number, monotonicMs: number): boolean {
    const rate = this.perSecond(monotonicMs);
    return connections < this.#most && monotonicMs >= this.#pausedUntil &&
      monotonicMs - (this.#since ?? Infinity) >= 2 * WINDOW_MS &&
      restBytes >= rate * WORTH_MS / 1000 && rate < this.#limitPerSecond / LEAST_GAIN ** 2 &&
      this.#isSteady("all", monotonicMs);
  }

  /** Whether it has not grown by much from one window to the next. */
  #isSteady(whose: "all" | "newest", monotonicMs: number): boolean {
    const between = monotonicMs - WINDOW_MS;
    const before = this.#sum(whose, between - WINDOW_MS, between);
    return this.#sum(whose, between, monotonicMs) <= before * STEADY_GROWTH;
  }

  /** What arrived after a time, up to another. */
  #sum(whose: "all" | "newest", from: number, to: number): number {
    let bytes = 0;
    for (const arrival of this.#arrivals) {
      if (arrival.at > from && arrival.at <= to) bytes += arrival[whose];
    }
    return bytes;
  }
}
