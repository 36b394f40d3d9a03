/**
 * Groups of servers by their nearness to a client: its zone, its country, its continent, then all.
 *
 * @module
 */

import type { ReportedLoad, TransferSample } from "./health.ts";
import type { Server } from "./list/server.ts";
import type { Place, ServerPlace } from "./location/location.ts";
import type { Candidate } from "./policies/policy.ts";
import { ServerGroup } from "./server_group.ts";

/** Knows where clients and servers are. */
export interface Places {
  /** Another number once places may differ. */
  readonly revision: number;
  placeOf(client: string): Place;
  placeOfServer(server: Server): ServerPlace;
}

/** Names of tiers, the nearest first. */
export const TIER_NAMES = ["zone", "country", "continent", "all"] as const;

/** One of `TIER_NAMES`. */
export type TierName = (typeof TIER_NAMES)[number];

/** Servers as near to a client as the name says. */
export interface Tier {
  readonly name: TierName;
  readonly group: ServerGroup;
}

/** Groups of servers, at most; for places beyond them all servers are one tier. */
const MOST_GROUPS = 1000;

/** Whether a server is as near as a tier of some place says. */
type IsNear = (server: ServerPlace) => boolean;

/** What makes a server near. */
interface Step {
  readonly name: TierName;
  /** What the client's place says; undefined if that is not known. */
  readonly mark: string | undefined;
  readonly isNear: IsNear;
}

/** A group, and the servers that it is made of. */
interface Part {
  readonly group: ServerGroup;
  readonly isNear: IsNear;
}

/** The tiers of each place, whose groups share what their policies learn. */
export class Tiers {
  readonly #all: ServerGroup;
  readonly #places: Places;
  readonly #least: number;
  #eligible: readonly Candidate[] = [];
  #monotonicMs = 0;
  #placeOf = new Map<number, ServerPlace>();
  #revision = NaN;
  /** By what its servers have in common. */
  readonly #parts = new Map<string, Part>();
  #tiersOf = new WeakMap<Place, readonly Tier[]>();

  /**
   * Begins without servers.
   *
   * @param all the group of all servers
   * @param least servers that a tier has at least: one with fewer is left out
   */
  constructor(all: ServerGroup, places: Places, least: number) {
    this.#all = all;
    this.#places = places;
    this.#least = least;
  }

  /** Replaces the servers, after those of all. */
  update(eligible: readonly Candidate[], monotonicMs: number): void {
    this.#eligible = eligible;
    this.#monotonicMs = monotonicMs;
    this.#revision = this.#places.revision;
    this.#placeOf = new Map(
      eligible.map(({ server }) => [server.id, this.#places.placeOfServer(server)]),
    );
    for (const part of this.#parts.values()) this.#updatePart(part);
    this.#tiersOf = new WeakMap();
  }

  /** A probe has passed inside a round. */
  measured(id: number, sample: TransferSample, monotonicMs: number): void {
    for (const { group } of this.#parts.values()) group.measured(id, sample, monotonicMs);
  }

  /** A server has said how busy it is. */
  reported(id: number, load: ReportedLoad, monotonicMs: number): void {
    for (const { group } of this.#parts.values()) group.reported(id, load, monotonicMs);
  }

  /** Where a client is. */
  placeOf(client: string): Place {
    return this.#places.placeOf(client);
  }

  /** The tiers of a place, the nearest first; the last one has all servers. */
  of(place: Place): readonly Tier[] {
    if (this.#places.revision !== this.#revision) this.update(this.#eligible, this.#monotonicMs);
    const known = this.#tiersOf.get(place);
    if (known !== undefined) return known;
    const tiers = this.#makeTiers(place);
    this.#tiersOf.set(place, tiers);
    return tiers;
  }

  #makeTiers({ zone, country, continent }: Place): readonly Tier[] {
    const steps: readonly Step[] = [
      { name: "zone", mark: zone, isNear: ({ zones }) => zones.includes(zone!) },
      { name: "country", mark: country, isNear: (server) => server.country === country },
      { name: "continent", mark: continent, isNear: (server) => server.continent === continent },
    ];
    // What no server has in common with the client makes no tier of its own.
    const servers = [...this.#placeOf.values()];
    const taken = steps.filter(({ mark, isNear }) => mark !== undefined && servers.some(isNear));
    const tiers: Tier[] = [];
    taken.forEach(({ name }, i) => {
      // Each tier has the servers of the nearer ones as well.
      const nearer = taken.slice(0, i + 1);
      const key = nearer.map(({ name, mark }) => `${name}=${mark}`).join(" ");
      const group = this.#group(key, (server) => nearer.some(({ isNear }) => isNear(server)));
      const before = tiers.at(-1)?.group.candidates.length ?? 0;
      const { length } = group?.candidates ?? [];
      if (group !== undefined && length >= Math.max(this.#least, before + 1)) {
        tiers.push({ name, group });
      }
    });
    return [...tiers, { name: "all", group: this.#all }];
  }

  #group(key: string, isNear: IsNear): ServerGroup | undefined {
    const known = this.#parts.get(key);
    if (known !== undefined) return known.group;
    if (this.#parts.size === MOST_GROUPS) return undefined;
    const part = { group: new ServerGroup(this.#all.partPolicy()), isNear };
    this.#parts.set(key, part);
    this.#updatePart(part);
    return part.group;
  }

  #updatePart({ group, isNear }: Part): void {
    const near = this.#eligible.filter(({ server }) => isNear(this.#placeOf.get(server.id)!));
    group.update(near, this.#monotonicMs);
  }
}
