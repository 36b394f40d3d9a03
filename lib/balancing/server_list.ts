/**
 * From text to the servers of the farm: one `host:port` or `[v6]:port`, or a list with one a line.
 * Every refusal quotes what was written and says what to write instead.
 *
 * @module
 */

/** Where one file server is to be reached. */
export interface Server {
  /** A lower-case name or address without brackets, as `Deno.connect` takes it. */
  readonly hostname: string;
  /** 1 to 65535. */
  readonly port: number;
  /** `host:port` or `[v6]:port`, lower-case, as it stands in a Location and in a Host field. */
  readonly authority: string;
}

/** Several lists joined into one. */
export interface MergedServers {
  /** Each server once, in the order of its first mention. */
  readonly servers: readonly Server[];
  /** Each further mention of a server. */
  readonly duplicates: readonly Server[];
}

/** A mistake in a server or a list of servers; the message is one line for the user. */
export class ServerListError extends Error {
  /** Tells it apart from other errors in a log. */
  override readonly name = "ServerListError";
}

const HIGHEST_PORT = 65535;
const LONGEST_QUOTE = 80;

/** One label of a host name: RFC 1123, and the underscore that container networks use. */
const LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?";
const HOST_NAME = new RegExp(`^(?=.{1,253}$)(?:${LABEL}\\.)*${LABEL}\\.?$`);

/** A URL parser takes every host that ends in a number for an IPv4 address, so clients would too. */
const ENDS_IN_NUMBER = /(?:^|\.)(?:\d+|0x[\da-f]*)\.?$/;
/** No leading zeros: some resolvers read them as octal. */
const IPV4_OCTET = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const IPV4 = new RegExp(`^(?:${IPV4_OCTET}\\.){3}${IPV4_OCTET}$`);

/** What is often written in place of `host:port`, and the reply; the first that matches counts. */
const COMMON_MISTAKES: readonly [RegExp, (found: string) => string][] = [
  [/^$/, () => "names no server: write host:port, or [address]:port for IPv6"],
  [/\s/, () => "holds white space: write one host:port"],
  [/^(?:[a-z][a-z\d+.-]*:)?\/\//i, (found) => `begins like a URL: leave ${quote(found)} off`],
  [/\/.*$/, (found) => `has a path: leave ${quote(found)} off`],
];

/**
 * Reads one server, `host:port` or `[v6]:port`. The host may be a name, an IPv4 address or, in
 * brackets, an IPv6 address; its spelling is kept, in lower case.
 *
 * @throws {ServerListError} when the text is anything else.
 */
export function parseServer(text: string): Server {
  for (const [pattern, reply] of COMMON_MISTAKES) {
    const found = pattern.exec(text);
    if (found) refuse(text, reply(found[0]));
  }
  const colon = text.indexOf(":", text.lastIndexOf("]") + 1);
  if (!text.startsWith("[") && text.lastIndexOf(":") !== colon) refuse(text, adviseBrackets(text));

  const host = (colon < 0 ? text : text.slice(0, colon)).toLowerCase();
  const hostname = parseHost(text, host);
  const port = parsePort(text, colon < 0 ? "" : text.slice(colon + 1), host);
  return { hostname, port, authority: `${host}:${port}` };
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

/** Joins lists in order. Two entries are the same server when their authorities are equal. */
export function mergeServers(lists: readonly (readonly Server[])[]): MergedServers {
  const byAuthority = new Map<string, Server>();
  const duplicates: Server[] = [];
  for (const server of lists.flat()) {
    if (byAuthority.has(server.authority)) duplicates.push(server);
    else byAuthority.set(server.authority, server);
  }
  return { servers: [...byAuthority.values()], duplicates };
}

/**
 * Whether a command-line SERVER is meant as a server, well written or not: it is a URL, or has a
 * colon and no slash or backslash. Otherwise it names a file that holds a list, or is `-` for
 * standard input.
 */
export function looksLikeServer(argument: string): boolean {
  return argument.includes("://") || (argument.includes(":") && !/[/\\]/.test(argument));
}

function parseHost(text: string, host: string): string {
  if (host === "") refuse(text, "has no host before the port: write host:port");
  if (host.startsWith("[")) return parseBracketed(text, host);
  if (ENDS_IN_NUMBER.test(host)) {
    if (!IPV4.test(host)) {
      refuse(text, "ends its host in a number, but is no IPv4 address such as 192.0.2.1");
    }
  } else if (!HOST_NAME.test(host)) {
    refuse(text, `has the host ${quote(host)}, which is neither a host name nor an IPv4 address`);
  }
  return host;
}

function parseBracketed(text: string, host: string): string {
  const address = host.slice(1, -1);
  if (address.includes("%")) {
    refuse(text, "has a zone id, which means nothing on another machine: give an address without");
  }
  if (!host.endsWith("]") || !isIpv6(address)) {
    refuse(text, "has no valid IPv6 address in brackets: write it like [2001:db8::1]:8000");
  }
  return address;
}

function parsePort(text: string, digits: string, host: string): number {
  if (digits === "") refuse(text, `has no port: write it as in ${quote(`${host}:8000`)}`);
  if (!/^\d+$/.test(digits)) {
    refuse(text, `has the port ${quote(digits)}: write a number from 1 to ${HIGHEST_PORT}`);
  }
  const port = Number(digits);
  if (port < 1 || port > HIGHEST_PORT) {
    refuse(text, `has a port out of range: write a number from 1 to ${HIGHEST_PORT}`);
  }
  return port;
}

/** Guesses what several colons without brackets were meant to say. */
function adviseBrackets(text: string): string {
  const lastColon = text.lastIndexOf(":");
  const [address, port] = [text.slice(0, lastColon), text.slice(lastColon + 1)];
  if (isIpv6(address) && port !== "") {
    return `has an IPv6 address without brackets: write [${address}]:${port}`;
  }
  if (isIpv6(text)) return `is an IPv6 address without brackets and port: write [${text}]:8000`;
  return "has more than one colon: write host:port, or [address]:port for IPv6";
}

function isIpv6(address: string): boolean {
  return /^[\da-f:.]+$/i.test(address) && URL.canParse(`http://[${address}]`);
}

function refuse(text: string, reason: string): never {
  throw new ServerListError(`${quote(text)} ${reason}`);
}

/** Keeps a message on one line of sensible length, whatever a file held. */
function quote(text: string): string {
  const start = text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text;
  const visible = start.replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
  return `"${visible}"`;
}
