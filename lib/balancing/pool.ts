/**
 * The servers of the farm, the state of each with the reason for it, and who of them may be picked.
 * Time and chance are arguments.
 *
 * @module
 */

import type { PoolObserver } from "./chooser.ts";
import { Health, type ServerState, type Thresholds, type Transition } from "./health.ts";
import { applyListing, type ListingChanges, probeKey, type Server } from "./list/server.ts";
import type { Candidate } from "./policy.ts";
import type { Outcome, TransferSample } from "./sample.ts";

/** One server with its state. */
export interface Member {
  /** The server, as the pool was given it. */
  readonly server: Server;
  /** Its state now. */
  readonly state: ServerState;
  /** How far it has come back after it was out, from 0 to 1. */
  readonly slowStart: number;
}

/** What a new list changes. */
export interface Replacement {
  /** Those that were not there before. */
  readonly added: readonly Server[];
  /** Those that stay, and of whom the list says something else, with the changes. */
  readonly changed: readonly (readonly [server: Server, changes: ListingChanges])[];
  /** Those that are there no more. */
  readonly removed: readonly Server[];
}

/** A server leaves at its first failed test, for good. */
const DEFAULT_THRESHOLDS: Thresholds = { fall: 1, rise: 0 };

/** A server that returned has risen to its due after so many rounds, or sooner in a small farm. */
const SLOW_START_ROUNDS = 10;

const NOTHING_NEW: Transition = { kind: "none" };

/**
 * All servers, whatever their state. A round is `beginRound()`, `record()` for each server it gave,
 * and `endRound()`.
 */
export class Pool {
  #members: ReadonlyMap<Server, Health> = new Map();
  readonly #observers: readonly PoolObserver[];
  readonly #thresholds: Thresholds;
  readonly #callSoon: (call: () => void) => void;
  #candidates: readonly Candidate[] = [];
  /** Servers that get no clients until more is known of them. */
  readonly #suspended = new Set<Server>();
  /** How many of the candidates have not left since. */
  #remaining = 0;

  /**
   * Every server begins untested.
   *
   * @param servers told apart by identity, so `record()` wants these very objects.
   * @param observers told who may be picked, and what tests find
   * @param callSoon calls back after a moment: servers that leave within it are one update, since in
   *     a large farm each takes milliseconds
   */
  constructor(
    servers: readonly Server[],
    observers: readonly PoolObserver[],
    thresholds: Thresholds = DEFAULT_THRESHOLDS,
    callSoon: (call: () => void) => void = (call) => call(),
  ) {
    this.#observers = observers;
    this.#thresholds = thresholds;
    this.#callSoon = callSoon;
    this.replace(servers, 0);
  }

