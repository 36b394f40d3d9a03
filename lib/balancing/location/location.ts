/**
 * Where clients and servers are: in zones by rules, in countries and continents by a database.
 *
 * @module
 */

import { UsageError } from "../../cli/command.ts";
import { unreadable } from "../../process/tls.ts";
import { ServerListError } from "../list/endpoint.ts";
import { type Continent, continentOf } from "../list/place.ts";
import type { Server } from "../list/server.ts";
import type { CountryRecord, GeoIp } from "./geoip.ts";
import type { parseAddress, ZoneTable } from "./zones.ts";

/** Where a client is; what is not known is absent. Equal places are the same object. */
export interface Place {
  readonly zone?: string;
  /** ISO 3166-1 alpha-2, in lower case. */
  readonly country?: string;
  readonly continent?: Continent;
}

/** Where a server is; what is not known is absent. */
export interface ServerPlace {
  readonly zones: readonly string[];
  readonly country?: string;
  readonly continent?: Continent;
}

/** The files that places come from. */
export interface LocationOptions {
  /** Rules, `CIDR zone` a line. */
  readonly zones: string | undefined;
  /** A database in MaxMind's format. */
  readonly geoip: string | undefined;
}

/** The files that `Locator.open` will read. */
export function locationFiles({ zones, geoip }: LocationOptions): string[] {
  return [zones, geoip].filter((file) => file !== undefined);
}

/** What was read, and how addresses are parsed. */
interface Content {
  readonly parse: typeof parseAddress;
  readonly zones: ZoneTable | undefined;
  readonly geoip: GeoIp | undefined;
}

/** Places that are remembered, twice over at most. */
const REMEMBERED_PLACES = 10_000;

/** Finds the places of clients and servers, by files that can be read again. */
export class Locator {
  readonly #options: LocationOptions;
  readonly #info: (message: string) => void;
  #content: Content;
  #revision = 0;
  /** Every place that was ever found, by its text. */
  readonly #places = new Map<string, Place>();
  /** By client; when there are many, they become the old ones, which are forgotten then. */
  #recent = new Map<string, Place>();
  #old: ReadonlyMap<string, Place> = new Map();

  private constructor(
    options: LocationOptions,
    content: Content,
    info: (message: string) => void,
  ) {
    this.#options = options;
    this.#content = content;
    this.#info = info;
  }

  /**
   * Reads the files.
   *
   * @param info logs damage that is found later
   * @returns undefined if there are none; then no library is loaded
   * @throws {UsageError} if a file cannot be read or has a mistake
   */
  static async open(
    options: LocationOptions,
    info: (message: string) => void,
  ): Promise<Locator | undefined> {
    if (locationFiles(options).length === 0) return undefined;
    return new Locator(options, await readContent(options, info), info);
  }

  /**
   * Reads the files again.
   *
   * @throws as `open`; then all places stay as they were
   */
  async reload(): Promise<void> {
    this.#content = await readContent(this.#options, this.#info);
    this.#recent.clear();
    this.#old = new Map();
    this.#revision++;
  }

  /** Another number once the files were read again: places of clients and servers may differ. */
  get revision(): number {
    return this.#revision;
  }

  /** The zones that rules give. */
  get zones(): ReadonlySet<string> {
    return this.#content.zones?.zones ?? new Set();
  }

  /** What places come from, in words. */
  get description(): string {
    const { zones, geoip } = this.#content;
    return [
      ...(zones
        ? [`${counted(zones.rules, "rule")} for ${counted(zones.zones.size, "zone")}`]
        : []),
      ...(geoip ? [`the database ${geoip.description}`] : []),
    ].join(" and ");
  }

  /**
   * Where a client is. Never throws.
   *
   * @param address without port and brackets; IPv4 may be mapped to IPv6
   */
  placeOf(address: string): Place {
    const known = this.#recent.get(address);
    if (known !== undefined) return known;
    const place = this.#old.get(address) ?? this.#find(address);
    if (this.#recent.size >= REMEMBERED_PLACES) {
      this.#old = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(address, place);
    return place;
  }

  /**
   * Where a server is: as it is listed; what is not listed is found by its public address, unless
   * that is a name. Country and continent go together.
   */
  placeOfServer({ publicAuthority, zones, country, continent }: Server): ServerPlace {
    const host = publicAuthority.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
    const found = this.#find(host);
    const ownZones = zones ?? (found.zone === undefined ? [] : [found.zone]);
    if (country === undefined && continent === undefined) {
      const { zone: _, ...foundCountry } = found;
      return { zones: ownZones, ...foundCountry };
    }
    const ownContinent = continent ?? continentOf(country ?? "");
    return {
      zones: ownZones,
      ...(country && { country }),
      ...(ownContinent && { continent: ownContinent }),
    };
  }

  #find(address: string): Place {
    const { parse, zones, geoip } = this.#content;
    const parsed = parse(address);
    if (parsed === undefined) return this.#interned(undefined, {});
    return this.#interned(zones?.zoneOf(parsed.words), geoip?.lookUp(parsed.text) ?? {});
  }

  #interned(zone: string | undefined, { country, continent }: CountryRecord): Place {
    const key = `${zone ?? ""} ${country ?? ""} ${continent ?? ""}`;
    let place = this.#places.get(key);
    if (place === undefined) {
      place = {
        ...(zone && { zone }),
        ...(country && { country }),
        ...(continent && { continent }),
      };
      this.#places.set(key, place);
    }
    return place;
  }
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** As those of lists. */
const MOST_ZONES_BYTES = 32 * 1024 * 1024;

/** Databases of cities have some 100 MB. */
const MOST_GEOIP_BYTES = 1024 * 1024 * 1024;

async function readContent(
  { zones, geoip }: LocationOptions,
  info: (message: string) => void,
): Promise<Content> {
  // Imported here and below only, since all else at the start takes less time.
  const { parseAddress } = await import("./zones.ts");
  return {
    parse: parseAddress,
    zones: zones === undefined ? undefined : await readZones(zones),
    geoip: geoip === undefined ? undefined : await readGeoIp(geoip, info),
  };
}

async function readZones(file: string): Promise<ZoneTable> {
  const { ZoneTable } = await import("./zones.ts");
  const text = new TextDecoder().decode(await readWhole("zones", file, MOST_ZONES_BYTES));
  try {
    return await ZoneTable.parse(text, file);
  } catch (error) {
    if (!(error instanceof ServerListError)) throw error;
    throw new UsageError(error.message, { cause: error });
  }
}

async function readGeoIp(file: string, info: (message: string) => void): Promise<GeoIp> {
  const { GeoIp } = await import("./geoip.ts");
  const data = await readWhole("geoip", file, MOST_GEOIP_BYTES);
  const source = `--geoip=${file}`;
  return new GeoIp(data, source, (reason) => info(`${source} is damaged: ${reason}`));
}

/** @throws {UsageError} if it cannot be read, is no regular file, or has more bytes */
async function readWhole(
  option: string,
  file: string,
  mostBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const refuse = (reason: string, cause?: unknown): never => {
    throw new UsageError(`--${option}=${file} ${reason}`, { cause });
  };
  try {
    const { isFile, isDirectory, size } = await Deno.stat(file);
    if (!isFile && !isDirectory) refuse("is no file that can be read again");
    if (size > mostBytes) refuse(`has more than ${mostBytes / 1024 / 1024} MiB`);
    return await Deno.readFile(file);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    return refuse(unreadable(error, file), error);
  }
}
