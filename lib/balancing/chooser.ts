import type { Server } from "./list/server.ts";
import type { Candidate, PickRequest, Policy } from "./policy.ts";
import type { PickedShares } from "./request_counters.ts";
import type { TransferSample } from "./sample.ts";

/** What a pool tells which servers may be picked, and what tests find. */
export interface PoolObserver {
  /**
   * Those who may be picked are others, or have other samples.
   *
   * @param candidates replaced whole, never changed in place
   * @param monotonicMs on the clock of `PickRequest`
   */
  update(candidates: readonly Candidate[], monotonicMs: number): void;
  /** A server may not be picked any more; an update follows within a moment. */
  left(server: Server): void;
  /** A test of a server passed at `monotonicMs`, inside a round that still goes on. */
  measured(server: Server, sample: TransferSample, monotonicMs: number): void;
}

/** Chooses a server for each request, by a policy, among those that a pool says may be picked. */
export class Chooser implements PoolObserver {
  readonly #policy: Policy;
  readonly #picked: PickedShares | undefined;
  #candidates: readonly Candidate[] = [];
  #byShare: readonly Server[] | undefined;
  /** Candidates that have left since the policy was told of all. */
  readonly #left = new Set<Server>();

  /**
   * Knows no server yet.
   *
   * @param picked what servers have got, for policies whose picks depend on the load
   */
  constructor(policy: Policy, picked?: PickedShares) {
    this.#policy = policy;
    this.#picked = policy.picksByLoad ? picked : undefined;
  }

  /** From now on these may be picked. */
  update(candidates: readonly Candidate[], monotonicMs: number): void {
    this.#candidates = candidates;
    this.#byShare = undefined;
    this.#left.clear();
    this.#policy.update(candidates, monotonicMs);
  }

  /** From now on this one is not picked. */
  left(server: Server): void {
    this.#left.add(server);
    this.#byShare = undefined;
  }

  /** For policies that learn in the middle of a round. */
  measured(server: Server, sample: TransferSample, monotonicMs: number): void {
    this.#policy.measured?.(server, sample, monotonicMs);
  }

  /** A round has ended; for shares by what servers have got lately. */
  endRound(): void {
    this.#picked?.endRound();
  }

  /**
   * A server for a request; undefined when none may be picked. Falls back to servers that the
   * request excludes if no other is left.
   */
  pick(request: PickRequest): Server | undefined {
    const { isExcluded } = request;
    if (this.#left.size === 0) {
      const server = this.#policy.pick(request);
      if (server !== undefined || isExcluded === undefined) return server;
      const { isExcluded: _, ...unrestricted } = request;
      return this.#policy.pick(unrestricted);
    }
    const hasLeft = (server: Server) => this.#left.has(server);
    const isUnwanted = (server: Server) => hasLeft(server) || isExcluded!(server);
    return (isExcluded && this.#policy.pick(restricted(request, isUnwanted))) ??
      this.#policy.pick(restricted(request, hasLeft));
  }

  /** Whether it is worth finding out how large files are. */
  get wantsSizes(): boolean {
    return this.#policy.wantsSizes === true;
  }

  /**
   * The fraction of requests of each candidate; those of all sum to 1. It is what is meant for the
   * server, or what it got lately where picks depend on the load.
   */
  get shares(): ReadonlyMap<Server, number> {
    return this.#picked?.of(this.#candidates.map(({ server }) => server)) ??
      this.#policy.shares();
  }

  /** Those that may be picked now, the greatest share by the policy first. */
  get byShare(): readonly Server[] {
    if (this.#byShare === undefined) {
      const shares = this.#policy.shares();
      const shareOf = (server: Server) => shares.get(server) ?? 0;
      const servers = this.#candidates.map(({ server }) => server);
      this.#byShare = servers.filter((server) => !this.#left.has(server)).sort((a, b) =>
        shareOf(b) - shareOf(a)
      );
    }
    return this.#byShare;
  }
}

/** The request under way may be an object that changes, with a clock that is read when it is used. */
function restricted(request: PickRequest, isExcluded: (server: Server) => boolean): PickRequest {
  return { ...request, isExcluded };
}
