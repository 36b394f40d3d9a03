/**
 * From the text of a list to the servers of the farm. Every refusal quotes what was written and
 * says what to write instead.
 *
 * @module
 */

import { type Entry, parseEntry } from "./entry.ts";
import type { Server } from "./server.ts";
import { ServerListError } from "./server_list_error.ts";

/** Several lists joined into one. */
export interface MergedServers {
  /** Each server once, in the order of its first mention. */
  readonly servers: readonly Server[];
  /** Each further mention of a server in a list; that DNS names one again is none. */
  readonly duplicates: readonly Server[];
}

/**
 * Reads a list with one entry a line. `#` starts a comment, blank lines are skipped, and white
 * space around an entry, a carriage return included, means nothing.
 *
 * @param source what the list is called in errors, such as its file name.
 * @throws {ServerListError} for the first bad line, as `SOURCE:LINE: reason`.
 */
export function parseServerList(text: string, source: string): Entry[] {
  const entries: Entry[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    // trim() also takes away a byte order mark.
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

/** Where a server is tested, as text, of which a list keeps one. */
function endpointKey({ hostname, port }: Server): string {
  return `${hostname} ${port}`;
}

/** Joins servers in order. What a list says of a server counts more than what DNS says. */
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
 * Whether a command-line SERVER is meant as an entry, well written or not: it is a URL, or has a
 * colon and no slash or backslash. Otherwise it names a file that holds a list, or is `-` for
 * standard input.
 */
export function looksLikeServer(argument: string): boolean {
  return argument.includes("://") || (argument.includes(":") && !/[/\\]/.test(argument));
}