  /**
   * From now on these are the servers. One that is probed as another was before is that one: its
   * object stays, revised, with all that is known of it.
   *
   * @param monotonicMs on the clock of `PickRequest`
   */
  replace(servers: readonly Server[], monotonicMs: number): Replacement {
    const before = new Map(this.servers.map((server) => [probeKey(server), server]));
    const members = new Map<Server, Health>();
    const added: Server[] = [];
    const changed: [Server, ListingChanges][] = [];
    for (const server of servers) {
      const key = probeKey(server);
      const old = before.get(key);
      if (old === undefined) added.push(server);
      else {
        const changes = applyListing(old, server);
        if (changes !== undefined) changed.push([old, changes]);
      }
      before.delete(key);
      members.set(old ?? server, (old && this.#members.get(old)) ?? new Health(this.#thresholds));
    }
    this.#members = members;
    this.#update(monotonicMs);
    return { added, changed, removed: [...before.values()] };
  }

  /**
   * Begins a round: the servers that are to be tested in it.
   *
   * @param which only those that were never tested, or all that are due
   */
  beginRound(which: "untested" | "all" = "all"): Server[] {
    const servers: Server[] = [];
    for (const [server, health] of this.#members) {
      if (which === "untested" && health.state.kind !== "untested") continue;
      if (health.beginRound()) servers.push(server);
    }
    return servers;
  }

  /**
   * Takes in what a probe found, and says what follows from it. A server that is out now gets no
   * clients from now on; a passed test counts when its round ends, or at once while no server may be
   * picked. One that is no server of the pool any more is passed over.
   *
   * @param monotonicMs on the clock of `PickRequest`
   */
  record(server: Server, outcome: Outcome, monotonicMs: number): Transition {
    const health = this.#members.get(server);
    if (health === undefined) return NOTHING_NEW;
    const wasAvailable = health.state.kind === "available";
    const wasSuspended = this.#suspended.delete(server);
    const transition = health.record(outcome);
    if (outcome.kind === "passed") {
      for (const observer of this.#observers) {
        observer.measured(server, outcome.sample, monotonicMs);
      }
    }
    const hasLeft = transition.kind === "left";
    if (hasLeft && wasAvailable && !wasSuspended) this.#leave(server, monotonicMs);
    const mayServe = outcome.kind === "passed" && !this.isOpen;
    if (mayServe || (wasSuspended && !hasLeft)) this.#update(monotonicMs);
    return transition;
  }

  /**
   * A server that has failed a test gets no clients before its next test, or the end of the round,
   * unless no other is left.
   *
   * @param monotonicMs on the clock of `PickRequest`
   */
  suspend(server: Server, monotonicMs: number): void {
    const isAvailable = this.stateOf(server)?.kind === "available";
    if (!isAvailable || this.#remaining < 2 || this.#suspended.has(server)) return;
    this.#suspended.add(server);
    this.#leave(server, monotonicMs);
  }

  /**
   * Another measurement of a server takes the place of the one it passed with in this round.
   *
   * @param monotonicMs on the clock of `PickRequest`
   */
  refine(server: Server, sample: TransferSample, monotonicMs: number): void {
    const health = this.#members.get(server);
    if (health === undefined) return;
    health.refine(sample);
    for (const observer of this.#observers) observer.measured(server, sample, monotonicMs);
  }

  /** Whether one more failed test takes a server out. */
  isOnLastTry(server: Server): boolean {
    return this.#members.get(server)?.isOnLastTry === true;
  }

  /** The state of a server; undefined where it is no server of the pool any more. */
  stateOf(server: Server): ServerState | undefined {
    return this.#members.get(server)?.state;
  }

  /**
   * Ends a round: its samples count from now on. A server without a new one keeps the one it had.
   *
   * @param monotonicMs on the clock of `PickRequest`
   */
  endRound(monotonicMs: number): void {
    this.#suspended.clear();
    this.#settle();
    this.#update(monotonicMs);
  }

  /** All servers, in the order the pool was given. */
  get servers(): readonly Server[] {
    return [...this.#members.keys()];
  }

  /** Every server with its state, in the order the pool was given. */
  get members(): readonly Member[] {
    return [...this.#members].map(([server, { state, slowStart }]) => ({
      server,
      state,
      slowStart,
    }));
  }

  /** Whether there is a server that may be picked. */
  get isOpen(): boolean {
    return this.#remaining > 0;
  }

  /** Whether there is a server that has neither passed a test nor failed for good. */
  get hasUntested(): boolean {
    return this.#members.values().some(({ state }) => state.kind === "untested");
  }

  /** Whether any server will ever be tested again. */
  get isTestable(): boolean {
    return this.#members.values().some(({ isTestable }) => isTestable);
  }

  /** Lets all tests count that were passed since the last time. */
  #settle(): void {
    const step = 1 / Math.max(1, Math.min(SLOW_START_ROUNDS, this.#candidates.length - 1));
    for (const health of this.#members.values()) health.endRound(step);
  }

  /** Tells that a server has left, and soon how all of them stand. */
  #leave(server: Server, monotonicMs: number): void {
    const isStale = this.#remaining < this.#candidates.length;
    for (const observer of this.#observers) observer.left(server);
    const isCandidate = !server.isDrained &&
      server.priority === this.#candidates[0]?.server.priority;
    if (isCandidate) this.#remaining--;
    if (!this.isOpen) this.#update(monotonicMs);
    else if (!isStale) {
      this.#callSoon(() => this.#remaining < this.#candidates.length && this.#update(monotonicMs));
    }
  }

  #update(monotonicMs: number): void {
    this.#candidates = this.#eligible();
    if (this.#candidates.length === 0) {
      this.#suspended.clear();
      this.#settle(); // A round may last, and a server that has passed in it is better than none.
      this.#candidates = this.#eligible();
    }
    this.#remaining = this.#candidates.length;
    for (const observer of this.#observers) observer.update(this.#candidates, monotonicMs);
  }

  /** Available, then not drained, then of the lowest priority that is left. */
  #eligible(): Candidate[] {
    let candidates: Candidate[] = [];
    let priority = Infinity;
    for (const [server, { state, slowStart }] of this.#members) {
      if (state.kind !== "available" || server.isDrained || server.priority > priority) continue;
      if (this.#suspended.has(server)) continue;
      if (server.priority < priority) candidates = [];
      priority = server.priority;
      candidates.push({ server, sample: state.sample, weight: server.weight, slowStart });
    }
    return candidates;
  }
}
