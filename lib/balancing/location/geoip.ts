/**
 * Countries of addresses by a database in MaxMind's format (MaxMind DB 2.0).
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { Reader, type Response } from "mmdb-lib";
import { UsageError } from "../../cli/command.ts";
import { quote } from "../list/endpoint.ts";
import { type Continent, continentOf, isContinent } from "../list/place.ts";
import { checkValue, type Section } from "./mmdb_limits.ts";

/** What a database says of an address; what it does not say is absent. */
export interface CountryRecord {
  /** ISO 3166-1 alpha-2, in lower case. */
  readonly country?: string;
  readonly continent?: Continent;
}

const NOTHING: CountryRecord = {};

/** Ends the data; the metadata follows. */
const MARKER = Buffer.from("\xAB\xCD\xEFMaxMind.com", "latin1");

const MOST_METADATA_BYTES = 128 * 1024;

/** Zero bytes between the search tree and the data. */
const SEPARATOR_BYTES = 16;

/** A database of countries or cities, in memory. */
export class GeoIp {
  /** Its type and the day on which it was built, such as `"GeoLite2-Country" of 2026-11-20`. */
  readonly description: string;
  readonly #reader: Reader<Response>;
  readonly #records: RecordCache;
  readonly #isIpv6: boolean;
  readonly #onDamage: (reason: string) => void;
  #isDamaged = false;

