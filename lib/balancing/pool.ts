/**
 * The servers of the farm, the state of each with the reason for it, and the ranking that clients
 * are shared by.
 *
 * @module
 */

import type { Server } from "./server_list.ts";
import { pickRank, share } from "./shares.ts";

/** One timed transfer that was whole. */
export interface TransferSample {
  /** The size of the content. */
  readonly bytes: number;
  /** From before connecting until the last byte of the body, in milliseconds. */
  readonly elapsedMs: number;
  /** When the transfer ended, in milliseconds since the epoch. */
  readonly at: number;
}

/**
 * What one probe found; `at` is when, in milliseconds since the epoch. A server is untestable when
 * something is wrong on our side, such as too many open files: that says nothing about the server.
 */
export type Outcome =
  | { readonly kind: "passed"; readonly sample: TransferSample }
  | { readonly kind: "failed"; readonly reason: string; readonly at: number }
  | { readonly kind: "untestable"; readonly reason: string; readonly at: number };

/** Only an available server may be picked; `since` is in milliseconds since the epoch. */
export type ServerState =
  | { readonly kind: "untested" }
  | { readonly kind: "available"; readonly sample: TransferSample }
  | { readonly kind: "out"; readonly reason: string; readonly since: number };

/** One server with its state. */
export interface Member {
  /** The server, as the pool was given it. */
  readonly server: Server;
  /** Its state now. */
  readonly state: ServerState;
}

/** An available server and what it is ranked by. */
export interface Available {
  /** The server, as the pool was given it. */
  readonly server: Server;
  /** Its latest sample of a round that has ended. */
  readonly sample: TransferSample;
}

/** An available server and what it gets. */
export interface RankedServer extends Available {
  /** The fraction of all requests; those of one ranking sum to 1. */
  readonly share: number;
}

/**
 * All servers, whatever their state. A failed probe counts at once and for good; the samples of
 * passed ones count together when `rank()` ends their round, so that times of one round are never
 * compared with those of another.
 */
export class Pool {
  readonly #states: Map<Server, ServerState>;
  /** The samples of the round under way. */
  readonly #samples = new Map<Server, TransferSample>();
  /** The available servers, slowest first; replaced whole, never changed in place. */
  #ranked: readonly Available[] = [];

  /**
   * Every server begins untested.
   *
   * @param servers told apart by identity, so `record()` wants these very objects.
   */
  constructor(servers: readonly Server[]) {
    this.#states = new Map(servers.map((server) => [server, { kind: "untested" }]));
  }

  /**
   * Takes in what a probe found. Once a server is out nothing changes it any more: it keeps its
   * first reason.
   *
   * @throws {RangeError} when the server is not one of this pool.
   */
  record(server: Server, outcome: Outcome): void {
    const state = this.#states.get(server);
    if (state === undefined) throw new RangeError(`${server.authority} is not in the pool`);
    if (state.kind === "out" || outcome.kind === "untestable") return;
    if (outcome.kind === "passed") {
      this.#samples.set(server, outcome.sample);
      return;
    }
    this.#samples.delete(server);
    this.#states.set(server, { kind: "out", reason: outcome.reason, since: outcome.at });
    this.#ranked = this.#ranked.filter((ranked) => ranked.server !== server);
  }

  /**
   * Ends a round: orders the available servers by elapsed time, slowest first and equal ones in
   * the order the pool was given. A server without a new sample keeps the one it had.
   */
  rank(): void {
    for (const [server, sample] of this.#samples) {
      this.#states.set(server, { kind: "available", sample });
    }
    this.#samples.clear();
    const available: Available[] = [];
    for (const [server, state] of this.#states) {
      if (state.kind === "available") available.push({ server, sample: state.sample });
    }
    this.#ranked = available.sort((a, b) => b.sample.elapsedMs - a.sample.elapsedMs);
  }

  /**
   * Picks an available server by its share, in constant time, or gives undefined when there is
   * none.
   *
   * @param random evenly distributed, at least 0 and less than 1.
   */
  pick(random: number): Server | undefined {
    const n = this.#ranked.length;
    return n === 0 ? undefined : this.#ranked[pickRank(n, random)]?.server;
  }

  /** The available servers, slowest first. */
  get ranking(): readonly RankedServer[] {
    const n = this.#ranked.length;
    return this.#ranked.map((available, rank) => ({ ...available, share: share(rank, n) }));
  }

  /** Every server with its state, in the order the pool was given. */
  get members(): readonly Member[] {
    return [...this.#states].map(([server, state]) => ({ server, state }));
  }

  /** The servers that the next round is to probe: those that are not out. */
  get testable(): readonly Server[] {
    return this.members.filter(({ state }) => state.kind !== "out").map(({ server }) => server);
  }
}
