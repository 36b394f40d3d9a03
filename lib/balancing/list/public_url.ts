/**
 * From text to what clients are sent to: `http://host:port/prefix` or the same with https.
 *
 * @module
 */

import { type Endpoint, parseEndpoint } from "./endpoint.ts";
import { quote, refuse } from "./server_list_error.ts";

/** What a request-target is appended to. */
export interface PublicUrl extends Endpoint {
  /** How it is spoken to. */
  readonly scheme: "http" | "https";
  /** The path below which the files are, without a slash at its end; empty for the root. */
  readonly prefix: string;
  /** All of it, without a slash at its end: a Location is this and the request-target. */
  readonly href: string;
}

const DEFAULT_PORTS = { http: 80, https: 443 } as const;

/** Scheme, authority and the rest; a backslash would be a slash to some clients. */
const PARTS = /^(https?):\/\/([^/?#\\]*)(.*)$/is;

/**
 * RFC 3986 §3.3: segments of pchar, of which `=` and `,` have a meaning in a list and are to be
 * encoded. No segment is empty, `.` or `..`, since clients take those away.
 */
const PREFIX = /^(?:\/(?!\.{1,2}(?:\/|$))(?:[\w.~!$&'()*+;:@-]|%[\da-f]{2})+)*\/?$/i;

/** Whether a text is meant as a URL that clients can be sent to. */
export function looksLikeUrl(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

/**
 * Reads one. The spelling is kept, scheme and host in lower case, and the slash at its end left
 * off.
 *
 * @param whole what errors quote, of which `text` is a part
 * @throws {ServerListError} when the text is anything else
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
