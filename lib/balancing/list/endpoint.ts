/**
 * Parses where a server listens, `host:port` or `[v6]:port`, and where clients are sent,
 * `http://host:port/prefix` or https.
 *
 * @module
 */

import { endsInNumber, isHostName } from "../../http/host.ts";

/** An address to connect to. */
export interface Endpoint {
  /** A lower-case name or address without brackets, as `Deno.connect` takes it. */
  readonly hostname: string;
  /** 1 to 65535. */
  readonly port: number;
  /** Host and port in lower case, brackets included; the port only if it was written. */
  readonly authority: string;
}

const HIGHEST_PORT = 65535;

/** No leading zeros: some resolvers read them as octal. */
const IPV4_OCTET = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const IPV4 = new RegExp(`^(?:${IPV4_OCTET}\\.){3}${IPV4_OCTET}$`);

/**
 * Parses a host and a port. The host may be a name, an IPv4 address or, in brackets, an IPv6
 * address; its spelling is kept, in lower case.
 *
 * @param whole what errors quote; contains `text`
 * @param defaultPort used if none is written; without it a port is required
 * @throws {ServerListError} if the text is malformed
 */
export function parseEndpoint(text: string, whole = text, defaultPort?: number): Endpoint {
  const colon = text.indexOf(":", text.lastIndexOf("]") + 1);
  if (!text.startsWith("[") && text.lastIndexOf(":") !== colon) refuse(whole, adviseBrackets(text));

  const host = (colon < 0 ? text : text.slice(0, colon)).toLowerCase();
  const hostname = parseHost(whole, host);
  if (colon < 0 && defaultPort !== undefined) {
    return { hostname, port: defaultPort, authority: host };
  }
  const port = parsePort(whole, colon < 0 ? "" : text.slice(colon + 1), host);
  return { hostname, port, authority: `${host}:${port}` };
}

function parseHost(whole: string, host: string): string {
  if (host === "") refuse(whole, "has no host before the port: write host:port");
  if (host.startsWith("[")) return parseBracketed(whole, host);
  if (endsInNumber(host)) {
    if (!IPV4.test(host)) {
      refuse(whole, "ends its host in a number, but is no IPv4 address such as 192.0.2.1");
    }
  } else if (!isHostName(host)) {
    refuse(whole, `has the host ${quote(host)}, which is neither a host name nor an IPv4 address`);
  }
  return host;
}

function parseBracketed(whole: string, host: string): string {
  const address = host.slice(1, -1);
  if (address.includes("%")) {
    refuse(whole, "has a zone id, which means nothing on another machine: give an address without");
  }
  if (!host.endsWith("]") || !isIpv6(address)) {
    refuse(whole, "has no valid IPv6 address in brackets: write it like [2001:db8::1]:8000");
  }
  return address;
}

function parsePort(whole: string, digits: string, host: string): number {
  if (digits === "") refuse(whole, `has no port: write it as in ${quote(`${host}:8000`)}`);
  if (!/^\d+$/.test(digits)) {
    refuse(whole, `has the port ${quote(digits)}: write a number from 1 to ${HIGHEST_PORT}`);
  }
  const port = Number(digits);
  if (port < 1 || port > HIGHEST_PORT) {
    refuse(whole, `has a port out of range: write a number from 1 to ${HIGHEST_PORT}`);
  }
  return port;
}

/** Whether the `hostname` of an `Endpoint` is an IPv4 or IPv6 address. */
export function isAddress(hostname: string): boolean {
  return hostname.includes(":") || IPV4.test(hostname);
}

/** Guesses what several colons without brackets were meant to be. */
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

/** A URL to which a request-target is appended. */
export interface PublicUrl extends Endpoint {
  readonly scheme: "http" | "https";
  /** The path above the files, without a slash at its end; empty for the root. */
  readonly prefix: string;
  /** All of it, without a slash at its end: a Location is this and the request-target. */
  readonly href: string;
}

const DEFAULT_PORTS = { http: 80, https: 443 } as const;

/** Scheme, authority and the rest; some clients take a backslash for a slash. */
const PARTS = /^(https?):\/\/([^/?#\\]*)(.*)$/is;

/**
 * RFC 3986 §3.3: segments of pchar without `=` and `,`, which separate words in a list. No segment
 * is empty, `.` or `..`, since clients remove those.
 */
const PREFIX = /^(?:\/(?!\.{1,2}(?:\/|$))(?:[\w.~!$&'()*+;:@-]|%[\da-f]{2})+)*\/?$/i;

/** Whether a text is meant as a URL for clients. */
export function looksLikeUrl(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

/**
 * Parses a URL for clients. Its spelling is kept, with scheme and host in lower case and without
 * the slash at its end.
 *
 * @param whole what errors quote; contains `text`
 * @throws {ServerListError} if the text is malformed
 */
export function parsePublicUrl(text: string, whole = text): PublicUrl {
  const [, typedScheme, typedAuthority = "", rest = ""] = PARTS.exec(text) ?? [];
  if (typedScheme === undefined) {
    refuse(whole, `has ${quote(text)} where a URL for clients, http://… or https://…, must be`);
  }
  if (typedAuthority.includes("@")) refuse(whole, "has a user name in its URL: leave it off");
  if (/[?#]/.test(rest)) refuse(whole, "has a query or a fragment in its URL: leave it off");
  if (!PREFIX.test(rest)) {
    refuse(whole, `has the path ${quote(rest)}, which no request-target can be appended to`);
  }
  const scheme = typedScheme.toLowerCase() as "http" | "https";
  const endpoint = parseEndpoint(typedAuthority, whole, DEFAULT_PORTS[scheme]);
  const prefix = rest.replace(/\/$/, "");
  return { ...endpoint, scheme, prefix, href: `${scheme}://${endpoint.authority}${prefix}` };
}

/** A mistake in a list of servers; the message is one line for the user. */
export class ServerListError extends Error {
  override readonly name = "ServerListError";
}

/**
 * Throws an error that quotes a text before the reason.
 *
 * @throws {ServerListError} always
 */
export function refuse(text: string, reason: string): never {
  throw new ServerListError(`${quote(text)} ${reason}`);
}

const LONGEST_QUOTE = 80;

/** Quotes a text on one line, shortened, with control characters escaped. */
export function quote(text: string): string {
  const start = text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text;
  const visible = start.replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
  return `"${visible}"`;
}
