/**
 * Who sent a request that came through proxies: Forwarded (RFC 7239) and the older X-Forwarded-For
 * and X-Forwarded-Proto. Each proxy adds at the right, so a list is read from there, and only as far
 * as the proxy is trusted that added a member: whatever stands further left may be a lie.
 *
 * @module
 */

import type { Fields } from "./fields.ts";
import { QUOTED_STRING_SOURCE, TOKEN_SOURCE, trimOws } from "./grammar.ts";
import { canonicalAddress } from "./ip_address.ts";

/** The client of a request, as far as trusted proxies tell it. */
export interface ForwardedClient {
  /** Its address in the spelling of `canonicalAddress`. */
  readonly address: string;
  /** Whether it used https. */
  readonly isSecure: boolean;
}

/** What a proxy tells of the peer that it got a request from. */
interface Hop {
  /** Undefined if it is `unknown`, obfuscated, or malformed. */
  readonly address: string | undefined;
  /** In lower case; undefined if not told. */
  readonly scheme: string | undefined;
}

/**
 * The client of a request. If there is a Forwarded field, the others are ignored. Addresses are
 * believed from the right to the first that is not trusted or not known; if none is, the client is
 * the peer.
 *
 * @param peer the address of a trusted peer
 * @param isTrusted whether the peer at an address is a trusted proxy
 */
export function forwardedClient(
  peer: string,
  fields: Fields,
  isTrusted: (address: string) => boolean,
): ForwardedClient {
  const forwarded = fields.get("forwarded");
  const hops = forwarded ? forwardedHops(forwarded) : olderHops(fields);
  let address = peer;
  let scheme: string | undefined;
  for (const hop of hops) {
    scheme = hop.scheme;
    if (hop.address === undefined) break;
    address = hop.address;
    if (!isTrusted(address)) break;
  }
  return { address, isSecure: scheme === "https" };
}

/**
 * RFC 7239 §4: `forwarded-element = [ forwarded-pair ] *( ";" [ forwarded-pair ] )`, `forwarded-pair =
 * token "=" ( token / quoted-string )`. White space around `;` is accepted: some proxies write it, and
 * it has no other meaning.
 */
const PAIR_AND_END = new RegExp(
  `[ \\t]*(?:(${TOKEN_SOURCE})=(${TOKEN_SOURCE}|${QUOTED_STRING_SOURCE}))?[ \\t]*(;|$)`,
  "y",
);

/**
 * RFC 7239 §6: `node = ( IPv4address / "[" IPv6address "]" / "unknown" / obfnode ) [ ":" ( port /
 * obfport ) ]`.
 */
const NODE = /^(?:\[([^\]]*)\]|([^[\]:]*))(?::(?:[0-9]{1,5}|_[\w.-]+))?$/;

/** The members of Forwarded, from the right. */
function* forwardedHops(value: string): Generator<Hop, void> {
  for (const element of membersFromRight(value)) {
    const pairs = pairsOf(element);
    const node = pairs?.get("for");
    yield {
      address: node === undefined ? undefined : addressOfNode(node),
      scheme: pairs?.get("proto")?.toLowerCase(),
    };
  }
}

/** The parameters of an element by their names in lower case; undefined if it is malformed. */
function pairsOf(element: string): ReadonlyMap<string, string> | undefined {
  const pairs = new Map<string, string>();
  for (PAIR_AND_END.lastIndex = 0;;) {
    const [whole, name, value, end] = PAIR_AND_END.exec(element) ?? [];
    if (whole === undefined) return undefined;
    if (name !== undefined) {
      const lowerCaseName = name.toLowerCase();
      if (pairs.has(lowerCaseName)) return undefined; // §4: once in an element.
      pairs.set(lowerCaseName, unquoted(value!));
    }
    if (end === "") return pairs;
  }
}

function unquoted(value: string): string {
  return value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, "$1") : value;
}

function addressOfNode(node: string): string | undefined {
  const [, ipv6, other = ""] = NODE.exec(node) ?? [];
  return ipv6 === undefined ? canonicalAddress(other) : addressOfIpv6(ipv6);
}

function addressOfIpv6(text: string): string | undefined {
  return text.includes(":") ? canonicalAddress(text) : undefined;
}

/**
 * The members of a list, from the right, without empty ones (RFC 9110 §5.6.1). Commas within quoted
 * strings end none. Read from the right, a quote that is not closed further left does no harm.
 */
function* membersFromRight(value: string): Generator<string, void> {
  let end = value.length;
  let isQuoted = false;
  for (let at = end - 1; at >= -1; at--) {
    if (at >= 0 && value[at] === '"' && !isEscaped(value, at)) isQuoted = !isQuoted;
    if (at >= 0 && (isQuoted || value[at] !== ",")) continue;
    const member = trimOws(value.slice(at + 1, end));
    if (member !== "") yield member;
    end = at;
  }
}

/** Whether an odd number of backslashes stands before this position. */
function isEscaped(value: string, at: number): boolean {
  let first = at;
  while (value[first - 1] === "\\") first--;
  return (at - first) % 2 === 1;
}

/** An address with or without port; Azure writes it, and brackets may stand around IPv6. */
const ADDRESS_AND_PORT = /^(?:\[([^\]]*)\]|([0-9.]*))(?::[0-9]{1,5})?$/;

/**
 * The members of X-Forwarded-For, from the right. A proxy adds to X-Forwarded-Proto as well, or
 * replaces it: then one member stands for all. Without X-Forwarded-For, the peer may tell the scheme.
 */
function* olderHops(fields: Fields): Generator<Hop, void> {
  const schemes = fields.tokens("x-forwarded-proto");
  const schemeAt = (hop: number) => schemes[Math.max(0, schemes.length - 1 - hop)];
  const members = (fields.get("x-forwarded-for") ?? "").split(",").map(trimOws).filter(Boolean);
  let hop = 0;
  for (const member of members.reverse()) {
    const [, ipv6, ipv4 = member] = ADDRESS_AND_PORT.exec(member) ?? [];
    const address = ipv6 === undefined ? canonicalAddress(ipv4) : addressOfIpv6(ipv6);
    yield { address, scheme: schemeAt(hop++) };
  }
  yield { address: undefined, scheme: schemeAt(hop) };
}
