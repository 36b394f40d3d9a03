import type { TransferSample } from "./health.ts";
import type { Server } from "./list/server.ts";
import { ShareTable } from "./policies/fixed_shares.ts";
import {
  type Candidate,
  effectiveWeights,
  type PickRequest,
  type Policy,
} from "./policies/policy.ts";
import type { PickedShares } from "./request_counters.ts";

/** Receives the changes of a pool. */
export interface PoolObserver {
  /**
   * The candidates, or their samples, have changed.
   *
   * @param candidates replaced whole, never changed in place
   * @param monotonicMs on the clock of `PickRequest`
   * @param reserves servers of lower priority that are available
   */
  update(
    candidates: readonly Candidate[],
    monotonicMs: number,
    reserves: readonly Candidate[],
  ): void;
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
  #reserves: readonly Candidate[] = [];
  #byShare: readonly Server[] | undefined;
  /** Candidates that have left since the last update. */
  readonly #left = new Set<number>();

  /** @param picked what servers got lately, for policies whose picks depend on the load */
  constructor(policy: Policy, picked?: PickedShares) {
    this.#policy = policy;
    this.#picked = policy.picksByLoad ? picked : undefined;
  }

  /** Replaces the candidates. */
  update(
    candidates: readonly Candidate[],
    monotonicMs: number,
    reserves: readonly Candidate[] = [],
  ): void {
    this.#candidates = candidates;
    this.#reserves = reserves;
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
   * Picks a server for a request; undefined if none is available. Falls back to servers that are
   * secondary, then to those that the request excludes, if no other is available.
   *
   * @param isUnfit whether a server must not be picked in any case
   */
  pick(request: PickRequest, isUnfit?: (server: Server) => boolean): Server | undefined {
    const { isExcluded, isSecondary } = request;
    if (isSecondary !== undefined) return this.#pickPreferred(request, isSecondary, isUnfit);
    if (this.#left.size === 0 && isUnfit === undefined) {
      const server = this.#policy.pick(request);
      if (server !== undefined || isExcluded === undefined) return server;
      const { isExcluded: _, ...unrestricted } = request;
      return this.#policy.pick(unrestricted);
    }
    const isOut = isUnfit === undefined || this.#left.size > 0
      ? (server: Server) => this.#left.has(server.id) || isUnfit?.(server) === true
      : isUnfit;
    const isUnwanted = (server: Server) => isOut(server) || isExcluded!(server);
    return (isExcluded && this.#policy.pick(restricted(request, isUnwanted))) ??
      this.#policy.pick(restricted(request, isOut));
  }

  #pickPreferred(
    request: PickRequest,
    isSecondary: (server: Server) => boolean,
    isUnfit: ((server: Server) => boolean) | undefined,
  ): Server | undefined {
    const isOut = (server: Server) => this.#left.has(server.id) || isUnfit?.(server) === true;
    const pickWithout = (isUnwanted?: (server: Server) => boolean) =>
      this.#policy.pick(
        restricted(request, (server) => isOut(server) || isUnwanted?.(server) === true),
      );
    const { isExcluded } = request;
    const unavoided = isExcluded &&
      (pickWithout((server) => isExcluded(server) || isSecondary(server)) ??
        pickWithout(isExcluded));
    return unavoided ?? pickWithout(isSecondary) ?? pickWithout();
  }

  /** As `pick`, among servers of lower priority: by weight, those of the best priority first. */
  pickReserve(
    { random, isExcluded, isSecondary }: PickRequest,
    isUnfit: (server: Server) => boolean,
  ): Server | undefined {
    const isOut = (server: Server) => this.#left.has(server.id) || isUnfit(server);
    const fit = this.#reserves.filter(({ server }) => !isOut(server));
    const wanted = fit.filter(({ server }) => isExcluded?.(server) !== true);
    const choice = wanted.length > 0 ? wanted : fit;
    const priority = Math.min(...choice.map(({ server }) => server.priority));
    const equal = choice.filter(({ server }) => server.priority === priority);
    const preferred = equal.filter(({ server }) => isSecondary?.(server) !== true);
    const best = preferred.length > 0 ? preferred : equal;
    return new ShareTable(best.map(({ server }) => server), effectiveWeights(best)).pick(random);
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

  /** Available servers of lower priority. */
  get reserves(): readonly Server[] {
    return this.#reserves.map(({ server }) => server);
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
