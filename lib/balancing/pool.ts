/**
 * All servers with their states, and which of them may be picked. Time and chance are arguments.
 *
 * @module
 */

import type { Actions } from "./actions.ts";
import type { Chooser, PoolObserver } from "./chooser.ts";
import {
  type Outcome,
  type ReportedLoad,
  type ServerState,
  type Thresholds,
  throughputOf,
  type TransferSample,
  type Transition,
} from "./health.ts";
import { BACKUP_PRIORITY, type ListingChanges, probeKey, type Server } from "./list/server.ts";
import { type ExcludedReason, Member, type ServerFacts, type ServerRecord } from "./member.ts";
import type { Candidate } from "./policies/policy.ts";

/** An available server and its share. */
export interface RankedServer {
  readonly server: Server;
  /** Its latest sample of a round that has ended. */
  readonly sample: TransferSample;
  /** The fraction of all requests; those of one ranking sum to 1. */
  readonly share: number;
}

/** Which servers are tested: those without a verdict, all that are due, or these at any rate. */
export type TestedServers = "untested" | "all" | readonly Server[];

/** What a new list changes. */
export interface Replacement {
  readonly added: readonly Server[];
  /** Servers that stay, with what the list says differently of them. */
  readonly changed: readonly (readonly [server: Server, changes: ListingChanges])[];
  readonly removed: readonly Server[];
}

/** How a pool judges its servers, and what receives its changes. */
export interface PoolOptions {
  /** Default: out at the first failed test, for good. */
  readonly thresholds?: Thresholds;
  /** Receive all changes, after the chooser. */
  readonly observers?: readonly PoolObserver[];
  /**
   * Calls back after a moment: servers that leave within it make one update, which takes
   * milliseconds in a large pool. Default: at once.
   */
  readonly callSoon?: (call: () => void) => void;
}

/** A server that returned has its full share after so many rounds, or sooner in a small pool. */
const SLOW_START_ROUNDS = 10;

/**
 * All servers, whatever their state. A round is `beginRound()`, `record()` for each server it gave,
 * and `endRound()`. `monotonicMs` is on the clock of `PickRequest`.
 */
export class Pool {
  readonly chooser: Chooser;
  /** Failures and successes in a row that change a state. */
  readonly thresholds: Thresholds;
  readonly #observers: PoolObserver[];
  readonly #callSoon: (call: () => void) => void;
  /** By id, in the order of the list. */
  #members: ReadonlyMap<number, Member> = new Map();
  #candidates: readonly Candidate[] = [];
  /** Servers that get no clients until their second test. */
  readonly #suspended = new Set<number>();
  /** Ids of candidates that have left since the last update. */
  readonly #leaving = new Set<number>();
  #isUpdateDue = false;
  #revision = 0;

  constructor(chooser: Chooser, options: PoolOptions = {}) {
    const { thresholds = { fall: 1, rise: 0 }, observers = [], callSoon = (call) => call() } =
      options;
    this.chooser = chooser;
    this.thresholds = thresholds;
    this.#observers = [chooser, ...observers];
    this.#callSoon = callSoon;
  }

  /** Lets a further observer receive all changes from now on. */
  observe(observer: PoolObserver): void {
    this.#observers.push(observer);
  }

