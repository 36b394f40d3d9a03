/**
 * What the roles that listen have in common: where, and how many connections.
 *
 * @module
 */

import { CommandError, UsageError } from "../cli/command.ts";
import {
  choice,
  count,
  duration,
  type Option,
  option,
  PORT,
  repeatable,
  text,
  type ValueParser,
} from "../cli/option.ts";
import { type FieldLine, isWritable } from "../http/fields.ts";
import { authorityOf, trimOws } from "../http/grammar.ts";
import { LOG_FORMATS, type LogFormat } from "../log/access_log.ts";
import type { Credentials } from "./tls.ts";
import { workerPort } from "./worker_protocol.ts";

/** Connections that the system keeps for us until we accept them; it may allow fewer. */
const BACKLOG = 4096;

/** What we speak, for clients that ask (RFC 7301). */
const ALPN = ["http/1.1", "http/1.0"];

/** The options of every role that listens. */
export interface ListenerOptions {
  /** The address to listen on. */
  readonly host: Option<string>;
  /** The port to listen on. */
  readonly port: Option<number>;
  /** Connections at a time. */
  readonly "max-connections": Option<number>;
  /** The form of the access log. */
  readonly log: Option<LogFormat>;
  /** How long to finish answers when stopped, in ms. */
  readonly grace: Option<number>;
  /** Fields of every answer. */
  readonly header: Option<readonly FieldLine[]>;
}

/** The options of a role that listens, on this port by default. */
export function listenerOptions(port: string): ListenerOptions {
  return {
    host: option(text("ADDRESS"), "0.0.0.0", "the address to listen on"),
    port: option(PORT, port, "the port to listen on; 0 takes any free one"),
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
    header: repeatable(ADDED_FIELD, "a field to be added to all answers; may be given again"),
  };
}

/** The options by which a user chooses where to listen, for what is said about it. */
export interface AddressNames {
  /** That of the address. */
  readonly host: string;
  /** That of the port. */
  readonly port: string;
}

/** What connections are accepted from, with TLS or without. */
export type Listener = Deno.Listener<Deno.TcpConn | Deno.TlsConn, Deno.NetAddr>;

/** Whether `listenBeside` can listen: two sockets can share a port only on Linux. */
export const CAN_LISTEN_BESIDE: boolean = Deno.build.os === "linux";

/**
 * Listens for TCP connections; in a worker, on the port that its parent says, beside others.
 *
 * @param hostname an address of this machine, or a name for one
 * @param port 0 for any free one
 * @param credentials where connections are to be encrypted
 * @param names of the options by which the user chose address and port
 * @throws {CommandError} status 1, when that is not possible
 * @throws {UsageError} when it is not possible with this key
 */
export function listen(
  hostname: string,
  port: number,
  credentials?: Credentials,
  names?: AddressNames,
): Listener {
  const shared = workerPort();
  if (shared !== undefined) return open(hostname, shared, true, credentials, names);
  const isShared = credentials !== undefined && CAN_LISTEN_BESIDE;
  // A socket that may share its port does not notice one of the same kind that has it already.
  if (isShared && port !== 0) open(hostname, port, false, undefined, names).close();
  return open(hostname, port, isShared, credentials, names);
}

/**
 * Listens at the address of another listener, beside it. Until that one closes, the system deals
 * connections out to both.
 *
 * @param listener one that listens with credentials
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
    const reason = reasonOf(error, hostname, port, names);
    throw new CommandError(reason, 1, { cause: error });
  }
}

function isAboutKey(error: unknown): boolean {
  return error instanceof Error && /private key/i.test(error.message);
}

function reasonOf(error: unknown, hostname: string, port: number, names: AddressNames): string {
  if (error instanceof Deno.errors.AddrInUse) {
    return `port ${port} is taken: choose another with ${names.port}; 0 takes any free one`;
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

/** The first line on standard output: where clients can connect, with the real port. */
export function announcement(listener: Listener, credentials?: Credentials): string {
  const { hostname, port } = listener.addr;
  const scheme = credentials === undefined ? "http" : "https";
  return `listening on ${scheme}://${authorityOf(hostname, port)}`;
}

/** What the server writes itself, where and when it is due; a second one would contradict it. */
const OWN_FIELDS: ReadonlySet<string> = new Set([
  ...["connection", "content-length", "date", "keep-alive", "te", "trailer", "transfer-encoding"],
  ...["upgrade", "accept-ranges", "allow", "content-encoding", "content-range", "content-type"],
  ...["etag", "last-modified", "location", "retry-after", "proxy-connection"],
]);

/** A field that a user adds to replies, as in `Name: value`. */
export const ADDED_FIELD: ValueParser<FieldLine> = {
  placeholder: "'NAME: VALUE'",
  accepts: "a field such as 'Name: value' in ASCII, none of those that the server writes itself, " +
    "and Cache-Control by its own option,",
  parse: (text) => {
    const colon = text.indexOf(":");
    const line = [text.slice(0, colon), trimOws(text.slice(colon + 1))] as const;
    const name = line[0].toLowerCase();
    if (colon < 1 || name === "cache-control" || OWN_FIELDS.has(name)) return undefined;
    return isWritable(...line) ? line : undefined;
  },
};
