import type { TransferSample } from "./health.ts";
import type { Server } from "./list/server.ts";
import type { Candidate, PickRequest, Policy } from "./policies/policy.ts";
import type { PickedShares } from "./request_counters.ts";

/** Receives the changes of a pool. */
export interface PoolObserver {
  /**
   * The candidates, or their samples, have changed.
   *
   * @param candidates replaced whole, never changed in place
   * @param monotonicMs on the clock of `PickRequest`
   */
  update(candidates: readonly Candidate[], monotonicMs: number): void;
  /** A server may no longer be picked; an update follows within a moment. */
  left(id: number): void;
  /** A test has passed inside a round; ignored if the server is no candidate. */
  measured(id: number, sample: TransferSample, monotonicMs: number): void;
}

/** Picks a server for each request by a policy, among the available servers of a pool. */
export class Chooser implements PoolObserver {
  readonly #policy: Policy;
  readonly #picked: PickedShares | undefined;
  #candidates: readonly Candidate[] = [];
  #byShare: readonly Server[] | undefined;
  /** Candidates that have left since the last update. */
  readonly #left = new Set<number>();

  /** @param picked what servers got lately, for policies whose picks depend on the load */
  constructor(policy: Policy, picked?: PickedShares) {
    this.#policy = policy;
    this.#picked = policy.picksByLoad ? picked : undefined;
  }

  update(candidates: readonly Candidate[], monotonicMs: number): void {
    this.#candidates = candidates;
    this.#byShare = undefined;
    this.#left.clear();
    this.#policy.update(candidates, monotonicMs);
  }

  left(id: number): void {
    this.#left.add(id);
    this.#byShare = undefined;
  }

  /** Passes the sample on to policies that learn inside a round. */
  measured(id: number, sample: TransferSample, monotonicMs: number): void {
    this.#policy.measured?.(id, sample, monotonicMs);
  }

  endRound(): void {
    this.#picked?.endRound();
  }

  /**
   * Picks a server for a request; undefined if none is available. Falls back to servers that the
   * request excludes if no other is available.
   */
  pick(request: PickRequest): Server | undefined {
    const { isExcluded } = request;
    if (this.#left.size === 0) {
      const server = this.#policy.pick(request);
      if (server !== undefined || isExcluded === undefined) return server;
      const { isExcluded: _, ...unrestricted } = request;
      return this.#policy.pick(unrestricted);
    }
    const hasLeft = (server: Server) => this.#left.has(server.id);
    const isUnwanted = (server: Server) => hasLeft(server) || isExcluded!(server);
    return (isExcluded && this.#policy.pick(restricted(request, isUnwanted))) ??
      this.#policy.pick(restricted(request, hasLeft));
  }

  get wantsSizes(): boolean {
    return this.#policy.wantsSizes === true;
  }

  /**
   * The fraction of requests of each candidate, by id; they sum to 1. It is what the policy means it to
   * get, or what it got lately if picks depend on the load.
   */
  get shares(): ReadonlyMap<number, number> {
    return this.#picked?.of(this.#candidates.map(({ server }) => server)) ??
      this.#policy.shares();
  }

  /** The servers that may be picked, by descending share. */
  get byShare(): readonly Server[] {
    if (this.#byShare === undefined) {
      const shares = this.#policy.shares();
      const shareOf = (server: Server) => shares.get(server.id) ?? 0;
      const servers = this.#candidates.map(({ server }) => server);
      this.#byShare = servers.filter((server) => !this.#left.has(server.id)).sort((a, b) =>
        shareOf(b) - shareOf(a)
      );
    }
    return this.#byShare;
  }
}

/** Copies the request, which may be an object that changes; reads its clock. */
function restricted(request: PickRequest, isExcluded: (server: Server) => boolean): PickRequest {
  return { ...request, isExcluded };
}
