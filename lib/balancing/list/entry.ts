/**
 * Parses the entries of a list: servers, and names that are looked up in DNS,
 * `srv:_name._tcp.domain` or `dns:name:port`.
 *
 * @module
 */

import { isAddress, isHostName, looksLikeUrl, parseEndpoint, quote, refuse } from "./endpoint.ts";
import {
  parseServer,
  parseServerOptions,
  type Server,
  type ServerOptions,
  wordsOf,
} from "./server.ts";

/** A server that is listed itself. */
export interface ServerEntry {
  /** Discriminates the union. */
  readonly kind: "server";
  /** The server. */
  readonly server: Server;
}

/** One entry of a list. */
export type Entry = ServerEntry | DnsEntry;

/**
 * Parses one entry, as `parseServer()` or `parseDnsEntry()` has it.
 *
 * @throws {ServerListError} if the text is malformed
 */
export function parseEntry(text: string): Entry {
  if (looksLikeDnsEntry(text)) return parseDnsEntry(text);
  return { kind: "server", server: parseServer(text) };
}

/** What both kinds of DNS entries have. */
export interface LookedUp {
  /** The entry without its options, in lower case. */
  readonly text: string;
  /** The name to look up. A dot at its end is kept, to exclude search domains. */
  readonly name: string;
  /** The options of each server that is found. */
  readonly options: ServerOptions;
}

/** Each SRV record of the name is a server (RFC 2782). */
export interface SrvEntry extends LookedUp {
  /** Discriminates the union. */
  readonly kind: "srv";
}

/** Each A and AAAA record of the name is a server. */
export interface AddressEntry extends LookedUp {
  /** Discriminates the union. */
  readonly kind: "dns";
  /** The port of each. */
  readonly port: number;
}

/** An entry by which servers are found in DNS. */
export type DnsEntry = SrvEntry | AddressEntry;

/** Not followed by a port alone, which belongs to a server named `srv` or `dns`. */
const PREFIX = /^(srv|dns):(?!\d+(?:[=, \t]|$))/i;

/** The service, the protocol and the domain. */
const SRV_NAME = /^_[a-z\d][^.]*\._[a-z\d][^.]*\.[^.]/;

/** Whether an entry is meant to be looked up in DNS. */
export function looksLikeDnsEntry(text: string): boolean {
  return PREFIX.test(text);
}

/**
 * Parses a DNS entry: what is looked up, then maybe options, as those of a server.
 *
 * @param text one that `looksLikeDnsEntry()` accepts
 * @throws {ServerListError} if the text is malformed
 */
export function parseDnsEntry(text: string): DnsEntry {
  const [first = "", ...others] = wordsOf(text);
  if (first.includes("=") || looksLikeUrl(others[0] ?? "")) {
    refuse(text, "has a URL for clients, which all servers found by it would share: leave it off");
  }
  const colon = first.indexOf(":");
  const asked = first.slice(colon + 1).toLowerCase();
  if (asked.startsWith("//")) refuse(text, 'is written like a URL: leave "//" off');
  const options = parseServerOptions(others, text);
  if (first.slice(0, colon).toLowerCase() === "srv") {
    return { kind: "srv", text: `srv:${asked}`, name: parseSrvName(asked, text), options };
  }
  const { hostname, port } = parseNameAndPort(asked, text);
  return { kind: "dns", text: `dns:${hostname}:${port}`, name: hostname, options, port };
}

function parseSrvName(name: string, whole: string): string {
  if (name === "") refuse(whole, "names nothing: write it as in srv:_http._tcp.example.org");
  if (name.includes(":")) refuse(whole, "has a port, which SRV records tell: leave it off");
  if (!SRV_NAME.test(name)) {
    refuse(whole, "has no service and protocol: write it as in srv:_http._tcp.example.org");
  }
  if (!isHostName(name)) refuse(whole, `has ${quote(name)}, which is no valid name in DNS`);
  return name;
}

function parseNameAndPort(text: string, whole: string): { hostname: string; port: number } {
  if (text === "") refuse(whole, "names nothing: write it as in dns:files.example.org:8000");
  if (!text.includes(":")) {
    refuse(whole, `has no port: write it as in ${quote(`dns:${text}:8000`)}`);
  }
  const endpoint = parseEndpoint(text, whole);
  if (isAddress(endpoint.hostname)) {
    refuse(whole, 'has an address, which is not looked up: leave "dns:" off');
  }
  return endpoint;
}
