/**
 * What the balancer asks servers for itself.
 *
 * @module
 */

import type { ClientRequest } from "../net/exchange.ts";
import { dial } from "../net/dial.ts";
import type { Connection } from "../net/connection.ts";
import type { Server } from "./list/server.ts";

/**
 * Connects to a server as it is tested, over TLS where it is.
 *
 * @param timeoutMs for connecting and the handshake
 * @param inputBytes read at a time
 * @throws as `dial`
 */
export function connectTo(
  { scheme, hostname, port, tlsName }: Server,
  timeoutMs: number,
  inputBytes: number,
): Promise<Connection> {
  // The authorities that are trusted are those of Deno, and of its DENO_CERT.
  const tls = scheme === "https" ? { caCerts: [], serverName: tlsName } : undefined;
  return dial(hostname, port, timeoutMs, tls, inputBytes);
}

/**
 * A request for what a client may ask for, as it is on the server's disk, and for nothing after it.
 *
 * @param target in origin form, as a client sends it
 * @param userAgent what the server's log is to say
 */
export function requestTo(
  { host, probePrefix }: Server,
  method: "GET" | "HEAD",
  target: string,
  userAgent: string,
): ClientRequest {
  return {
    method,
    requestTarget: `${probePrefix}${target}`,
    fieldLines: [
      ["Host", host],
      ["User-Agent", userAgent],
      ["Accept", "*/*"],
      ["Accept-Encoding", "identity"],
      ["Connection", "close"],
    ],
  };
}
