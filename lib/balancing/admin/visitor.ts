import type { Fields } from "../../http/fields.ts";

/** What a web site cannot make its own name: an address as URL parsers write it, or localhost. */
const OWN_NAME = /^(?:\[[\da-f:]+\]|\d+\.\d+\.\d+\.\d+|(?:.+\.)?localhost\.?)$/;

/**
 * Why a request may come from a web site elsewhere, through the browser of somebody who can connect
 * here; undefined when it does not look so.
 *
 * A site may let its own name lead to 127.0.0.1 (DNS rebinding) and would then read all answers as
 * its own: where only this machine can connect, Host must be no such name. What browsers themselves
 * say of a request, its Sec-Fetch fields, gives away sites that could not read the answers but could
 * take up all event streams.
 *
 * @param isLoopback whether only this machine can connect
 */
export function crossOriginReason(fields: Fields, isLoopback: boolean): string | undefined {
  const host = fields.get("host");
  if (isLoopback && host !== undefined && !isOwnName(host)) {
    return "Only requests to an IP address or to localhost are answered here.";
  }
  const site = fields.get("sec-fetch-site");
  if (site !== "cross-site" && site !== "same-site") return undefined;
  if (fields.get("sec-fetch-dest") === "document") return undefined; // Somebody follows a link.
  return "Requests from other sites are not answered here.";
}

function isOwnName(host: string): boolean {
  return OWN_NAME.test(URL.parse(`http://${host}/`)?.hostname ?? "");
}
