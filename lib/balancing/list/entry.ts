import { type DnsEntry, looksLikeDnsEntry, parseDnsEntry } from "./dns_entry.ts";
import { parseServer, type Server } from "./server.ts";

/** A server that is listed itself. */
export interface ServerEntry {
  /** Tells it apart. */
  readonly kind: "server";
  /** The server. */
  readonly server: Server;
}

/** One entry of a list: a server, or what is looked up in DNS to find some. */
export type Entry = ServerEntry | DnsEntry;

/**
 * Reads one entry, as `parseServer()` or `parseDnsEntry()` has it.
 *
 * @throws {ServerListError} when the text is anything else
 */
export function parseEntry(text: string): Entry {
  if (looksLikeDnsEntry(text)) return parseDnsEntry(text);
  return { kind: "server", server: parseServer(text) };
}
