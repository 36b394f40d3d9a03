/**
 * Looks up the names of a list in DNS, and remembers the answers (SRV: RFC 2782).
 *
 * @module
 */

import { type Endpoint, isAddress, parseEndpoint, quote, ServerListError } from "./endpoint.ts";
import type { AddressEntry, DnsEntry, SrvEntry } from "./list_text.ts";
import type { Answer, Resolver } from "./resolver.ts";
import { foundServer, type Server } from "./server.ts";

/** A problem with an entry that is looked up. */
export interface LookupProblem {
  /** The entry without its options. */
  readonly entry: string;
  /** In words, to follow the entry and a colon. */
  readonly reason: string;
}

/** The addresses of a name by kind. */
interface Addresses {
  readonly v4: readonly string[];
  readonly v6: readonly string[];
}

const NO_ADDRESSES: Addresses = { v4: [], v6: [] };

/** The most lookups at a time. */
const LOOKUPS_AT_ONCE = 16;

/** The most servers of one entry; further ones are left out. */
const MOST_SERVERS = 10_000;

/** Looks up the names of entries, and remembers for each the latest answer that named a server. */
export class DnsCache {
  readonly #resolver: Resolver;
  readonly #addresses = new Map<string, Addresses>();
  readonly #targets = new Map<string, readonly SrvTarget[]>();

  constructor(resolver: Resolver) {
    this.#resolver = resolver;
  }

  /**
   * Looks up all entries, a few at a time. Never rejects.
   *
   * @returns their problems, at most one for each
   */
  async lookUp(entries: readonly DnsEntry[]): Promise<LookupProblem[]> {
    const problems = new Map<DnsEntry, LookupProblem>();
    const waiting = entries.values();
    const work = async () => {
      for (const entry of waiting) {
        const reasons = entry.kind === "srv"
          ? await this.#lookUpServices(entry)
          : await this.#lookUpAddresses(entry);
        const { length } = this.#named(entry);
        if (length > MOST_SERVERS) {
          reasons.unshift(`${length} servers are named; the first ${MOST_SERVERS} count`);
        }
        if (reasons.length > 0) {
          problems.set(entry, { entry: entry.text, reason: summaryOf(reasons) });
        }
      }
    };
    await Promise.all(Array.from({ length: LOOKUPS_AT_ONCE }, work));
    return entries.flatMap((entry) => problems.get(entry) ?? []);
  }

  /** The servers of an entry, each once, in an order independent of that of the answer. */
  remembered(entry: DnsEntry): readonly Server[] {
    return this.#named(entry).slice(0, MOST_SERVERS);
  }

  #named(entry: DnsEntry): Server[] {
    if (entry.kind === "srv") return srvServers(entry, this.#targets.get(entry.name) ?? []);
    const { v4, v6 } = this.#addresses.get(entry.name) ?? NO_ADDRESSES;
    return [...v4, ...v6.map((address) => `[${address}]`)].map((host) =>
      foundServer(parseEndpoint(`${host}:${entry.port}`), entry.options, entry.text)
    );
  }

