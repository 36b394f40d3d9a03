/**
 * The options and the sockets of the roles that listen.
 *
 * @module
 */

import { CommandError, UsageError } from "../cli/command.ts";
import {
  choice,
  count,
  duration,
  flag,
  option,
  PORT,
  repeatable,
  text,
  type ValueParser,
  type Values,
} from "../cli/option.ts";
import { type FieldLine, isWritable } from "../http/fields.ts";
import { authorityOf, trimOws } from "../http/grammar.ts";
import { LOG_FORMATS } from "../log/access_log.ts";
import type { Credentials } from "./tls.ts";
import { workerPort } from "./worker_protocol.ts";

/** Connections that the system queues until they are accepted; it may allow fewer. */
const BACKLOG = 4096;

/** RFC 7301. */
const ALPN = ["http/1.1", "http/1.0"];

/** The options of a role that listens, on this port by default. */
export function listenerOptions(port: string) {
  return {
    host: option(text("ADDRESS"), "0.0.0.0", "the address to listen on"),
    port: option(PORT, port, "the port to listen on; 0 takes any free one"),
    "share-port": flag("let another process of this user listen on the same port (Linux)"),
    "max-connections": option(
      count(1, 1_000_000),
      "10000",
      "connections at a time, of each worker; more wait",
    ),
    log: option(
      choice(LOG_FORMATS),
      "common",
      "access log on standard output; json: all else as JSON too",
    ),
    grace: option(duration(0), "10s", "how long to finish answers when stopped"),
    "drain-delay": option(
      duration(0),
      "0s",
      "how long SIGTERM lets /healthz of --admin fail before it stops accepting",
    ),
    header: repeatable(ADDED_FIELD, "a field to be added to all answers; may be given again"),
  };
}

/** The values of `listenerOptions`. */
export type ListenerValues = Values<ReturnType<typeof listenerOptions>>;

/** The options by which the user chose address and port, for error messages. */
export interface AddressNames {
  readonly host: string;
  readonly port: string;
}

/** A listening socket, with TLS or without. */
export type Listener = Deno.Listener<Deno.TcpConn | Deno.TlsConn, Deno.NetAddr>;

/** Whether two sockets can share a port: only on Linux. */
export const CAN_LISTEN_BESIDE: boolean = Deno.build.os === "linux";

/**
 * Listens for TCP connections, or TLS with credentials. A worker shares the port that its parent
 * gave it.
 *
 * @param hostname an address of this machine, or a name for one
 * @param port 0 for any free one
 * @param isShared whether other processes of the same user that want it as well may listen there
 * @throws {CommandError} status 1, if the address or port cannot be used
 * @throws {UsageError} if the key cannot be used, or the system cannot share ports
 */
export function listen(
  hostname: string,
  port: number,
  credentials?: Credentials,
  names?: AddressNames,
  isShared = false,
): Listener {
  const shared = workerPort();
  if (shared !== undefined) return open(hostname, shared, true, credentials, names);
  if (isShared) {
    if (!CAN_LISTEN_BESIDE) throw new UsageError("--share-port needs Linux");
    return open(hostname, port, true, credentials, names);
  }
  const isSharable = credentials !== undefined && CAN_LISTEN_BESIDE;
  // A socket that may share its port does not notice one of the same kind that has it already.
  if (isSharable && port !== 0) open(hostname, port, false, undefined, names).close();
  return open(hostname, port, isSharable, credentials, names);
}

/**
 * Throws what `listen` would, by listening for a moment; at any free port if the port is shared, since
 * the system would give this socket clients of the others, and reset them.
 */
export function tryListening(
  { host, port, "share-port": isShared }: Pick<ListenerValues, "host" | "port" | "share-port">,
  credentials?: Credentials,
): void {
  listen(host, isShared ? 0 : port, credentials, undefined, isShared).close();
}

/**
 * Listens at the address of another listener that has credentials. Until that one closes, the
 * system distributes connections over both.
 *
 * @throws as `listen`
 */