  /**
   * Opens a database, and looks some addresses up.
   *
   * @param bytes all of the file; kept
   * @param source how errors name it
   * @param onDamage called for the first record that cannot be read later
   * @throws {UsageError} if it is no such database, or knows no countries
   */
  constructor(
    bytes: Uint8Array<ArrayBuffer>,
    source: string,
    onDamage: (reason: string) => void,
  ) {
    const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const markerAt = data.lastIndexOf(MARKER);
    if (markerAt < 0 || data.length - markerAt > MOST_METADATA_BYTES) {
      throw new UsageError(`${source} is no database in MaxMind's format, or is cut off`);
    }
    try {
      checkMetadata(data, markerAt);
      this.#records = new RecordCache(data);
      this.#reader = new Reader<Response>(data, { cache: this.#records });
      this.#records.section = dataSectionOf(data, this.#reader.metadata, markerAt);
      this.#isIpv6 = this.#reader.metadata.ipVersion === 6;
      this.description = describe(this.#reader.metadata);
      this.#onDamage = onDamage;
      if (this.#knowsCountries()) return;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new UsageError(`${source} is damaged: ${oneLine(reason)}`, { cause: error });
    }
    throw new UsageError(`${source} is ${this.description}, which knows no countries`);
  }

  /**
   * What the database says of an address. Never throws.
   *
   * @param address without a zone id; an IPv4 address not mapped to IPv6
   */
  lookUp(address: string): CountryRecord {
    try {
      return this.#find(address) ?? NOTHING;
    } catch (error) {
      if (!this.#isDamaged) this.#onDamage(error instanceof Error ? error.message : String(error));
      this.#isDamaged = true;
      return NOTHING;
    }
  }

  /** Undefined if it does not know the address. */
  #find(address: string): CountryRecord | undefined {
    // mmdb-lib would take the beginning of an IPv6 address for an IPv4 address.
    if (!this.#isIpv6 && address.includes(":")) return undefined;
    this.#records.begin();
    return this.#records.end(this.#reader.get(address));
  }

  /** False if many addresses are known, but none has a country. */
  #knowsCountries(): boolean {
    const found = SAMPLES.map((address) => this.#find(address)).filter((it) => it !== undefined);
    return found.length < MANY_SAMPLES || found.some((it) => it !== NOTHING);
  }
}

/** A public database knows some 200 of the samples; one of a company may know few. */
const MANY_SAMPLES = 20;

/** Addresses of all big networks and of the five registries. */
const SAMPLES = Array.from({ length: 223 }, (_, index) => `${index + 1}.1.1.1`).concat(
  ["2001:200::1", "2001:4860::1", "2001:630::1", "2400:cb00::1", "2600::1", "2800:3f0::1"],
  ["2a00:1450::1", "2a01:4f8::1", "2c0f:fb50::1"],
);

/** Checks what mmdb-lib reads of the metadata, which it finds by the same marker. */
function checkMetadata(data: Uint8Array, markerAt: number): void {
  const start = markerAt + MARKER.length;
  // It looks backwards, and would pass over a marker that its own bytes follow, such as 0xEF.
  const isMap = data[start]! >> 5 === 7 && data[start] !== 0xef;
  if (!isMap) throw new RangeError("its metadata is unknown");
  checkValue(data, start, { start, end: data.length });
}

/** @throws {RangeError} if the sizes do not fit together */
function dataSectionOf(data: Uint8Array, metadata: Metadata, markerAt: number): Section {
  const { binaryFormatMajorVersion: version, ipVersion, nodeCount, searchTreeSize } = metadata;
  if (version !== 2) throw new RangeError(`its format has the version ${version}, not 2`);
  const start = searchTreeSize + SEPARATOR_BYTES;
  const isFit = (ipVersion === 4 || ipVersion === 6) && Number.isSafeInteger(nodeCount) &&
    nodeCount > 0 && start <= markerAt &&
    data.subarray(searchTreeSize, start).every((byte) => byte === 0);
  if (!isFit) throw new RangeError("its sizes do not fit together");
  return { start, end: markerAt };
}

type Metadata = Reader<Response>["metadata"];

function describe({ databaseType, buildEpoch }: Metadata): string {
  const day = Number.isNaN(buildEpoch.getTime()) ? "unknown age" : isoDay(buildEpoch);
  return `${quote(String(databaseType))} of ${day}`;
}

function isoDay(date: Date): string {
  return date.toISOString().slice(0, 10);
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ");
}

/** The most records that are remembered: those of countries are few, those of cities are not. */
const MOST_RECORDS = 20_000;

/**
 * Remembers what was found in each record, in place of mmdb-lib's own values. mmdb-lib asks for every
 * record here before it decodes it, and then for all that pointers in it lead to.
 */
class RecordCache {
  /** Where records are; none is read before it is set. */
  section: Section = { start: 0, end: 0 };
  readonly #data: Uint8Array;
  readonly #found = new Map<number, CountryRecord>();
  /** The record that is being decoded. */
  #decoded: number | undefined;

  constructor(data: Uint8Array) {
    this.#data = data;
  }

  /** A lookup begins. */
  begin(): void {
    this.#decoded = undefined;
  }

  /** @throws {RangeError} if the record should not be decoded */
  get(offset: number | string): { readonly value: CountryRecord } | undefined {
    if (this.#decoded !== undefined) return undefined;
    const found = this.#found.get(Number(offset));
    if (found !== undefined) return { value: found };
    checkValue(this.#data, Number(offset), this.section);
    this.#decoded = Number(offset);
    return undefined;
  }

  set(): void {}

  /** A lookup ends. @param value what mmdb-lib returned; null for nothing */
  end(value: unknown): CountryRecord | undefined {
    if (value === null) return undefined;
    if (this.#decoded === undefined) return value as CountryRecord; // From here.
    const record = countryRecordOf(value);
    if (this.#found.size >= MOST_RECORDS) this.#found.clear();
    this.#found.set(this.#decoded, record);
    return record;
  }
}

/**
 * Reads the shapes of MaxMind and DB-IP (`country.iso_code`), of ip-location-db (`country_code`), and
 * of IPinfo (`country_code` or `country`), and the same for continents.
 */
export function countryRecordOf(record: unknown): CountryRecord {
  const members = membersOf(record);
  const codes = [membersOf(members.country).iso_code, members.country_code, members.country];
  const country = codes.map(codeOf).find((code) => continentOf(code) !== undefined);
  const continents = [
    ...[membersOf(members.continent).code, members.continent_code, members.continent],
  ];
  const continent = continents.map(codeOf).find(isContinent) ?? continentOf(country ?? "");
  if (country === undefined && continent === undefined) return NOTHING;
  return { ...(country && { country }), ...(continent && { continent }) };
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
}

function codeOf(value: unknown): string {
  return typeof value === "string" && value.length === 2 ? value.toLowerCase() : "";
}