  /** Forgets the names of all other entries. */
  retain(entries: readonly DnsEntry[]): void {
    for (const [kind, known] of [["srv", this.#targets], ["dns", this.#addresses]] as const) {
      const names = new Set(
        entries.filter((entry) => entry.kind === kind).map(({ name }) => name),
      );
      for (const name of [...known.keys()]) if (!names.has(name)) known.delete(name);
    }
  }

  /** Looks up the targets of a service. @returns its problems */
  async #lookUpServices(entry: SrvEntry): Promise<string[]> {
    const answer = await this.#resolver.srv(entry.name);
    const { targets, reasons } = srvTargets(answer.kind === "records" ? answer.records : []);
    if (targets.length > 0) {
      this.#targets.set(entry.name, targets);
      return reasons;
    }
    const why = reasons.length > 0 ? summaryOf(reasons) : whyNone([answer], "no SRV record");
    return [withoutAnswer(why, this.remembered(entry))];
  }

  /**
   * Looks up the addresses of a name. A kind without an answer keeps its addresses; that is no
   * problem if the other kind was answered.
   *
   * @returns its problems
   */
  async #lookUpAddresses(entry: AddressEntry): Promise<string[]> {
    const { name } = entry;
    const [v4, v6] = await Promise.all([this.#resolver.a(name), this.#resolver.aaaa(name)]);
    const isAnswered = v4.kind === "records" || v6.kind === "records";
    if (!isAnswered) {
      return [withoutAnswer(whyNone([v4, v6], "no address"), this.remembered(entry))];
    }
    const known = this.#addresses.get(name) ?? NO_ADDRESSES;
    this.#addresses.set(name, { v4: latest(v4, known.v4), v6: latest(v6, known.v6) });
    return [];
  }
}

/** Each address once, sorted. */
function latest(answer: Answer<string>, known: readonly string[]): readonly string[] {
  if (answer.kind === "records") return [...new Set(answer.records)].sort();
  return answer.kind === "none" ? [] : known;
}

function whyNone(answers: readonly Answer<unknown>[], none: string): string {
  const failed = answers.find(({ kind }) => kind === "failed");
  return failed?.kind === "failed" ? failed.reason : `the name has ${none}`;
}

function withoutAnswer(why: string, { length }: readonly Server[]): string {
  if (length === 0) return `${why}, and no server is known from before`;
  const kept = length === 1
    ? "the server known from before stays"
    : `the ${length} servers known from before stay`;
  return `${why}; ${kept}`;
}

/** All problems in one line. */
function summaryOf([first = "", ...others]: readonly string[]): string {
  return others.length === 0 ? first : `${first} (and ${others.length} more)`;
}

/** A server in an SRV record. */
export interface SrvTarget extends Endpoint {
  /** 0 to 65535; comparable only within an answer. */
  readonly priority: number;
  /** 0 to 65535; relative to others of the same priority. */
  readonly weight: number;
}

/** The least part of its entry's weight that a server gets: weight 0 means a very small chance. */
const LEAST_SHARE = 0.01;

/**
 * The servers in SRV records, each once, by priority, then by authority, and why records are left
 * out. Of several records for one server, that of the best rank counts.
 */
export function srvTargets(
  records: readonly Deno.SrvRecord[],
): { readonly targets: readonly SrvTarget[]; readonly reasons: string[] } {
  const targets = new Map<string, SrvTarget>();
  const reasons = new Set<string>();
  for (const record of records) {
    const target = parseTarget(record);
    if (typeof target === "string") {
      reasons.add(target);
      continue;
    }
    const other = targets.get(target.authority);
    if (other === undefined || compareRank(target, other) < 0) {
      targets.set(target.authority, target);
    }
  }
  const sorted = [...targets.values()].sort((a, b) =>
    a.priority - b.priority || (a.authority < b.authority ? -1 : 1)
  );
  return { targets: sorted, reasons: [...reasons] };
}

/**
 * Makes the servers of an SRV entry. The weight of the entry is what a server gets on average; the
 * lowest priority of the answer becomes that of the entry, the next one is 1 more, and so on.
 */
export function srvServers(entry: SrvEntry, targets: readonly SrvTarget[]): Server[] {
  const byPriority = Map.groupBy(targets, ({ priority }) => priority);
  const priorities = [...byPriority.keys()].sort((a, b) => a - b);
  return priorities.flatMap((answered, rank) => {
    const equals = byPriority.get(answered)!;
    const sum = equals.reduce((sum, { weight }) => sum + weight, 0);
    const priority = entry.options.priority + rank;
    return equals.map(({ hostname, port, authority, weight }) => {
      const share = sum === 0 ? 1 : Math.max(LEAST_SHARE, weight * equals.length / sum);
      const options = { ...entry.options, weight: entry.options.weight * share, priority };
      return foundServer({ hostname, port, authority }, options, entry.text);
    });
  });
}

/** A server, or in words why the record names none. */
function parseTarget({ target, port, priority, weight }: Deno.SrvRecord): SrvTarget | string {
  if (target === ".") return 'a record says by the target "." that there is no such service';
  if (port === 0) return `a record is left out, since its target ${quote(target)} has the port 0`;
  const text = `${target.replace(/\.$/, "")}:${port}`;
  try {
    const endpoint = parseEndpoint(text);
    if (!isAddress(endpoint.hostname)) return { ...endpoint, priority, weight };
  } catch (error) {
    if (!(error instanceof ServerListError)) throw error;
  }
  return `a record is left out, since its target ${quote(target)} is no valid host name`;
}

function compareRank(a: SrvTarget, b: SrvTarget): number {
  return a.priority - b.priority || b.weight - a.weight;
}
