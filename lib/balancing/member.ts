import { type Actions, applyActions, NO_ACTIONS, outAction, outReason } from "./actions.ts";
import {
  Health,
  type HealthFacts,
  History,
  type ReportedLoad,
  type ServerState,
  type Thresholds,
  type TransferStatus,
} from "./health.ts";
import { applyListing, type ListingChanges, type Server } from "./list/server.ts";

/**
 * Why a server gets no clients: it is `untested`; it is `out`, by its tests or an operator's action;
 * the list or an action says `drained`; it failed a test in the round in progress and awaits a second
 * one (`suspended`); or others of a better priority are available, where the list says `backup` or DNS
 * a `lower-priority`.
 */
export type ExcludedReason =
  | "untested"
  | "out"
  | "drained"
  | "suspended"
  | "backup"
  | "lower-priority";

/** A server and what is known of it. */
export interface ServerRecord {
  /** As it is used: as the list has it, except where an action wins. */
  readonly server: Server;
  /** What operators have ordered. */
  readonly actions: Actions;
  readonly state: ServerState;
  /** Progress of its slow start after it was out, from 0 to 1. */
  readonly slowStart: number;
  /** Why it gets no clients; undefined if it may be picked. */
  readonly excludedReason: ExcludedReason | undefined;
  readonly history: History;
  /** What it said last of its load; undefined if it says nothing. */
  readonly load: ReportedLoad | undefined;
}

/** What a process leaves to the next one of a server. */
export interface ServerFacts {
  readonly health: HealthFacts;
  /** The latest tests, the oldest first. */
  readonly transfers: readonly TransferStatus[];
}

/** A server that is listed, and all that is known of it. */
export class Member {
  readonly health: Health;
  readonly history = new History();
  #listed: Server;
  #actions: Actions = NO_ACTIONS;
  #server: Server;
  #load: ReportedLoad | undefined;
  /** When it said that, on the clock of `PickRequest`. */
  #reportedMs = -Infinity;

  constructor(listed: Server, thresholds: Thresholds) {
    this.#listed = this.#server = listed;
    this.health = new Health(thresholds);
  }

  /** As it is used: as the list has it, except where an action wins. */
  get server(): Server {
    return this.#server;
  }

  /** What operators have ordered. */
  get actions(): Actions {
    return this.#actions;
  }

  /** What it said last of its load; undefined if it says nothing. */
  get load(): ReportedLoad | undefined {
    return this.#load;
  }

  /** Takes what a later list says of it. @returns the changes that matter to clients */
  list(listed: Server): ListingChanges | undefined {
    const { server, changes } = applyListing(this.#listed, listed);
    this.#listed = server;
    this.#server = applyActions(server, this.#actions);
    return changes;
  }

  /** Puts these actions in force, in place of those before. */
  act(actions: Actions): void {
    const out = outAction(actions);
    if (out === undefined) this.health.release();
    else this.health.hold(outReason(out), out.since);
    this.#actions = actions;
    this.#server = applyActions(this.#listed, actions);
  }

  /** What the next process is left. */
  get facts(): ServerFacts {
    return { health: this.health.facts, transfers: this.history.transfers };
  }

  /** Adopts the facts of an earlier process, unless this one has tested the server. */
  restore({ health, transfers }: ServerFacts): void {
    if (this.history.transfers.length > 0) return;
    this.health.restore(health);
    this.history.restore(transfers);
  }

  /**
   * Learns what it says of its load; undefined if it no longer says anything.
   *
   * @returns false if something newer is known
   */
  learnLoad(load: ReportedLoad | undefined, monotonicMs: number): boolean {
    if (monotonicMs < this.#reportedMs) return false;
    this.#load = load;
    this.#reportedMs = monotonicMs;
    return true;
  }
}
