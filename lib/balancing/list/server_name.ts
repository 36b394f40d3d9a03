/**
 * The names by which people mean a server of the list.
 *
 * @module
 */

import { canonicalAddress } from "../../http/ip_address.ts";
import {
  type Endpoint,
  looksLikeUrl,
  parseEndpoint,
  parsePublicUrl,
  type PublicUrl,
  ServerListError,
} from "./endpoint.ts";
import type { Server } from "./server.ts";

/**
 * The servers that a name means: where one is tested, `host:port` or a URL, as logs have it or in
 * another spelling; the URL to which its clients are sent; or the entry by which DNS found some. A
 * name can mean several servers, such as `web1:8000` two that differ in their paths.
 */
export function serversNamed(servers: readonly Server[], name: string): Server[] {
  const lowerCase = name.toLowerCase();
  const url = looksLikeUrl(name) ? parsed(() => parsePublicUrl(name)) : undefined;
  const endpoint = parsed(() => parseEndpoint(name));
  return servers.filter((server) =>
    server.authority === lowerCase || server.foundBy?.toLowerCase() === lowerCase ||
    (endpoint !== undefined && isSameEndpoint(server, endpoint)) ||
    (url !== undefined && (url.href === server.publicUrl || isTestedAt(server, url)))
  );
}

function isTestedAt(server: Server, url: PublicUrl): boolean {
  return server.scheme === url.scheme && server.probePrefix === url.prefix &&
    isSameEndpoint(server, url);
}

function isSameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && canonical(a.hostname) === canonical(b.hostname);
}

/** Addresses of IPv6 have several spellings. */
function canonical(hostname: string): string {
  return hostname.includes(":") ? canonicalAddress(hostname) ?? hostname : hostname;
}

function parsed<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof ServerListError) return undefined;
    throw error;
  }
}
