/**
 * Servers among which a policy picks: all available ones, or those of one tier.
 *
 * @module
 */

import type { ReportedLoad, TransferSample } from "./health.ts";
import type { Server } from "./list/server.ts";
import { ShareTable } from "./policies/fixed_shares.ts";
import {
  type Candidate,
  effectiveWeights,
  type PickRequest,
  type Policy,
} from "./policies/policy.ts";

/** A group of servers with the policy that picks among those of the best priority. */
export class ServerGroup {
  readonly #policy: Policy;
  #candidates: readonly Candidate[] = [];
  #reserves: readonly Candidate[] = [];
  #byShare: readonly Server[] | undefined;

  /** Begins without servers. */
  constructor(policy: Policy) {
    this.#policy = policy;
  }

  /** Replaces the servers: available ones that nothing excludes but the priority of others. */
  update(eligible: readonly Candidate[], monotonicMs: number): void {
    const priority = bestPriority(eligible);
    this.#candidates = eligible.filter(({ server }) => server.priority === priority);
    this.#reserves = eligible.filter(({ server }) => server.priority !== priority);
    this.#byShare = undefined;
    this.#policy.update(this.#candidates, monotonicMs);
  }

  /** Passes the sample on to a policy that learns inside a round. */
  measured(id: number, sample: TransferSample, monotonicMs: number): void {
    this.#policy.measured?.(id, sample, monotonicMs);
  }

  /** Passes the report on to a policy that uses it. */
  reported(id: number, load: ReportedLoad, monotonicMs: number): void {
    this.#policy.reported?.(id, load, monotonicMs);
  }

  /** The servers of the best priority. */
  get candidates(): readonly Candidate[] {
    return this.#candidates;
  }

  /** The servers of lower priorities. */
  get reserves(): readonly Candidate[] {
    return this.#reserves;
  }

  /** Picks one of the candidates; undefined if there is none, or the request excludes all. */
  pick(request: PickRequest): Server | undefined {
    return this.#policy.pick(request);
  }

  /** How likely each is to be picked, by id. */
  likely(request: PickRequest): ReadonlyMap<number, number> {
    return this.#policy.likely(request);
  }

  /** As `pick`, among the reserves: by weight, those of the best priority first. */
  pickReserve({ random, isExcluded }: PickRequest): Server | undefined {
    return this.#reserveTable(isExcluded).pick(random);
  }

  /** As `likely`, among the reserves. */
  likelyReserve({ isExcluded }: PickRequest): ReadonlyMap<number, number> {
    return this.#reserveTable(isExcluded).shares();
  }

  /** As `Policy.shares`. */
  shares(): ReadonlyMap<number, number> {
    return this.#policy.shares();
  }

  /** The candidates by descending share. */
  get byShare(): readonly Server[] {
    if (this.#byShare === undefined) {
      const shares = this.#policy.shares();
      const shareOf = (server: Server) => shares.get(server.id) ?? 0;
      this.#byShare = this.#candidates.map(({ server }) => server)
        .sort((a, b) => shareOf(b) - shareOf(a));
    }
    return this.#byShare;
  }

  /** A policy for a part of these servers. */
  partPolicy(): Policy {
    return this.#policy.part();
  }

  #reserveTable(isExcluded: ((server: Server) => boolean) | undefined): ShareTable {
    const fit = this.#reserves.filter(({ server }) => isExcluded?.(server) !== true);
    const priority = bestPriority(fit);
    const best = fit.filter(({ server }) => server.priority === priority);
    return new ShareTable(best.map(({ server }) => server), effectiveWeights(best));
  }
}

/** The lowest number is the best. */
function bestPriority(candidates: readonly Candidate[]): number {
  return candidates.reduce((best, { server }) => Math.min(best, server.priority), Infinity);
}
