import { DeadlineError, LocalError, networkError } from "./network_error.ts";
import { monotonicMs, unwatch, watch, type Watched } from "./deadlines.ts";
import { Connection } from "./connection.ts";

/** A client reads content rather than heads. */
const INPUT_BYTES = 512 * 1024;

/** How a connection is encrypted. */
export interface TlsSettings {
  /** Certificates of authorities to trust beside the usual ones, as PEM. */
  readonly caCerts: readonly string[];
  /** The name to ask for (SNI) and to verify; that of the host by default. */
  readonly serverName?: string | undefined;
}

/** How long a name server may take that is asked once more, in ms. */
const LOOKUP_MS = 1000;

/**
 * Connects to a server. Of a name's addresses Deno tries both families (RFC 8305).
 *
 * @param hostname a name or an address; IPv6 without brackets
 * @param timeoutMs how long the connecting may take, the lookup of the name and the TLS handshake
 *     included; pauses of this process are left out
 * @param tls for a connection over TLS, on which the server has proved to have that name
 * @param inputBytes how much is read at a time
 * @param ending gives the attempt up when it aborts
 * @throws {LocalError} when it is this machine that cannot connect, or its name server that is silent
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
  const until = monotonicMs() + timeoutMs;
  const conn = await connect(hostname, port, until, ending);
  if (tls === undefined) return new Connection(conn, { inputBytes });
  return await encrypted(conn, hostname, until, tls, inputBytes, ending);
}

/** Aborts a connect when its deadline has passed. */
class ConnectDeadline implements Watched {
  index = 0;
  readonly #timeout = new AbortController();

  constructor(readonly deadline: number) {}

  get signal(): AbortSignal {
    return this.#timeout.signal;
  }

  expire(): void {
    this.#timeout.abort();
  }
}

async function connect(
  hostname: string,
  port: number,
  until: number,
  ending: AbortSignal | undefined,
): Promise<Deno.TcpConn> {
  const timeLimit = new ConnectDeadline(until);
  const timeout = timeLimit.signal;
  const signal = ending === undefined ? timeout : AbortSignal.any([timeout, ending]);
  watch(timeLimit);
  try {
    return await Deno.connect({ hostname, port, signal });
  } catch (error) {
    if (!timeout.aborted || ending?.aborted) throw networkError(error);
    if (await canBeLookedUp(hostname)) throw new DeadlineError("connect");
    throw new LocalError("the name server did not answer in time", { cause: error });
  } finally {
    unwatch(timeLimit);
  }
}

/**
 * Whether the name server answers. Deno looks a name up as a part of connecting and does not tell
 * which of the two took too long, so the name is looked up once more: by the system's own rules, its
 * file of hosts included, which `Deno.resolveDns` does not read.
 */
async function canBeLookedUp(hostname: string): Promise<boolean> {
  if (/^[0-9.]+$|:/.test(hostname)) return true; // An address.
  const { lookup } = await import("node:dns/promises");
  const { deadline } = await import("@std/async/deadline");
  const answered = lookup(hostname).then(() => true, ({ code }) => code !== "EAI_AGAIN");
  return await deadline(answered, LOOKUP_MS).catch(() => false);
}

async function encrypted(
  conn: Deno.TcpConn,
  hostname: string,
  until: number,
  { caCerts, serverName = hostname }: TlsSettings,
  inputBytes: number,
  ending: AbortSignal | undefined,
): Promise<Connection> {
  const alpnProtocols = ["http/1.1"];
  // Not possible any more once it is a TLS connection.
  conn.setNoDelay();
  // By then Deno has taken the first connection over, whatever becomes of the second.
  const tlsConn = await Deno.startTls(conn, {
    hostname: serverName,
    caCerts: [...caCerts],
    alpnProtocols,
  }).catch((error) => {
    throw networkError(error);
  });
  const connection = new Connection(tlsConn, { inputBytes });
  const close = () => connection.close();
  ending?.addEventListener("abort", close);
  try {
    await connection.handshake(until);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  } finally {
    ending?.removeEventListener("abort", close);
  }
}