  /**
   * Replaces the list of servers. A server with the `probeKey` of one that was listed before is that
   * one: its id stays, with all that is known of it and the actions on it; the rest is as the list
   * says.
   */
  replace(servers: readonly Server[], monotonicMs: number): Replacement {
    const before = new Map([...this.#members.values()].map((it) => [probeKey(it.server), it]));
    const members = new Map<number, Member>();
    const added: Server[] = [];
    const changed: [Server, ListingChanges][] = [];
    for (const listed of servers) {
      const key = probeKey(listed);
      const member = before.get(key);
      before.delete(key);
      if (member === undefined) {
        added.push(listed);
        members.set(listed.id, new Member(listed, this.thresholds));
      } else {
        const changes = member.list(listed);
        if (changes !== undefined) changed.push([member.server, changes]);
        members.set(member.server.id, member);
      }
    }
    this.#members = members;
    this.#update(monotonicMs);
    return { added, changed, removed: [...before.values()].map(({ server }) => server) };
  }

  /**
   * Begins a round. @returns the servers to be tested in it
   *
   * @param which those without a verdict, all that are due, or these whether they are due or not
   */
  beginRound(which: TestedServers = "all"): Server[] {
    const requested = typeof which === "string" ? undefined : new Set(which.map(({ id }) => id));
    const servers: Server[] = [];
    for (const { server, health } of this.#members.values()) {
      const isRequested = requested?.has(server.id);
      if (isRequested === false) continue;
      if (which === "untested" && health.state.kind !== "untested") continue;
      if (health.beginRound(isRequested)) servers.push(server);
    }
    return servers;
  }

  /**
   * Puts these actions in force, in place of those that the server has; ignored if it is no longer in
   * the pool. A server that they drain or take out gets no more clients at once.
   */
  setActions({ id }: Server, actions: Actions, monotonicMs: number): void {
    const member = this.#members.get(id);
    if (member === undefined) return;
    const before = member.server;
    const isEligible = () => this.#ownReason(member.server, member.health.state) === undefined;
    const wasEligible = isEligible();
    member.act(actions);
    if (wasEligible && !isEligible()) this.#leave(before, monotonicMs);
    else this.#updateSoon(monotonicMs);
  }

  /**
   * Applies a test outcome. A server that is out gets no more clients at once; a passed test counts
   * when its round ends, or at once while no server is available. Ignores servers that are no longer
   * in the pool.
   *
   * @returns undefined if nothing has changed
   */
  record(server: Server, outcome: Outcome, monotonicMs: number): Transition | undefined {
    const member = this.#members.get(server.id);
    if (member === undefined) return undefined;
    const wasAvailable = member.health.state.kind === "available";
    const wasSuspended = this.#suspended.delete(server.id);
    const transition = member.health.record(outcome);
    member.history.add(outcome);
    this.#revision++;
    const isPassed = outcome.kind === "passed";
    if (isPassed) {
      for (const observer of this.#observers) {
        observer.measured(server.id, outcome.sample, monotonicMs);
      }
    }
    const hasLeft = transition?.kind === "out";
    if (hasLeft && wasAvailable && !wasSuspended) this.#leave(member.server, monotonicMs);
    const mayServe = isPassed && !this.isAvailable;
    if (mayServe || (wasSuspended && !hasLeft)) this.#update(monotonicMs);
    return transition;
  }

  /**
   * Sends no clients to a server that has failed a test, until its next test or the end of the
   * round, unless no other is available.
   */
  suspend(server: Server, monotonicMs: number): void {
    const member = this.#members.get(server.id);
    if (member?.health.state.kind !== "available" || this.#remaining < 2) return;
    if (this.#suspended.has(server.id)) return;
    this.#suspended.add(server.id);
    this.#leave(member.server, monotonicMs);
  }

  /** Replaces the sample of a server's last passed test by a better measurement. */
  refine(server: Server, sample: TransferSample, monotonicMs: number): void {
    const member = this.#members.get(server.id);
    if (member === undefined) return;
    member.health.refine(sample);
    member.history.refine(sample);
    this.#revision++;
    for (const observer of this.#observers) observer.measured(server.id, sample, monotonicMs);
  }

  /**
   * Learns what a server says of its load, unless something newer is known; undefined if it no longer
   * says anything.
   *
   * @param monotonicMs when it said so
   */
  learnLoad(server: Server, load: ReportedLoad | undefined, monotonicMs: number): void {
    const member = this.#members.get(server.id);
    if (member?.learnLoad(load, monotonicMs) !== true || load === undefined) return;
    for (const observer of this.#observers) observer.reported(server.id, load, monotonicMs);
  }

  /** Whether one more failed test takes a server out. */
  isOnLastTry(server: Server): boolean {
    return this.#members.get(server.id)?.health.isOnLastTry === true;
  }

  /** The state of a server; undefined if it is no longer in the pool. */
  stateOf(server: Server): ServerState | undefined {
    return this.#members.get(server.id)?.health.state;
  }

  /** Why a server gets no clients; undefined if it may be picked, or is no longer in the pool. */
  excludedReason(server: Server): ExcludedReason | undefined {
    return this.recordOf(server)?.excludedReason;
  }

  /** Ends a round: its samples count from now on. A server without a new one keeps its last. */
  endRound(monotonicMs: number): void {
    this.#suspended.clear();
    this.#settle();
    this.#update(monotonicMs);
  }

  /** Another number once `facts` may differ. */
  get revision(): number {
    return this.#revision;
  }

  /** What is known of each server, by its `probeKey`. */
  get facts(): ReadonlyMap<string, ServerFacts> {
    return new Map(this.#members.values().map((it) => [probeKey(it.server), it.facts]));
  }

  /** Adopts the facts of an earlier process for those servers that this one has never tested. */
  restore(facts: ReadonlyMap<string, ServerFacts>, monotonicMs: number): void {
    for (const member of this.#members.values()) {
      const known = facts.get(probeKey(member.server));
      if (known !== undefined) member.restore(known);
    }
    this.#update(monotonicMs);
  }

  /** All servers, in the order of the list. */
  get servers(): readonly Server[] {
    return [...this.#members.values()].map(({ server }) => server);
  }

  /** Every server with what is known of it, in the order of the list. */
  get records(): readonly ServerRecord[] {
    return [...this.#members.values()].map((member) => this.#record(member));
  }

  /** What is known of a server; undefined if it is no longer in the pool. */
  recordOf({ id }: Server): ServerRecord | undefined {
    const member = this.#members.get(id);
    return member && this.#record(member);
  }

  /** The available servers with their shares, slowest first, equal ones in the order of the list. */
  get ranking(): RankedServer[] {
    const { shares } = this.chooser;
    const ranking: RankedServer[] = [];
    for (const { server, health: { state } } of this.#members.values()) {
      if (state.kind !== "available") continue;
      ranking.push({ server, sample: state.sample, share: shares.get(server.id) ?? 0 });
    }
    return ranking.sort((a, b) => throughputOf(a.sample) - throughputOf(b.sample));
  }

  get isAvailable(): boolean {
    return this.#remaining > 0;
  }

  /** How many candidates have not left. */
  get #remaining(): number {
    return this.#candidates.length - this.#leaving.size;
  }

  /** Whether a server has neither passed a test nor failed for good. */
  get hasUntested(): boolean {
    return this.#members.values().some(({ health }) => health.state.kind === "untested");
  }

  /** Whether any server will ever be tested again. */
  get isTestable(): boolean {
    return this.#members.values().some(({ health }) => health.isTestable);
  }

  /** Makes all tests count that were passed since the last time. */
  #settle(): void {
    const step = 1 / Math.max(1, Math.min(SLOW_START_ROUNDS, this.#candidates.length - 1));
    for (const { health } of this.#members.values()) health.endRound(step);
  }

  /** Tells the observers that a server has left, and soon which candidates remain. */
  #leave(server: Server, monotonicMs: number): void {
    if (this.#leaving.has(server.id)) return;
    for (const observer of this.#observers) observer.left(server.id);
    if (!server.isDrained && server.priority === this.#priority) this.#leaving.add(server.id);
    this.#updateSoon(monotonicMs);
  }

  /** Updates after a moment, or at once while clients can be sent nowhere. */
  #updateSoon(monotonicMs: number): void {
    if (!this.isAvailable) return this.#update(monotonicMs);
    if (this.#isUpdateDue) return;
    this.#isUpdateDue = true;
    this.#callSoon(() => {
      if (this.#isUpdateDue) this.#update(monotonicMs);
    });
  }

  #update(monotonicMs: number): void {
    this.#isUpdateDue = false;
    this.#revision++;
    let eligible = this.#eligible();
    if (eligible.length === 0) {
      // A round may take long, and a server that has passed in it is better than none.
      this.#suspended.clear();
      this.#settle();
      eligible = this.#eligible();
    }
    const priority = Math.min(...eligible.map(({ server }) => server.priority));
    this.#candidates = eligible.filter(({ server }) => server.priority === priority);
    this.#leaving.clear();
    for (const observer of this.#observers) observer.update(eligible, monotonicMs);
  }

  /** The servers that nothing excludes but the priority of others. */
  #eligible(): Candidate[] {
    const eligible: Candidate[] = [];
    for (const { server, health: { state, slowStart } } of this.#members.values()) {
      if (state.kind !== "available" || this.#ownReason(server, state) !== undefined) continue;
      eligible.push({ server, sample: state.sample, weight: server.weight, slowStart });
    }
    return eligible;
  }

  #record({ server, actions, health, history, load }: Member): ServerRecord {
    const { state, slowStart } = health;
    const excludedReason = this.#reason(server, state);
    return { server, actions, state, slowStart, excludedReason, history, load };
  }

  /** That of the candidates; the lowest number is the best. */
  get #priority(): number {
    return this.#candidates[0]?.server.priority ?? Infinity;
  }

  #reason(server: Server, state: ServerState): ExcludedReason | undefined {
    const reason = this.#ownReason(server, state);
    if (reason !== undefined || server.priority <= this.#priority) return reason;
    return server.priority >= BACKUP_PRIORITY ? "backup" : "lower-priority";
  }

  /** What excludes a server whatever the others are. */
  #ownReason(server: Server, { kind }: ServerState): ExcludedReason | undefined {
    if (kind !== "available") return kind;
    if (server.isDrained) return "drained";
    return this.#suspended.has(server.id) ? "suspended" : undefined;
  }
}
