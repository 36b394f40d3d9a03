import type { ReportedLoad, TransferSample } from "./health.ts";
import type { Server } from "./list/server.ts";
import type { Candidate, PickRequest, Policy } from "./policies/policy.ts";
import type { PickedShares } from "./request_counters.ts";
import { ServerGroup } from "./server_group.ts";
import type { Place } from "./location/location.ts";
import { type Places, type Tier, type TierName, Tiers } from "./tiers.ts";

/** Receives the changes of a pool. */
export interface PoolObserver {
  /**
   * The available servers, or their samples, have changed.
   *
   * @param eligible those that nothing excludes but the priority of others; replaced whole, never
   *     changed in place
   * @param monotonicMs on the clock of `PickRequest`
   */
  update(eligible: readonly Candidate[], monotonicMs: number): void;
  /** A server may no longer be picked; an update follows within a moment. */
  left(id: number): void;
  /** A test has passed inside a round; ignored if the server is no candidate. */
  measured(id: number, sample: TransferSample, monotonicMs: number): void;
  /**
   * A server has said how busy it is; ignored if it is no candidate.
   *
   * @param monotonicMs when it said so, which may be some time ago
   */
  reported(id: number, load: ReportedLoad, monotonicMs: number): void;
}

/** How a chooser prefers servers that are near to the client. */
export interface TierOptions {
  readonly places: Places;
  /** Servers that a tier has at least: one with fewer is left out. */
  readonly least: number;
  /** Called with each pick. */
  readonly onPick: (tier: TierName, place: Place | undefined) => void;
}

/** Picks a server, or finds out how it would. */
export interface Picker<T> {
  /** In the nearest tier that has a server which is fit; undefined if there is none. */
  pick(request: PickRequest, isUnfit?: (server: Server) => boolean): T | undefined;
  /** As `pick`, among servers of lower priority. */
  pickReserve(request: PickRequest, isUnfit: (server: Server) => boolean): T | undefined;
}

/** How a server would be picked. */
export interface Explanation {
  /** The tier that is used. */
  readonly tier: TierName;
  /** How likely each server is to be picked, by id. */
  readonly likely: ReadonlyMap<number, number>;
  /** Whether a server is of that tier. */
  readonly isNear: (id: number) => boolean;
}

/** Picks a server for each request by a policy, among the available servers of a pool. */
export class Chooser implements PoolObserver, Picker<Server> {
  readonly #policy: Policy;
  readonly #picked: PickedShares | undefined;
  readonly #all: ServerGroup;
  readonly #everywhere: readonly Tier[];
  readonly #tiers: Tiers | undefined;
  readonly #onPick: TierOptions["onPick"] | undefined;
  /** Servers that have left since the last update. */
  readonly #left = new Set<number>();

  /**
   * Knows no server yet.
   *
   * @param picked what servers got lately, for policies whose picks depend on the load
   * @param tiers which servers are near to a client; without them all are
   */
  constructor(policy: Policy, picked?: PickedShares, tiers?: TierOptions) {
    this.#policy = policy;
    this.#all = new ServerGroup(policy);
    this.#everywhere = [{ name: "all", group: this.#all }];
    this.#tiers = tiers && new Tiers(this.#all, tiers.places, tiers.least);
    this.#onPick = tiers?.onPick;
    this.#picked = policy.picksByLoad || tiers !== undefined ? picked : undefined;
  }

  /** Replaces the servers. */
  update(eligible: readonly Candidate[], monotonicMs: number): void {
    this.#left.clear();
    this.#all.update(eligible, monotonicMs);
    this.#tiers?.update(eligible, monotonicMs);
  }

  left(id: number): void {
    this.#left.add(id);
  }

  /** Passes the sample on to policies that learn inside a round. */
  measured(id: number, sample: TransferSample, monotonicMs: number): void {
    this.#all.measured(id, sample, monotonicMs);
    this.#tiers?.measured(id, sample, monotonicMs);
  }

  /** Passes the report on to policies that use it. */
  reported(id: number, load: ReportedLoad, monotonicMs: number): void {
    this.#all.reported(id, load, monotonicMs);
    this.#tiers?.reported(id, load, monotonicMs);
  }

  endRound(): void {
    this.#picked?.endRound();
  }

  /**
   * Picks a server for a request, in the nearest tier that has one; undefined if none is available.
   * Falls back to servers that are secondary, then to those that the request excludes, if no other
   * is available.
   *
   * @param isUnfit whether a server must not be picked in any case
   */
  pick(request: PickRequest, isUnfit?: (server: Server) => boolean): Server | undefined {
    return this.#choose(request, isUnfit, (group, asked) => group.pick(asked));
  }

  /** As `pick`, among servers of lower priority: by weight, those of the best priority first. */
  pickReserve(request: PickRequest, isUnfit: (server: Server) => boolean): Server | undefined {
    return this.#choose(request, isUnfit, (group, asked) => group.pickReserve(asked));
  }

  get wantsSizes(): boolean {
    return this.#policy.wantsSizes === true;
  }

