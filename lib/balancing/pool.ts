/**
 * The servers of the farm, the state of each with the reason for it, and who of them may be picked.
 * Time and chance are arguments.
 *
 * @module
 */

import { Health, type Patience, type ServerState, type Turn } from "./health.ts";
import type { Candidate, PickRequest, Policy } from "./policy.ts";
import type { Outcome, TransferSample } from "./sample.ts";
import type { Server } from "./list/server.ts";

/** One server with its state. */
export interface Member {
  /** The server, as the pool was given it. */
  readonly server: Server;
  /** Its state now. */
  readonly state: ServerState;
}

/** An available server and what it gets. */
export interface RankedServer {
  /** The server, as the pool was given it. */
  readonly server: Server;
  /** Its latest sample of a round that has ended. */
  readonly sample: TransferSample;
  /** The fraction of all requests; those of one ranking sum to 1. */
  readonly share: number;
}

/** A server leaves at its first failed test, for good. */
const NO_PATIENCE: Patience = { fall: 1, rise: 0 };

/** A server that returned has climbed to its due after so many rounds, or sooner in a small farm. */
const CLIMB_ROUNDS = 10;

/**
 * All servers, whatever their state. A round is `beginRound()`, `record()` for each server it gave,
 * and `endRound()`.
 */
export class Pool {
  readonly #members: ReadonlyMap<Server, Health>;
  readonly #policy: Policy;
  /** Those that may be picked now; replaced whole, never changed in place. */
  #candidates: readonly Candidate[] = [];
  #byShare: readonly Server[] | undefined;

  /**
   * Every server begins untested.
   *
   * @param servers told apart by identity, so `record()` wants these very objects.
   */
  constructor(servers: readonly Server[], policy: Policy, patience: Patience = NO_PATIENCE) {
    this.#members = new Map(servers.map((server) => [server, new Health(patience)]));
    this.#policy = policy;
  }

  /** Begins a round: the servers that are to be tested in it. */
  beginRound(): Server[] {
    return this.#all().filter(([, health]) => health.beginRound()).map(([server]) => server);
  }

  /**
   * Takes in what a probe found, and says what follows from it. A server that is out now gets
   * nobody from now on; a passed test counts when its round ends.
   *
   * @param now on the clock of `PickRequest`
   * @throws {RangeError} when the server is not one of this pool.
   */
  record(server: Server, outcome: Outcome, now: number): Turn {
    const health = this.#members.get(server);
    if (health === undefined) throw new RangeError(`${server.authority} is not in the pool`);
    const turn = health.record(outcome);
    if (turn.kind === "left") this.#update(now);
    else if (outcome.kind === "passed") this.#policy.measured?.(server, outcome.sample, now);
    return turn;
  }

  /**
   * Ends a round: its samples count from now on. A server without a new one keeps the one it had.
   *
   * @param now on the clock of `PickRequest`
   */
  endRound(now: number): void {
    const step = 1 / Math.max(1, Math.min(CLIMB_ROUNDS, this.#candidates.length - 1));
    for (const health of this.#members.values()) health.endRound(step);
    this.#update(now);
  }

  /**
   * Picks a server for a request; undefined when none is available. Whom the request excludes gets
   * it all the same when nobody else is left.
   */
  pick(request: PickRequest): Server | undefined {
    const server = this.#policy.pick(request);
    if (server !== undefined || request.isExcluded === undefined) return server;
    const { isExcluded: _, ...anyone } = request;
    return this.#policy.pick(anyone);
  }

  /** Those that may be picked now, the greatest share first. */
  get byShare(): readonly Server[] {
    if (this.#byShare === undefined) {
      const shares = this.#policy.shares();
      const shareOf = (server: Server) => shares.get(server) ?? 0;
      const servers = this.#candidates.map(({ server }) => server);
      this.#byShare = servers.sort((a, b) => shareOf(b) - shareOf(a));
    }
    return this.#byShare;
  }

  /** The available servers, slowest first, equal ones in the order the pool was given. */
  get ranking(): readonly RankedServer[] {
    const shares = this.#policy.shares();
    const ranking = this.members.flatMap(({ server, state }) =>
      state.kind === "available"
        ? [{ server, sample: state.sample, share: shares.get(server) ?? 0 }]
        : []
    );
    return ranking.sort((a, b) => b.sample.elapsedMs - a.sample.elapsedMs);
  }

  /** Every server with its state, in the order the pool was given. */
  get members(): readonly Member[] {
    return this.#all().map(([server, { state }]) => ({ server, state }));
  }

  /** Whether there is a server that may be picked. */
  get isOpen(): boolean {
    return this.#candidates.length > 0;
  }

  /** Whether any server will ever be tested again. */
  get isTestable(): boolean {
    return this.#all().some(([, health]) => health.isTestable);
  }

  #all(): [Server, Health][] {
    return [...this.#members];
  }

  /** Available, then not drained, then no backup unless there is nobody else. */
  #update(now: number): void {
    const candidates: Candidate[] = [];
    const backups: Candidate[] = [];
    for (const [server, { state, climb }] of this.#members) {
      if (state.kind !== "available" || server.isDrained) continue;
      const tier = server.isBackup ? backups : candidates;
      tier.push({ server, sample: state.sample, weight: server.weight, climb });
    }
    this.#candidates = candidates.length > 0 ? candidates : backups;
    this.#byShare = undefined;
    this.#policy.update(this.#candidates, now);
  }
}
