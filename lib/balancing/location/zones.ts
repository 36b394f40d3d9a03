/**
 * Zones of clients by rules, `CIDR zone` a line: the rule with the longest prefix counts.
 *
 * @module
 */

import { setImmediate as turn } from "node:timers/promises";
import ipaddr from "ipaddr.js";
import { quote, ServerListError } from "../list/endpoint.ts";
import { isZone, ZONE_NAMES } from "../list/place.ts";

/** An address in 32-bit words, the most significant first: one for IPv4, four for IPv6. */
export type AddressWords = readonly number[];

const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;

/** Six groups, and the rest as IPv4. */
const LONGEST_IPV6 = "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255".length;

/** An address that was parsed. */
export interface ParsedAddress {
  readonly words: AddressWords;
  /** Without a zone id, and not mapped to IPv6. */
  readonly text: string;
}

/**
 * Parses an address, IPv6 without brackets. One that is mapped to IPv6 (RFC 4291 §2.5.5.2) is taken
 * for IPv4.
 *
 * @returns undefined if it is none
 */
export function parseAddress(text: string): ParsedAddress | undefined {
  if (!text.includes(":")) {
    const words = parseIpv4(text);
    return words && { words, text };
  }
  // A zone id, as of link-local peers, says on which interface, not where.
  const withoutId = text.replace(/%.*/s, "");
  const address = parseIpv6(withoutId);
  if (!address?.isIPv4MappedAddress()) {
    return address && { words: wordsOf(address), text: withoutId };
  }
  return parseAddress(address.toIPv4Address().toString());
}

/** Without a zone id. */
function parseIpv6(text: string): ipaddr.IPv6 | undefined {
  if (text.length > LONGEST_IPV6 || text.includes("%")) return undefined;
  try {
    return ipaddr.IPv6.parse(text);
  } catch {
    return undefined;
  }
}

/** No octet has leading zeros, which some take for octal. */
function parseIpv4(text: string): AddressWords | undefined {
  const octets = IPV4.exec(text)?.slice(1);
  if (octets === undefined) return undefined;
  let word = 0;
  for (const octet of octets) {
    const number = Number(octet);
    if (number > 255 || (octet.length > 1 && octet.startsWith("0"))) return undefined;
    word = word * 256 + number;
  }
  return [word];
}

function wordsOf({ parts }: ipaddr.IPv6): AddressWords {
  return [0, 2, 4, 6].map((i) => parts[i]! * 65_536 + parts[i + 1]!);
}

/** A rule: the addresses of a network are in a zone. */
interface Rule {
  /** The first address. */
  readonly first: AddressWords;
  readonly prefixLength: number;
  readonly zone: string;
  /** From 1. */
  readonly line: number;
}

/** Lines that are parsed without a pause, in about 5 ms. */
const LINES_AT_ONCE = 1000;

/** The rules of a file. */
export class ZoneTable {
  /** The zones of all rules. */
  readonly zones: ReadonlySet<string>;
  readonly rules: number;
  readonly #ipv4: RangeTable;
  readonly #ipv6: RangeTable;

  /** @param rules in the order of `byOrder`, no two for one network with different zones */
  private constructor(rules: readonly Rule[]) {
    this.rules = rules.length;
    this.zones = new Set(rules.map(({ zone }) => zone));
    this.#ipv4 = new RangeTable(rules.filter(({ first }) => first.length === 1), 1);
    this.#ipv6 = new RangeTable(rules.filter(({ first }) => first.length === 4), 4);
  }

