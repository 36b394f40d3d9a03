import { DeadlineError, LocalError, networkError, UnknownHostError } from "./network_error.ts";
import { monotonicMs, unwatch, watch, type Watched } from "./deadlines.ts";
import { Connection, type Socket } from "./connection.ts";

/** Large, since a client reads content. */
const INPUT_BYTES = 512 * 1024;

/** How a connection is encrypted. */
export interface TlsSettings {
  /** Certificates of further authorities to trust, as PEM. */
  readonly caCerts: readonly string[];
  /** The name for SNI and verification; that of the host by default. */
  readonly serverName?: string | undefined;
}

/** What a connection can be opened with. */
export interface DialOptions {
  /** How much is read at a time. */
  readonly inputBytes?: number | undefined;
  /** The only kind of address to use; by default both. */
  readonly family?: AddressFamily | undefined;
  /** Cancels the attempt. */
  readonly ending?: AbortSignal | undefined;
}

/** IPv4 or IPv6. */
export type AddressFamily = 4 | 6;

/** How long a second lookup of a name may take. */
const LOOKUP_MS = 1000;

/**
 * Connects to a server, by IPv6 or IPv4 (RFC 8305).
 *
 * @param hostname a name or an address; IPv6 without brackets
 * @param timeoutMs for lookup, connect and TLS handshake, without pauses of this process
 * @throws {LocalError} if this machine cannot connect, or its name server does not answer
 * @throws {DeadlineError} if it took too long
 * @throws {HandshakeError} if the certificate is not accepted, or the server does not speak TLS
 * @throws {NetworkError} if the server cannot be reached
 */
export async function dial(
  hostname: string,
  port: number,
  timeoutMs: number,
  tls?: TlsSettings,
  { inputBytes = INPUT_BYTES, family, ending }: DialOptions = {},
): Promise<Connection> {
  const until = monotonicMs() + timeoutMs;
  const conn = family === undefined
    ? await connect(hostname, port, until, ending)
    : await connectBy(family, hostname, port, until, ending);
  if (tls === undefined) return new Connection(conn, { inputBytes });
  return await startTls(conn, hostname, until, tls, { inputBytes, ending });
}

/** Aborts a signal at a deadline. */
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

/** Connects to the first address of one family that accepts; all are tried in turn. */
async function connectBy(
  family: AddressFamily,
  hostname: string,
  port: number,
  until: number,
  ending: AbortSignal | undefined,
): Promise<Deno.TcpConn> {
  const [first, ...others] = await addressesOf(hostname, family, until);
  let connecting = connect(first, port, until, ending);
  for (const address of others) {
    connecting = connecting.catch((error) => {
      if (ending?.aborted || monotonicMs() >= until) throw error;
      return connect(address, port, until, ending);
    });
  }
  return await connecting;
}

/** The addresses of a host, as the system looks them up; at least one. */
async function addressesOf(
  hostname: string,
  family: AddressFamily,
  until: number,
): Promise<readonly [string, ...string[]]> {
  const isV6 = hostname.includes(":");
  if (isV6 || /^[0-9.]+$/.test(hostname)) {
    if (isV6 === (family === 6)) return [hostname];
    throw new UnknownHostError(`it has no IPv${family} address`);
  }
  const { lookup } = await import("node:dns/promises");
  const { deadline } = await import("@std/async/deadline");
  const leftMs = Math.max(1, until - monotonicMs());
  try {
    const [first, ...others] = await deadline(lookup(hostname, { family, all: true }), leftMs);
    if (first !== undefined) return [first.address, ...others.map(({ address }) => address)];
  } catch (error) {
    if ((error as { code?: unknown }).code !== "ENOTFOUND") {
      throw new LocalError("the name server did not answer in time", { cause: error });
    }
  }
  throw new UnknownHostError(`the host name was not found, or has no IPv${family} address`);
}

/**
 * Whether the name server answers. Deno does not tell whether looking a name up or connecting took too
 * long, so the name is looked up again: by the system's rules, with its file of hosts, which
 * `Deno.resolveDns` does not read.
 */
async function canBeLookedUp(hostname: string): Promise<boolean> {
  if (/^[0-9.]+$|:/.test(hostname)) return true; // An address.
  const { lookup } = await import("node:dns/promises");
  const { deadline } = await import("@std/async/deadline");
  const answered = lookup(hostname).then(() => true, ({ code }) => code !== "EAI_AGAIN");
  return await deadline(answered, LOOKUP_MS).catch(() => false);
}

/**
 * Speaks TLS over a connection that is open; takes it over, also if this fails.
 *
 * @param until by `monotonicMs()`
 * @throws {HandshakeError} if the certificate is not accepted, or the server does not speak TLS
 */
export async function startTls(
  conn: Deno.TcpConn,
  hostname: string,
  until: number,
  { caCerts, serverName = hostname }: TlsSettings,
  { inputBytes = INPUT_BYTES, ending }: DialOptions,
): Promise<Connection> {
  const alpnProtocols = ["http/1.1"];
  // Not possible on a TLS connection.
  conn.setNoDelay();
  // Deno takes `conn` over, even if this fails.
  const tlsConn = await Deno.startTls(conn, {
    hostname: serverName,
    caCerts: [...caCerts],
    alpnProtocols,
  }).catch((error) => {
    throw networkError(error);
  });
  return await connectionOver(tlsConn, until, { inputBytes, ending });
}

/**
 * A connection over a socket of TLS, once its handshake is done.
 *
 * @throws as `startTls`
 */
export async function connectionOver(
  socket: Socket,
  until: number,
  { inputBytes = INPUT_BYTES, ending }: DialOptions,
): Promise<Connection> {
  const connection = new Connection(socket, { inputBytes });
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
