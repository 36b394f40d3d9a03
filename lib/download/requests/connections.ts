import { dial, type DialOptions, type TlsSettings } from "../../net/dial.ts";
import type { Connection } from "../../net/connection.ts";
import type { ClientRequest } from "../../net/exchange.ts";
import type { ProxyError } from "../../net/network_error.ts";
import type { FieldLine } from "../../http/fields.ts";
import type { ResponseHead } from "../../http/response.ts";
import type { TargetUri } from "./target_uri.ts";

/** Receives the heads of messages. */
export interface WireObserver {
  /** Each request that goes out, and each head that comes in. */
  readonly onHead?: ((head: ClientRequest | ResponseHead, uri: TargetUri) => void) | undefined;
}

/** A connection that nothing is under way on. */
export interface Link {
  readonly connection: Connection;
  /** An exchange went over it before: the server may be closing it at this moment. */
  readonly isUsed: boolean;
}

/** A proxy on the way to servers. */
export interface Forwarder {
  /** What it is sent with each request for it: secrets. */
  readonly fieldLines: readonly FieldLine[];
  /**
   * Connects to the proxy, and for https through it to the server of a URI.
   *
   * @param onHead receives the heads of the messages with the proxy, without secrets
   * @throws {ProxyError} if the proxy cannot be reached, or opens no tunnel
   * @throws {HandshakeError} if the server's certificate is not accepted
   */
  connect(
    uri: TargetUri,
    timeoutMs: number,
    tls: TlsSettings,
    options: DialOptions,
    onHead: (head: ClientRequest | ResponseHead) => void,
  ): Promise<Connection>;
  /** The error for an answer by which it asks for credentials; undefined for any other. */
  refusalOf(head: ResponseHead): ProxyError | undefined;
}

/** Which URIs are reached through which proxy. */
export interface Forwarders {
  /** Undefined where the server is to be asked directly. */
  for(uri: TargetUri): Forwarder | undefined;
}

/** How connections are opened. */
export interface ConnectionsOptions extends Omit<DialOptions, "ending"> {
  /** By default servers are reached directly. */
  readonly proxies?: Forwarders | undefined;
}

/** Connections to servers, kept between two exchanges so that the next needs no new one. */
export class Connections {
  readonly #timeoutMs: number;
  readonly #tls: TlsSettings;
  readonly #options: ConnectionsOptions;
  readonly #idle = new Map<string, Connection[]>();
  /** All that were opened; undefined where those in use are not closed with the others. */
  #opened: Set<Connection> | undefined;

  /** `timeoutMs` is for connecting, and again for a TLS handshake. */
  constructor(
    timeoutMs: number,
    tls: TlsSettings = { caCerts: [] },
    options: ConnectionsOptions = {},
  ) {
    this.#timeoutMs = timeoutMs;
    this.#tls = tls;
    this.#options = options;
  }

  /**
   * A connection to the server of a URI.
   *
   * @param mustBeNew whether one that was used before will not do
   * @param ending ends the connecting when it aborts
   * @throws as `dial`, or {ProxyError}
   */
  async open(
    uri: TargetUri,
    mustBeNew = false,
    ending?: AbortSignal,
    observer?: WireObserver,
  ): Promise<Link> {
    const idle = mustBeNew ? undefined : this.#idle.get(originOf(uri))?.pop();
    if (idle !== undefined) return { connection: idle, isUsed: true };
    const tls = uri.isSecure ? this.#tls : undefined;
    const { hostname, port } = uri;
    const { proxies, ...dialing } = this.#options;
    const options = { ...dialing, ending };
    const onHead = (head: ClientRequest | ResponseHead) => observer?.onHead?.(head, uri);
    const proxy = proxies?.for(uri);
    const connection =
      await (proxy === undefined
        ? dial(hostname, port, this.#timeoutMs, tls, options)
        : proxy.connect(uri, this.#timeoutMs, this.#tls, options, onHead));
    this.#opened?.add(connection);
    return { connection, isUsed: false };
  }

  /** The proxy that requests for a URI are sent to; undefined for its server, maybe in a tunnel. */
  forwarderOf(uri: TargetUri): Forwarder | undefined {
    return uri.isSecure ? undefined : this.#options.proxies?.for(uri);
  }

  /**
   * Keeps a connection that nothing is under way on. It is closed as soon as its server ends it, or
   * sends bytes that were not asked for and the next request would be answered with.
   */
  keep(uri: TargetUri, connection: Connection): void {
    const origin = originOf(uri);
    const idle = this.#idle.get(origin) ?? [];
    this.#idle.set(origin, idle);
    idle.push(connection);
    connection.readAhead(() => {
      const index = idle.indexOf(connection);
      if (index === -1) return; // It is in use again.
      idle.splice(index, 1);
      connection.close();
    });
  }

  /** Others like these, of which `close` closes also those that are in use. */
  apart(): Connections {
    const others = new Connections(this.#timeoutMs, this.#tls, this.#options);
    others.#opened = new Set();
    return others;
  }

  close(): void {
    for (const connection of this.#opened ?? []) connection.close();
    for (const connection of [...this.#idle.values()].flat()) connection.close();
    this.#idle.clear();
  }
}

function originOf({ isSecure, hostname, port }: TargetUri): string {
  return `${isSecure ? "https" : "http"} ${hostname} ${port}`;
}
