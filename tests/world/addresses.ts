/**
 * Addresses of clients in many countries.
 *
 * @module
 */

import ipaddr from "ipaddr.js";
import { GeoIp } from "../../lib/balancing/location/geoip.ts";
import { mmdbFile } from "../support/mmdb_file.ts";
import { randomInteger } from "../support/random.ts";

/**
 * Networks of providers by country: allocations of the regional registries, as
 * `@ip-location-db/geo-whois-asn-country` (CC0, npm) has them on 2026-06-17.
 */
const NETWORKS: Readonly<Record<string, readonly string[]>> = {
  br: ["177.32.0.0/12", "2804:14c::/32"],
  ca: ["99.224.0.0/12", "2607:f2c0::/32"],
  de: ["46.80.0.0/12", "2003::/32"],
  es: ["88.0.0.0/12", "2a02:9000::/32"],
  fr: ["78.192.0.0/12", "2a01:cb00::/32"],
  gb: ["25.0.0.0/12", "2a00:23c0::/32"],
  in: ["117.192.0.0/12", "2405:200::/32"],
  jp: ["60.64.0.0/12", "2400:4050::/32"],
  kr: ["14.32.0.0/12"],
  mx: ["187.128.0.0/12"],
  pl: ["83.0.0.0/12", "2a02:a300::/32"],
  se: ["90.224.0.0/12", "2001:2040::/32"],
  us: ["3.128.0.0/12", "2600::/32"],
  za: ["41.0.0.0/12"],
};

/** Those that the registries give out from. */
const ALL_NETWORKS: readonly string[] = [
  ...Array.from({ length: 223 }, (_, i) => `${i + 1}.0.0.0/8`),
  ...["2001::/16", "2003::/18", "2400::/12", "2600::/12", "2800::/12", "2a00::/12", "2c00::/12"],
];

/** More draws find no more of a country. */
const MOST_DRAWS = 2_000_000;

/** A database of countries, and networks that it knows much of. */
export interface AddressSpace {
  readonly database: Uint8Array<ArrayBuffer>;
  readonly networks: readonly string[];
}

/** A database of one or two networks a country. */
export function smallSpace(): AddressSpace {
  const records = Object.entries(NETWORKS).flatMap(([country, networks]) =>
    networks.map((network) => [network, { country_code: country.toUpperCase() }] as const)
  );
  return {
    database: mmdbFile(Object.fromEntries(records)),
    networks: Object.values(NETWORKS).flat(),
  };
}

/** All addresses, of which a database in MaxMind's format tells the countries. */
export async function spaceOf(file: string): Promise<AddressSpace> {
  return { database: await Deno.readFile(file), networks: ALL_NETWORKS };
}

/**
 * Draws addresses at random, of IPv6 as often as of IPv4, until there are so many of each country.
 *
 * @throws {Error} if the database knows too few
 */
export function drawAddresses(
  { database, networks }: AddressSpace,
  countries: readonly string[],
  count: number,
  random: () => number,
): Map<string, string[]> {
  const geoip = new GeoIp(database, "the database", (reason) => {
    throw new Error(reason);
  });
  const isIpv6 = (network: string) => network.includes(":");
  const families = [networks.filter((it) => !isIpv6(it)), networks.filter(isIpv6)];
  const found = new Map(countries.map((country): [string, string[]] => [country, []]));
  const isFull = (addresses: readonly string[]) => addresses.length === count;
  for (let draws = 0; ![...found.values()].every(isFull); draws++) {
    if (draws === MOST_DRAWS) throw new Error("the database knows too few addresses of a country");
    const family = families[draws % families.length]!;
    const address = addressIn(family[randomInteger(random, family.length)]!, random);
    const addresses = found.get(geoip.lookUp(address).country ?? "");
    if (addresses !== undefined && !isFull(addresses)) addresses.push(address);
  }
  return found;
}

/** An address of a network. */
function addressIn(network: string, random: () => number): string {
  const [first, length] = ipaddr.parseCIDR(network);
  const bytes = first.toByteArray().map((byte, i) => {
    const fixedBits = Math.max(0, Math.min(8, length - 8 * i));
    return byte + randomInteger(random, 2 ** (8 - fixedBits));
  });
  return ipaddr.fromByteArray(bytes).toString();
}