  /**
   * Parses rules, and lets other work go on now and then. `#` starts a comment; blank lines and
   * white space around a rule are ignored. Two rules for one network must give the same zone.
   *
   * @param source the name of the file in errors
   * @throws {ServerListError} for the first malformed line, or else the first network that is given
   *     another zone, as `SOURCE:LINE: reason`
   */
  static async parse(text: string, source: string): Promise<ZoneTable> {
    const rules: Rule[] = [];
    for (const [index, wholeLine] of text.split("\n").entries()) {
      const entry = wholeLine.replace(/#.*/s, "").trim();
      if (entry === "") continue;
      const line = index + 1;
      if (line % LINES_AT_ONCE === 0) await turn();
      rules.push(parseRule(entry, line, (reason) => {
        throw new ServerListError(`${source}:${line}: ${quote(entry)} ${reason}`);
      }));
    }
    rules.sort(byOrder);
    const contradiction = firstContradiction(rules);
    if (contradiction === undefined) return new ZoneTable(rules);
    const [{ line: before, zone: other }, { line, zone }] = contradiction;
    const reason = `gives the zone ${zone} to the network of line ${before}, which has ${other}`;
    throw new ServerListError(`${source}:${line}: ${reason}`);
  }

  /** The zone of an address; undefined if no rule holds it. */
  zoneOf(address: AddressWords): string | undefined {
    return (address.length === 1 ? this.#ipv4 : this.#ipv6).find(address);
  }
}

type Fail = (reason: string) => never;

/** The first rule, by its line, for a network that has another zone already, and that one before. */
function firstContradiction(rules: readonly Rule[]): readonly [Rule, Rule] | undefined {
  let found: readonly [Rule, Rule] | undefined;
  for (let i = 1; i < rules.length; i++) {
    const [before, rule] = [rules[i - 1]!, rules[i]!];
    const isContradiction = rule.zone !== before.zone &&
      rule.prefixLength === before.prefixLength && rule.first.length === before.first.length &&
      compareAt(rule.first, 0, before.first) === 0;
    if (isContradiction && rule.line < (found?.[1].line ?? Infinity)) found = [before, rule];
  }
  return found;
}

function parseRule(entry: string, line: number, fail: Fail): Rule {
  const [cidr = "", zone, ...others] = entry.split(/[ \t]+/);
  if (zone === undefined) return fail("has no zone: write it as in 192.0.2.0/24 campus");
  if (others.length > 0) fail("has more than a network and a zone");
  const network = parseNetwork(cidr, fail);
  if (!isZone(zone)) fail(`has the zone ${quote(zone)}: write ${ZONE_NAMES}`);
  return { ...network, zone, line };
}

function parseNetwork(text: string, fail: Fail): Pick<Rule, "first" | "prefixLength"> {
  const [, addressText = text, digits] = /^([^/]*)\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
  const prefixLength = Number(digits);
  const address = addressText.includes(":") ? parseIpv6(addressText) : parseIpv4(addressText);
  const bits = address instanceof ipaddr.IPv6 ? 128 : 32;
  if (address === undefined || prefixLength > bits) {
    return fail(`has ${quote(text)}, which is no network such as 192.0.2.0/24 or 2001:db8::/32`);
  }
  if (digits === undefined) fail(`has no prefix length: write ${text}/${bits} for one address`);
  if (address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() && prefixLength >= 96) {
    const ipv4 = `${address.toIPv4Address()}/${prefixLength - 96}`;
    fail(`has IPv4 addresses that are mapped to IPv6: write ${ipv4}`);
  }
  const first = address instanceof ipaddr.IPv6 ? wordsOf(address) : address;
  if (!first.every((word, index) => hasNoBitsAfter(prefixLength - 32 * index, word))) {
    const kind = bits === 32 ? ipaddr.IPv4 : ipaddr.IPv6;
    const network = kind.networkAddressFromCIDR(text);
    fail(`has bits set behind its prefix: write ${network}/${prefixLength}`);
  }
  return { first, prefixLength };
}

function hasNoBitsAfter(bits: number, word: number): boolean {
  return bits >= 32 || word % 2 ** (32 - Math.max(0, bits)) === 0;
}

/** Zones of disjoint ranges of addresses, found by binary search. */
class RangeTable {
  /** Words of an address. */
  readonly #size: number;
  /** The first addresses of the ranges, ascending; each reaches to the next one. */
  readonly #starts: Uint32Array;
  /** Indices of their zones; the first one means none. */
  readonly #zoneIndices: Uint32Array;
  readonly #zones: readonly (string | undefined)[];

  constructor(rules: readonly Rule[], size: number) {
    this.#size = size;
    this.#zones = [undefined, ...new Set(rules.map(({ zone }) => zone))];
    const indices = new Map(this.#zones.map((zone, index) => [zone, index]));
    const starts: number[] = [];
    const zoneIndices: number[] = [];
    for (const { start, zone } of rangesOf(rules)) {
      if (zoneIndices.length > 0 && compareAt(starts, starts.length - size, start) === 0) {
        starts.length -= size;
        zoneIndices.length--;
      }
      const index = indices.get(zone)!;
      if (index === (zoneIndices.at(-1) ?? 0)) continue;
      starts.push(...start);
      zoneIndices.push(index);
    }
    this.#starts = Uint32Array.from(starts);
    this.#zoneIndices = Uint32Array.from(zoneIndices);
  }

  find(address: AddressWords): string | undefined {
    let low = 0;
    let high = this.#zoneIndices.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareAt(this.#starts, middle * this.#size, address) <= 0) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? undefined : this.#zones[this.#zoneIndices[low - 1]!];
  }
}

/** Addresses in one zone, or in none, up to the next range. */
interface Range {
  readonly start: AddressWords;
  readonly zone: string | undefined;
}

/**
 * The ranges of networks, ascending; of several that start at the same address the last counts.
 * Networks either hold each other or are disjoint, so a stack of those that are open will do.
 */
function* rangesOf(rules: readonly Rule[]): Generator<Range> {
  /** From the outermost, each with the first address behind it; undefined for the end. */
  const open: { readonly zone: string; readonly end: AddressWords | undefined }[] = [];
  for (const { first, prefixLength, zone } of rules) {
    for (let end = open.at(-1)?.end; end && compareAt(first, 0, end) >= 0;) {
      open.pop();
      yield { start: end, zone: open.at(-1)?.zone };
      end = open.at(-1)?.end;
    }
    yield { start: first, zone };
    open.push({ zone, end: endOf(first, prefixLength) });
  }
  for (let last = open.pop(); last?.end !== undefined; last = open.pop()) {
    yield { start: last.end, zone: open.at(-1)?.zone };
  }
}

/** Compares the address that begins at an index with another one: negative if it is lower. */
function compareAt(words: ArrayLike<number>, index: number, address: AddressWords): number {
  for (let i = 0; i < address.length; i++) {
    const difference = words[index + i]! - address[i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * Networks of IPv4 before those of IPv6, by their first addresses; of equal ones the larger network
 * first, then the line.
 */
function byOrder(a: Rule, b: Rule): number {
  return a.first.length - b.first.length || compareAt(a.first, 0, b.first) ||
    a.prefixLength - b.prefixLength || a.line - b.line;
}

/** The first address behind a network; undefined if it reaches to the last one. */
function endOf(first: AddressWords, prefixLength: number): AddressWords | undefined {
  const end = [...first];
  let carry = 2 ** (31 - ((prefixLength + 31) & 31));
  for (let i = Math.ceil(prefixLength / 32) - 1; i >= 0; i--) {
    const sum = end[i]! + carry;
    end[i] = sum % 2 ** 32;
    if (sum < 2 ** 32) return end;
    carry = 1;
  }
  return undefined;
}
