/**
 * From the text of a list to the servers of the farm. Every refusal quotes what was written and
 * says what to write instead.
 *
 * @module
 */

import { parseServer, type Server } from "./server.ts";
import { ServerListError } from "./server_list_error.ts";

/** Several lists joined into one. */
export interface MergedServers {
  /** Each server once, in the order of its first mention. */
  readonly servers: readonly Server[];
  /** Each further mention of a server. */
  readonly duplicates: readonly Server[];
}

/**
 * Reads a list with one server a line. `#` starts a comment, blank lines are skipped, and white
 * space around an entry, a carriage return included, means nothing.
 *
 * @param source what the list is called in errors, such as its file name.
 * @throws {ServerListError} for the first bad line, as `SOURCE:LINE: reason`.
 */
export function parseServerList(text: string, source: string): Server[] {
  const servers: Server[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    // trim() also takes away a byte order mark.
    const entry = line.replace(/#.*/s, "").trim();
    if (entry === "") continue;
    try {
      servers.push(parseServer(entry));
    } catch (error) {
      if (!(error instanceof ServerListError)) throw error;
      throw new ServerListError(`${source}:${index + 1}: ${error.message}`, { cause: error });
    }
  }
  return servers;
}

/** Joins lists in order. Two entries are the same server when they are probed at the same place. */
export function mergeServers(lists: readonly (readonly Server[])[]): MergedServers {
  const byPlace = new Map<string, Server>();
  const duplicates: Server[] = [];
  for (const server of lists.flat()) {
    const place = `${server.hostname} ${server.port}`;
    if (byPlace.has(place)) duplicates.push(server);
    else byPlace.set(place, server);
  }
  return { servers: [...byPlace.values()], duplicates };
}

/**
 * Whether a command-line SERVER is meant as a server, well written or not: it is a URL, or has a
 * colon and no slash or backslash. Otherwise it names a file that holds a list, or is `-` for
 * standard input.
 */
export function looksLikeServer(argument: string): boolean {
  return argument.includes("://") || (argument.includes(":") && !/[/\\]/.test(argument));
}
