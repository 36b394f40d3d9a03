/**
 * Options of a role that clients reach through proxies.
 *
 * @module
 */

import { UsageError } from "../cli/command.ts";
import { flag, optional, text, type Values } from "../cli/option.ts";
import { trimOws } from "../http/grammar.ts";
import { type ProxyConfig, TrustedPeers } from "../net/trusted_peers.ts";
import type { TlsValues } from "./tls.ts";

/** The options of a role that may stand behind proxies. */
export const PROXY_OPTIONS = {
  "trusted-proxies": optional(
    text("CIDRS"),
    "proxies whose Forwarded, else X-Forwarded-For, is believed",
  ),
  "proxy-protocol": flag("these proxies send HAProxy's PROXY header, version 1 or 2"),
};

/** The values of `PROXY_OPTIONS`. */
export type ProxyValues = Values<typeof PROXY_OPTIONS>;

/**
 * Reads which proxies are believed.
 *
 * @returns undefined if none is
 * @throws {UsageError} if an address or network is malformed, or options contradict each other
 */
export async function readProxies(
  options: ProxyValues & TlsValues,
): Promise<ProxyConfig | undefined> {
  const { "trusted-proxies": list, "proxy-protocol": sendHeader } = options;
  if (list === undefined) {
    if (!sendHeader) return undefined;
    throw new UsageError("--proxy-protocol needs --trusted-proxies=CIDRS as well");
  }
  if (sendHeader && options["tls-cert"] !== undefined) {
    // A listener of Deno for TLS reads the first bytes itself, and startTls() is for clients.
    const advice = "let the proxy end TLS, or pass X-Forwarded-For on";
    throw new UsageError(`--proxy-protocol does not work with --tls-cert: ${advice}`);
  }
  try {
    return { peers: await TrustedPeers.of(list.split(",").map(trimOws)), sendHeader };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new UsageError(`--trusted-proxies: ${error.message}`, { cause: error });
  }
}