  /** Whether the policy uses what servers say of their load. */
  get wantsReports(): boolean {
    return this.#policy.reported !== undefined;
  }

  /**
   * The fraction of requests of each candidate, by id; they sum to 1. It is what the policy means it
   * to get, or what it got lately if picks depend on the load or on the client's place.
   */
  get shares(): ReadonlyMap<number, number> {
    const servers = this.#all.candidates.map(({ server }) => server);
    return this.#picked?.of(servers) ?? this.#all.shares();
  }

  /** The available servers of lower priority. */
  get reserves(): readonly Server[] {
    return this.#all.reserves.map(({ server }) => server);
  }

  /** The servers that may be picked, by descending share. */
  get byShare(): readonly Server[] {
    return this.#staying(this.#all.byShare);
  }

  /** The servers that may be picked for a client: the nearest tier first, by descending share. */
  byNearness(client: string): readonly Server[] {
    const tiers = this.tiersOf(client);
    if (tiers.length === 1) return this.byShare;
    const servers = new Map<number, Server>();
    for (const { group } of tiers) {
      for (const server of this.#staying(group.byShare)) servers.set(server.id, server);
    }
    return [...servers.values()];
  }

  /** Finds out how likely servers are to be picked; picks none. */
  readonly explaining: Picker<Explanation> = {
    pick: (request, isUnfit) =>
      this.#choose(
        request,
        isUnfit,
        (group, asked, tier) => explanationOf(tier, group, group.likely(asked)),
        true,
      ),
    pickReserve: (request, isUnfit) =>
      this.#choose(
        request,
        isUnfit,
        (group, asked, tier) => explanationOf(tier, group, group.likelyReserve(asked)),
        true,
      ),
  };

  /** Whether the places of clients matter. */
  get hasTiers(): boolean {
    return this.#tiers !== undefined;
  }

  /** Where a client is; undefined if nothing is known. */
  placeOf(client: string): Place | undefined {
    return this.#tiers?.placeOf(client);
  }

  /** The tiers of a client, the nearest first; the last one has all servers. */
  tiersOf(client: string): readonly Tier[] {
    return this.#tiers?.of(this.#tiers.placeOf(client)) ?? this.#everywhere;
  }

  #choose<T>(
    request: PickRequest,
    isUnfit: ((server: Server) => boolean) | undefined,
    ask: (group: ServerGroup, request: PickRequest, tier: TierName) => T | undefined,
    isOnlyAsked = false,
  ): T | undefined {
    const place = this.#tiers?.placeOf(request.client);
    const tiers = place === undefined ? this.#everywhere : this.#tiers!.of(place);
    const isOut = this.#left.size === 0
      ? isUnfit
      : (server: Server) => this.#left.has(server.id) || isUnfit?.(server) === true;
    const attempts = attemptsOf(request, isOut);
    for (const attempt of attempts) {
      for (const { name, group } of tiers) {
        const found = ask(group, attempt, name);
        if (found === undefined) continue;
        if (!isOnlyAsked) this.#onPick?.(name, place);
        return found;
      }
    }
    return undefined;
  }

  #staying(servers: readonly Server[]): readonly Server[] {
    if (this.#left.size === 0) return servers;
    return servers.filter(({ id }) => !this.#left.has(id));
  }
}

/** What policies are asked, one after the other, until one picks a server. */
function attemptsOf(
  request: PickRequest,
  isOut: ((server: Server) => boolean) | undefined,
): readonly PickRequest[] {
  const { isExcluded, isSecondary } = request;
  const without = (isUnwanted?: (server: Server) => boolean) =>
    new RestrictedRequest(
      request,
      isOut === undefined || isUnwanted === undefined
        ? isUnwanted ?? isOut
        : (server) => isOut(server) || isUnwanted(server),
    );
  if (isExcluded === undefined) {
    if (isSecondary !== undefined) return [without(isSecondary), without()];
    return [isOut === undefined ? request : without()];
  }
  if (isSecondary === undefined) return [without(isExcluded), without()];
  return [
    without((server) => isExcluded(server) || isSecondary(server)),
    without(isExcluded),
    without(isSecondary),
    without(),
  ];
}

/** Undefined if no server can be picked. */
function explanationOf(
  tier: TierName,
  { candidates, reserves }: ServerGroup,
  likely: ReadonlyMap<number, number>,
): Explanation | undefined {
  if (likely.size === 0) return undefined;
  const isNear = (id: number) =>
    [...candidates, ...reserves].some(({ server }) => server.id === id);
  return { tier, likely, isNear };
}

/** A request that excludes other servers. Passes its members on: reading the clock costs time. */
class RestrictedRequest implements PickRequest {
  readonly #request: PickRequest;

  constructor(
    request: PickRequest,
    readonly isExcluded: ((server: Server) => boolean) | undefined,
  ) {
    this.#request = request;
  }

  get client(): string {
    return this.#request.client;
  }

  get target(): string {
    return this.#request.target;
  }

  get monotonicMs(): number {
    return this.#request.monotonicMs;
  }

  get random(): number {
    return this.#request.random;
  }

  get bytes(): number | undefined {
    return this.#request.bytes;
  }
}
