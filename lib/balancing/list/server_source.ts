/**
 * The sources of servers: entries on the command line, lists that can be read again, and DNS.
 *
 * @module
 */

import { UsageError } from "../../cli/command.ts";
import { canonicalAddress } from "../../http/ip_address.ts";
import { DnsCache, type LookupProblem } from "./dns_cache.ts";
import { ServerListError } from "./endpoint.ts";
import {
  type BuiltInList,
  type DnsEntry,
  type Entry,
  type ListOrigin,
  parseEntry,
  readListText,
} from "./list_text.ts";
import type { Resolver } from "./resolver.ts";
import { listedAnew, type Server } from "./server.ts";

/** The servers at some time. */
export interface Listing extends MergedServers {
  /** Problems with entries that are looked up, at most one for each. */
  readonly problems: readonly LookupProblem[];
}

/** A list that cannot be read again. */
export interface UnreadList {
  /** Its path as typed, or `standard input`. */
  readonly name: string;
  /** Standard input and pipes can be read once; an import is part of the program. */
  readonly origin: Exclude<ListOrigin, "file">;
}

/** Which lists were read again. */
export interface Reloaded {
  readonly read: readonly string[];
  /** Those that cannot be read again. */
  readonly unread: readonly UnreadList[];
}

/** One SERVER operand. */
interface Source {
  readonly operand: string;
  /** Undefined for an entry. */
  readonly origin: ListOrigin | undefined;
  readonly entries: readonly Entry[];
}

/** The list of servers, whose files may be read again and whose names may be looked up again. */
export class ServerSource {
  readonly #builtIn: BuiltInList;
  readonly #names: DnsCache;
  /** Replaced whole, never changed in place. */
  #sources: readonly Source[];

  private constructor(sources: readonly Source[], builtIn: BuiltInList, resolver: Resolver) {
    this.#sources = sources;
    this.#builtIn = builtIn;
    this.#names = new DnsCache(resolver);
  }

  /**
   * Reads all lists; looks nothing up yet.
   *
   * @param operands entries, files of lists, and `-` for a list on standard input
   * @throws {UsageError} if a list cannot be read or has a mistake, or all are empty
   */
  static async open(
    operands: readonly string[],
    builtIn: BuiltInList,
    resolver: Resolver,
  ): Promise<ServerSource> {
    if (operands.length === 0) throw new UsageError("no SERVER is given: name one as host:port");
    if (operands.filter((operand) => operand === "-").length > 1) {
      throw new UsageError("- is given twice, but there is one standard input");
    }
    const sources = await readAll(operands.map((operand) => readSource(operand, builtIn)));
    return new ServerSource(sources, builtIn, resolver);
  }

  /** Whether any entry is looked up in DNS. */
  get isDynamic(): boolean {
    return this.#sources.some(({ entries }) => entries.some(({ kind }) => kind !== "server"));
  }

  /**
   * Reads the files again. Names that are still listed keep their remembered answers.
   *
   * @throws {UsageError} as `open()`; then all lists stay as they were
   */
  async reload(): Promise<Reloaded> {
    const sources = await readAll(
      this.#sources.map((source) =>
        source.origin === "file" ? readSource(source.operand, this.#builtIn, false) : source
      ),
    );
    this.#sources = sources;
    this.#names.retain(entriesOf(sources).filter(isLookedUp));
    const unread = sources.flatMap(({ operand, origin }) => {
      if (origin === undefined || origin === "file") return [];
      return [{ name: operand === "-" ? "standard input" : operand, origin }];
    });
    const files = sources.filter(({ origin }) => origin === "file");
    return { read: files.map(({ operand }) => operand), unread };
  }

