import type { Server } from "./list/server.ts";
import type { Place } from "./location/location.ts";
import { TIER_NAMES, type TierName } from "./tiers.ts";

/** Hears of the clients that are redirected. Must take next to no time. */
export interface RedirectObserver {
  /** A client was redirected by this process, or some at once. */
  redirected(authority: string): void;
  /** Clients were redirected by another process, about a second's worth. @param redirects by server */
  counted(redirects: Readonly<Record<string, number>>): void;
}

/** Counts clients by the server they were redirected to. */
export class RequestCounters {
  /** Undefined for none. */
  observer: RedirectObserver | undefined;
  readonly #redirects = new Map<string, number>();
  /** Authorities that are counted each; undefined for all. */
  #authorities: ReadonlySet<string> | undefined;
  #total = 0;
  /** Clients answered with 503, since no server was available. */
  unavailable = 0;
  /** Clients that were told that all servers lack the file. */
  missing = 0;
  #tiers = noTiers();
  /** Clients that an earlier process has counted. */
  #adopted = 0;
  /** Clients of each zone in this round, and how many of them a server of the zone got. */
  readonly #zones = new Map<string, [clients: number, near: number]>();

  /** Counts clients of this process. */
  redirected(authority: string, count = 1): void {
    this.#count(authority, count);
    this.observer?.redirected(authority);
  }

  #count(authority: string, count: number): void {
    this.#total += count;
    if (this.#authorities?.has(authority) === false) return;
    this.#redirects.set(authority, (this.#redirects.get(authority) ?? 0) + count);
  }

  redirectsTo(authority: string): number {
    return this.#redirects.get(authority) ?? 0;
  }

  /** Clients redirected to each server, as a copy. */
  get byServer(): ReadonlyMap<string, number> {
    return new Map(this.#redirects);
  }

  get redirects(): number {
    return this.#total;
  }

  /** Counts a client redirected to a server of a tier. @param place that of the client */
  readonly redirectedIn = (tier: TierName, place: Place | undefined): void => {
    this.#tiers[tier]++;
    if (place?.zone !== undefined) this.#addZone(place.zone, 1, Number(tier === "zone"));
  };

  /** Clients redirected to a server of each tier, as a copy. */
  get byTier(): Readonly<Record<TierName, number>> {
    return { ...this.#tiers };
  }

  /** Zones whose clients all had to be sent elsewhere since the last call, and their number. */
  takeUnserved(): [zone: string, clients: number][] {
    const unserved = [...this.#zones].flatMap(([zone, [clients, near]]) =>
      near === 0 ? [[zone, clients] as [string, number]] : []
    );
    this.#zones.clear();
    return unserved;
  }

  /** Adds what `take()` of other counters returned. */
  add({ redirects, unavailable, missing, tiers, zones }: Counts): void {
    for (const tier of TIER_NAMES) this.#tiers[tier] += tiers[tier];
    for (const [zone, [clients, near]] of Object.entries(zones)) this.#addZone(zone, clients, near);
    for (const [authority, count] of Object.entries(redirects)) this.#count(authority, count);
    this.observer?.counted(redirects);
    this.unavailable += unavailable;
    this.missing += missing;
  }

  /** Adds what an earlier process has counted. */
  adopt(counts: Counts): void {
    const before = this.#all;
    this.add(counts);
    this.#adopted += this.#all - before;
  }

  /** Clients that came since this process began. */
  get clients(): number {
    return this.#all - this.#adopted;
  }

  get #all(): number {
    return this.#total + this.unavailable + this.missing;
  }

  /** All counts, as a copy. */
  get counts(): Counts {
    const listed = this.#redirects.values().reduce((sum, count) => sum + count, 0);
    const unlisted = this.#total - listed;
    return {
      redirects: { ...Object.fromEntries(this.#redirects), ...(unlisted > 0 && { "": unlisted }) },
      unavailable: this.unavailable,
      missing: this.missing,
      tiers: this.byTier,
      zones: Object.fromEntries(this.#zones),
    };
  }

  /** Returns all counts and resets them. */
  take(): Counts {
    const { counts } = this;
    this.#redirects.clear();
    this.#zones.clear();
    this.#tiers = noTiers();
    this.#total = this.unavailable = this.missing = 0;
    return counts;
  }

  #addZone(zone: string, clients: number, near: number): void {
    const [clientsBefore, nearBefore] = this.#zones.get(zone) ?? [0, 0];
    this.#zones.set(zone, [clientsBefore + clients, nearBefore + near]);
  }

  /** Removes the counts of all other servers, now and later; they still count in the total. */
  retain(authorities: ReadonlySet<string>): void {
    this.#authorities = authorities;
    for (const authority of this.#redirects.keys()) {
      if (!authorities.has(authority)) this.#redirects.delete(authority);
    }
  }
}

function noTiers(): Record<TierName, number> {
  return { zone: 0, country: 0, continent: 0, all: 0 };
}

/** Counts as plain data. */
export interface Counts {
  /** Clients redirected to servers, by authority; under "" those of servers no longer listed. */
  readonly redirects: Readonly<Record<string, number>>;
  /** Clients answered with 503, since no server was available. */
  readonly unavailable: number;
  /** Clients that were told that all servers lack the file. */
  readonly missing: number;
  /** Clients redirected to a server of each tier. */
  readonly tiers: Readonly<Record<TierName, number>>;
  /** Clients of each zone, and how many of them a server of the zone got. */
  readonly zones: Readonly<Record<string, readonly [clients: number, near: number]>>;
}

/** Clients of each server at some time, by authority. */
type Snapshot = ReadonlyMap<string, number>;

/**
 * The fractions of clients that servers got since the round before the last one, by what all
 * processes count. For policies whose picks depend on the load.
 */
export class PickedShares {
  readonly #counters: RequestCounters;
  #before: Snapshot = new Map();
  #last: Snapshot = new Map();

  /** @param counters of all processes */
  constructor(counters: RequestCounters) {
    this.#counters = counters;
  }

  endRound(): void {
    this.#before = this.#last;
    this.#last = this.#counters.byServer;
  }

  /** The fraction of each of these servers, by id; undefined if none has got a client lately. */
  of(servers: Iterable<Server>): Map<number, number> | undefined {
    const counts = new Map<number, number>();
    let sum = 0;
    for (const { id, authority } of servers) {
      const all = this.#counters.redirectsTo(authority);
      const before = this.#before.get(authority) ?? 0;
      const count = before <= all ? all - before : all; // Counted anew since it was listed again.
      counts.set(id, count);
      sum += count;
    }
    if (sum <= 0) return undefined;
    for (const [id, count] of counts) counts.set(id, count / sum);
    return counts;
  }
}
