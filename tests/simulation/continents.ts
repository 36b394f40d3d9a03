import type { Continent } from "../../lib/balancing/list/place.ts";
import type { Place } from "../../lib/balancing/location/location.ts";
import type { Places } from "../../lib/balancing/tiers.ts";

/**
 * Continents, over which servers and clients are dealt out in turn. The balancer is on the first.
 * Each download has a path, which carries so many bytes per ms.
 */
export interface World {
  readonly continents: number;
  readonly speedWithin: number;
  readonly speedAcross: number;
}

/** One continent, whose paths carry anything. */
export const ONE_CONTINENT: World = {
  continents: 1,
  speedWithin: Infinity,
  speedAcross: Infinity,
};

/** The names of continents. */
export const CONTINENTS: readonly Continent[] = ["eu", "na", "as", "sa", "af", "oc"];

/** What the path from a server to a continent carries, in bytes per ms. */
export function pathSpeed(world: World, server: number, continent: number): number {
  const isWithin = server % world.continents === continent;
  return isWithin ? world.speedWithin : world.speedAcross;
}

/** The text of a server in a list. */
export function listEntry({ continents }: World, server: number): string {
  return `s${server}.example:80,continent=${CONTINENTS[server % continents]}`;
}

/** The address of a client. */
export function clientAddress({ continents }: World, client: number): string {
  return `10.${client % continents}.${client}`;
}

/** The index of a client's continent, by its address. */
export function continentOfClient(address: string): number {
  return Number(address.split(".")[1]);
}

/** Knows the continents of clients by their addresses, and those of servers by the list. */
export class ContinentPlaces implements Places {
  readonly revision = 0;
  readonly #places: readonly Place[] = CONTINENTS.map((continent) => ({ continent }));

  placeOf(client: string): Place {
    return this.#places[continentOfClient(client)]!;
  }

  placeOfServer({ continent }: Parameters<Places["placeOfServer"]>[0]) {
    return { zones: [], ...continent && { continent } };
  }
}
