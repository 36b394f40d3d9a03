import { Connection } from "./connection.ts";
import { now } from "./deadlines.ts";
import { DeadlineError, networkError } from "./network_error.ts";

/** A client reads content rather than heads. */
const INPUT_BYTES = 512 * 1024;

/** How a connection is encrypted. */
export interface TlsSettings {
  /** Certificates of authorities to trust beside the usual ones, as PEM. */
  readonly caCerts: readonly string[];
}

/**
 * Connects to a server. Of a name's addresses Deno tries both families (RFC 8305).
 *
 * @param hostname a name or an address; IPv6 without brackets
 * @param timeoutMs how long the connecting may take, the look-up of the name included; and as long
 *     again for the TLS handshake
 * @param tls for a connection over TLS, on which the server has proved to have that name
 * @param inputBytes how much is read at a time, in octets
 * @param ending ends the connecting when it aborts
 * @throws {DeadlineError} when it took longer
 * @throws {HandshakeError} when the server could not prove who it is, or speaks no TLS
 * @throws {NetworkError} when it cannot be reached
 */
export async function dial(
  hostname: string,
  port: number,
  timeoutMs: number,
  tls?: TlsSettings,
  inputBytes: number = INPUT_BYTES,
  ending?: AbortSignal,
): Promise<Connection> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = ending === undefined ? timeout : AbortSignal.any([timeout, ending]);
  let conn: Deno.TcpConn;
  try {
    conn = await Deno.connect({ hostname, port, signal });
  } catch (error) {
    throw timeout.aborted ? new DeadlineError("connect") : networkError(error);
  }
  if (tls === undefined) return new Connection(conn, { inputBytes });
  return await encrypted(conn, hostname, timeoutMs, tls, inputBytes, ending);
}

async function encrypted(
  conn: Deno.TcpConn,
  hostname: string,
  timeoutMs: number,
  { caCerts }: TlsSettings,
  inputBytes: number,
  ending: AbortSignal | undefined,
): Promise<Connection> {
  const alpnProtocols = ["http/1.1"];
  // By then Deno has taken the first connection over, whatever becomes of the second.
  const tlsConn = await Deno.startTls(conn, { hostname, caCerts: [...caCerts], alpnProtocols })
    .catch((error) => {
      throw networkError(error);
    });
  const connection = new Connection(tlsConn, { inputBytes });
  const close = () => connection.close();
  ending?.addEventListener("abort", close);
  try {
    await connection.handshake(now() + timeoutMs);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  } finally {
    ending?.removeEventListener("abort", close);
  }
}