  /**
   * Looks up all names and returns the servers. Begins again if the files were read meanwhile, so
   * that an old list never follows a new one. A name without an answer keeps its servers, and has a
   * problem. Never rejects.
   */
  async servers(): Promise<Listing> {
    for (;;) {
      const sources = this.#sources;
      const entries = entriesOf(sources).filter(isLookedUp);
      const byText = new Map(entries.map((entry) => [entry.text, entry]));
      const problems = await this.#names.lookUp([...byText.values()]);
      if (sources === this.#sources) return { ...this.remembered(), problems };
    }
  }

  /** The servers without lookups: names have those of their last answer. */
  remembered(): MergedServers {
    return mergeServers(
      entriesOf(this.#sources).flatMap((entry) =>
        entry.kind === "server" ? [listedAnew(entry.server)] : this.#names.remembered(entry)
      ),
    );
  }
}

/** Waits for all sources. @throws {UsageError} for a mistake in one, or if all are empty */
async function readAll(reading: readonly (Source | Promise<Source>)[]): Promise<Source[]> {
  try {
    const sources = await Promise.all(reading);
    if (entriesOf(sources).length > 0) return sources;
    const operands = sources.map(({ operand }) => operand);
    throw new UsageError(`${operands.join(", ")}: there is no server in the list`);
  } catch (error) {
    if (!(error instanceof ServerListError)) throw error;
    throw new UsageError(error.message, { cause: error });
  }
}

async function readSource(
  operand: string,
  builtIn: BuiltInList,
  mayBePipe = true,
): Promise<Source> {
  if (looksLikeServer(operand)) {
    return { operand, origin: undefined, entries: [parseEntry(operand)] };
  }
  const { text, origin } = await readListText(operand, builtIn, mayBePipe);
  const name = operand === "-" ? "standard input" : operand;
  return { operand, origin, entries: parseServerList(text, name) };
}

function entriesOf(sources: readonly Source[]): Entry[] {
  return sources.flatMap(({ entries }) => entries);
}

function isLookedUp(entry: Entry): entry is DnsEntry {
  return entry.kind !== "server";
}

/** Several lists joined into one. */
export interface MergedServers {
  /** Each server once, in the order of its first mention. */
  readonly servers: readonly Server[];
  /** Each further mention in a list; not those by DNS. */
  readonly duplicates: readonly Server[];
}

/**
 * Parses a list of one entry a line, however lines end. `#` starts a comment; blank lines, and white
 * space around an entry, are ignored.
 *
 * @param source the name of the list in errors
 * @throws {ServerListError} for the first malformed line, as `SOURCE:LINE: reason`
 */
export function parseServerList(text: string, source: string): Entry[] {
  const entries: Entry[] = [];
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries()) {
    // trim() also removes a byte order mark.
    const entry = line.replace(/#.*/s, "").trim();
    if (entry === "") continue;
    try {
      entries.push(parseEntry(entry));
    } catch (error) {
      if (!(error instanceof ServerListError)) throw error;
      throw new ServerListError(`${source}:${index + 1}: ${error.message}`, { cause: error });
    }
  }
  return entries;
}

/** Identifies where a server is tested, however it is spelled; a list keeps one server for each. */
function endpointKey({ hostname, port }: Server): string {
  return `${canonicalAddress(hostname) ?? hostname} ${port}`;
}

/**
 * Joins servers in order; the options of the first mention count. A server in a list replaces the
 * same one found in DNS.
 */
export function mergeServers(mentions: Iterable<Server>): MergedServers {
  const byPlace = new Map<string, Server>();
  const duplicates: Server[] = [];
  for (const server of mentions) {
    const place = endpointKey(server);
    const isListed = server.foundBy === undefined;
    const other = byPlace.get(place);
    if (other === undefined || (isListed && other.foundBy !== undefined)) {
      byPlace.set(place, server);
    } else if (isListed) duplicates.push(server);
  }
  return { servers: [...byPlace.values()], duplicates };
}

/**
 * Whether a SERVER operand is meant as an entry, well-formed or not: it is a URL, or has a colon
 * and no slash or backslash. Otherwise it names a file with a list, or is `-`.
 */
export function looksLikeServer(argument: string): boolean {
  return argument.includes("://") || (argument.includes(":") && !/[/\\]/.test(argument));
}
