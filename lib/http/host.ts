/**
 * Hosts as names and addresses (RFC 3986 §3.2.2), and which of them mean the machine itself.
 *
 * @module
 */

import { canonicalAddress } from "./ip_address.ts";

/** One label of a host name: RFC 1123, and the underscore that container networks use. */
const LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?";
const HOST_NAME = new RegExp(`^(?=.{1,253}$)(?:${LABEL}\\.)*${LABEL}\\.?$`);

const ENDS_IN_NUMBER = /(?:^|\.)(?:\d+|0x[\da-f]*)\.?$/;

/** Whether a lower-case text is a host name (RFC 1123 §2.1), underscores allowed. */
export function isHostName(text: string): boolean {
  return HOST_NAME.test(text);
}

/** Whether URL parsers, and so clients, take a host for an IPv4 address, valid or not. */
export function endsInNumber(text: string): boolean {
  return ENDS_IN_NUMBER.test(text);
}

/**
 * The name or address that a host means, in lower case and without brackets, as `Deno.listen` and
 * `Deno.connect` take it.
 *
 * @param host a name, an IPv4 address, or an IPv6 address in brackets
 * @returns undefined for anything else
 */
export function hostnameOf(host: string): string | undefined {
  const text = host.toLowerCase();
  const [, bracketed] = /^\[(.*:.*)\]$/.exec(text) ?? [];
  if (bracketed !== undefined) {
    return canonicalAddress(bracketed) === undefined ? undefined : bracketed;
  }
  if (endsInNumber(text)) return text.includes(":") ? undefined : canonicalAddress(text);
  return isHostName(text) ? text : undefined;
}

/** 127.0.0.0/8 is loopback (RFC 1122 §3.2.1.3); 0.0.0.0/8 connects to this host. */
const LOCAL_IPV4 = /^(?:127|0)\.\d+\.\d+\.\d+$/;

/**
 * Whether a host means the machine that uses it: a loopback or unspecified address, or a name for
 * it (RFC 6761 §6.3).
 *
 * @param hostname a name or an address, IPv6 without brackets; in lower case
 */
export function isLocalHost(hostname: string): boolean {
  if (/^(?:.+\.)?localhost\.?$/.test(hostname) || LOCAL_IPV4.test(hostname)) return true;
  if (!hostname.includes(":")) return false;
  // The canonical spelling (RFC 5952), with an embedded IPv4 address in hexadecimal.
  const address = URL.parse(`http://[${hostname}]`)?.hostname.slice(1, -1) ?? "";
  return address === "::" || address === "::1" || /^::ffff:(?:7f|0:)/.test(address);
}
