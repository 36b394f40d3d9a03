/**
 * What the balancer asks servers for itself.
 *
 * @module
 */

import type { Connection } from "../net/connection.ts";
import { dial } from "../net/dial.ts";
import type { ClientRequest } from "../net/exchange.ts";
import type { Server } from "./list/server.ts";

/** Those of Deno, and of its DENO_CERT. */
const KNOWN_AUTHORITIES = { caCerts: [] };

/**
 * Connects to a server as it is tested, over TLS where it is.
 *
 * @param timeoutMs for connecting and the handshake
 * @param inputBytes read at a time
 * @throws as `dial`
 */
export function connectTo(
  { scheme, hostname, port }: Server,
  timeoutMs: number,
  inputBytes: number,
): Promise<Connection> {
  const tls = scheme === "https" ? KNOWN_AUTHORITIES : undefined;
  return dial(hostname, port, timeoutMs, tls, inputBytes);
}

/**
 * A request for what a client may ask for, as it is on the server's disk, and for nothing after it.
 *
 * @param target in origin form, as a client sends it
 * @param userAgent what the server's log is to say
 */
export function requestTo(
  { authority, probePrefix }: Server,
  method: "GET" | "HEAD",
  target: string,
  userAgent: string,
): ClientRequest {
  return {
    method,
    requestTarget: `${probePrefix}${target}`,
    fieldLines: [
      ["Host", authority],
      ["User-Agent", userAgent],
      ["Accept", "*/*"],
      ["Accept-Encoding", "identity"],
      ["Connection", "close"],
    ],
  };
}
