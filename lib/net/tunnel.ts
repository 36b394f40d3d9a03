import type { ResponseHead } from "../http/response.ts";
import type { Connection, Socket } from "./connection.ts";
import { monotonicMs } from "./deadlines.ts";
import { connectionOver, type DialOptions, startTls, type TlsSettings } from "./dial.ts";
import { type ClientRequest, exchange } from "./exchange.ts";
import { NetworkError } from "./network_error.ts";

/**
 * Asks a proxy for a tunnel (RFC 9110 §9.3.6), and speaks TLS with the server at its other end.
 *
 * @param connection to the proxy; taken over, and closed if this fails
 * @param request CONNECT
 * @param onAnswer throws if the proxy does not open the tunnel
 * @param hostname that of the server
 * @param timeoutMs for the answer, and again for the TLS handshake
 * @throws {NetworkError} if the proxy or the server fails
 */
export async function openTunnel(
  connection: Connection,
  request: ClientRequest,
  onAnswer: (head: ResponseHead) => void,
  hostname: string,
  timeoutMs: number,
  tls: TlsSettings,
  options: DialOptions,
): Promise<Connection> {
  const close = () => connection.close();
  options.ending?.addEventListener("abort", close);
  try {
    const { head } = await exchange(connection, request, { idleMs: timeoutMs, until: Infinity });
    onAnswer(head);
    // A server behind TLS says nothing before its client does.
    if (connection.input.length > 0) {
      throw new NetworkError("it opens no tunnel, but sends content");
    }
  } catch (error) {
    connection.close();
    throw error;
  } finally {
    options.ending?.removeEventListener("abort", close);
  }
  const until = monotonicMs() + timeoutMs;
  const socket = connection.detach();
  if (isTcp(socket)) return await startTls(socket, hostname, until, tls, options);
  const { NestedTls } = await import("./nested_tls.ts");
  return await connectionOver(new NestedTls(socket, hostname, tls), until, options);
}

function isTcp(socket: Socket): socket is Deno.TcpConn {
  return socket.handshake === undefined;
}