export function listenBeside(
  listener: Listener,
  credentials: Credentials,
  names?: AddressNames,
): Listener {
  const { hostname, port } = listener.addr;
  return open(hostname, port, true, credentials, names);
}

/**
 * Listens on a new Unix socket; its file is removed when the listener closes, if it is there still.
 *
 * @throws what `Deno.listen` throws, such as `Deno.errors.AddrInUse` if there is a file
 */
export function listenAt(path: string): Deno.UnixListener {
  return Deno.listen({ transport: "unix", path }) as Deno.UnixListener;
}

function open(
  hostname: string,
  port: number,
  reusePort: boolean,
  credentials: Credentials | undefined,
  names: AddressNames = { host: "--host", port: "--port" },
): Listener {
  const address = { hostname, port, tcpBacklog: BACKLOG, reusePort };
  try {
    if (credentials === undefined) return Deno.listen(address);
    const { cert, key } = credentials;
    return Deno.listenTls({ ...address, cert, key, alpnProtocols: ALPN });
  } catch (error) {
    if (credentials !== undefined && isAboutKey(error)) {
      const needed = "RSA of 2048 bits or more, ECDSA with P-256, P-384 or P-521, or Ed25519";
      const reason = `--tls-key=${credentials.keyFile} is a key that Deno cannot use: ${needed}`;
      throw new UsageError(`${reason} is needed`, { cause: error });
    }
    const reason = reasonOf(error, hostname, port, names, reusePort);
    throw new CommandError(reason, 1, { cause: error });
  }
}

function isAboutKey(error: unknown): boolean {
  return error instanceof Error && /private key/i.test(error.message);
}

function reasonOf(
  error: unknown,
  hostname: string,
  port: number,
  names: AddressNames,
  reusePort: boolean,
): string {
  if (error instanceof Deno.errors.AddrInUse) {
    const who = reusePort ? " by a process without --share-port, or of another user" : "";
    return `port ${port} is taken${who}: choose another with ${names.port}; 0 takes any free one`;
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return `port ${port} is for privileged users: choose one from 1024 with ${names.port}`;
  }
  if (error instanceof Deno.errors.NotCapable) {
    return "there is no permission to listen: run it with --allow-net";
  }
  if (error instanceof Deno.errors.AddrNotAvailable) {
    return `${names.host}=${hostname} is no address of this machine`;
  }
  const message = error instanceof Error ? error.message : String(error);
  return `cannot listen on ${names.host}=${hostname}, port ${port}: ${message}`;
}

/** The first line of a role on standard output: `listening on http://HOST:PORT`. */
export function announcement(listener: Listener, credentials?: Credentials): string {
  const { hostname, port } = listener.addr;
  const scheme = credentials === undefined ? "http" : "https";
  return `listening on ${scheme}://${authorityOf(hostname, port)}`;
}

/** Fields that the server sets itself; a second one would contradict it. */
const OWN_FIELDS: ReadonlySet<string> = new Set(
  ("accept-ranges allow connection content-encoding content-length content-range content-type " +
    "date endpoint-load-metrics etag keep-alive last-modified location proxy-connection repr-digest retry-after te trailer " +
    "transfer-encoding upgrade").split(" "),
);

/** A field that the user adds to responses, as in `Name: value`. */
export const ADDED_FIELD: ValueParser<FieldLine> = {
  placeholder: "'NAME: VALUE'",
  expected:
    "a field such as 'Name: value' in ASCII, none of those that the server writes itself, " +
    "and Cache-Control by its own option,",
  parse: (text) => {
    const colon = text.indexOf(":");
    const line = [text.slice(0, colon), trimOws(text.slice(colon + 1))] as const;
    const name = line[0].toLowerCase();
    if (colon < 1 || name === "cache-control" || OWN_FIELDS.has(name)) return undefined;
    return isWritable(...line) ? line : undefined;
  },
};
