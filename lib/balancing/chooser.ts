import type { Candidate, PickRequest, Policy } from "./policy.ts";
import type { TransferSample } from "./sample.ts";
import type { Server } from "./list/server.ts";

/** Whoever is told by a pool who may be picked, and what tests find. */
export interface Audience {
  /**
   * Those who may be picked are others, or have other samples.
   *
   * @param candidates replaced whole, never changed in place
   * @param now on the clock of `PickRequest`
   */
  update(candidates: readonly Candidate[], now: number): void;
  /** A test of a server passed at `now`, inside a round that still goes on. */
  measured(server: Server, sample: TransferSample, now: number): void;
}

/** Chooses a server for each request, by a policy, among those that a pool says may be picked. */
export class Chooser implements Audience {
  readonly #policy: Policy;
  #candidates: readonly Candidate[] = [];
  #byShare: readonly Server[] | undefined;

  /** Knows of nobody yet. */
  constructor(policy: Policy) {
    this.#policy = policy;
  }

  /** From now on these may be picked. */
  update(candidates: readonly Candidate[], now: number): void {
    this.#candidates = candidates;
    this.#byShare = undefined;
    this.#policy.update(candidates, now);
  }

  /** For policies that learn in the middle of a round. */
  measured(server: Server, sample: TransferSample, now: number): void {
    this.#policy.measured?.(server, sample, now);
  }

  /**
   * A server for a request; undefined when none may be picked. Whom the request excludes gets it all
   * the same when nobody else is left.
   */
  pick(request: PickRequest): Server | undefined {
    const server = this.#policy.pick(request);
    if (server !== undefined || request.isExcluded === undefined) return server;
    const { isExcluded: _, ...anyone } = request;
    return this.#policy.pick(anyone);
  }

  /** Whether it is worth finding out how large files are. */
  get wantsSizes(): boolean {
    return this.#policy.wantsSizes === true;
  }

  /** The fraction of requests that is meant for each; those of all sum to 1. */
  get shares(): ReadonlyMap<Server, number> {
    return this.#policy.shares();
  }

  /** Those that may be picked now, the greatest share first. */
  get byShare(): readonly Server[] {
    if (this.#byShare === undefined) {
      const { shares } = this;
      const shareOf = (server: Server) => shares.get(server) ?? 0;
      const servers = this.#candidates.map(({ server }) => server);
      this.#byShare = servers.sort((a, b) => shareOf(b) - shareOf(a));
    }
    return this.#byShare;
  }
}
