import { dial, type TlsSettings } from "../net/dial.ts";
import type { Connection } from "../net/connection.ts";
import type { TargetUri } from "./target_uri.ts";

/** A connection to a server, and whether an exchange went over it before. */
export interface Link {
  /** Nothing is under way on it. */
  readonly connection: Connection;
  /** The server may be closing it at this moment, for no fault of the request. */
  readonly isUsed: boolean;
}

/** Connections to servers, kept between two exchanges so that the next needs no new one. */
export class Connections {
  readonly #timeoutMs: number;
  readonly #tls: TlsSettings;
  readonly #idle = new Map<string, Connection[]>();
  /** All that were opened; undefined while nobody wants to end them. */
  #opened: Set<Connection> | undefined;

  /** `timeoutMs` is for connecting, and again for a TLS handshake. */
  constructor(timeoutMs: number, tls: TlsSettings = { caCerts: [] }) {
    this.#timeoutMs = timeoutMs;
    this.#tls = tls;
  }

  /**
   * A connection to the server of a URI.
   *
   * @param mustBeNew whether one that was used before will not do
   * @param ending ends the connecting when it aborts
   * @throws as `dial`
   */
  async open(uri: TargetUri, mustBeNew = false, ending?: AbortSignal): Promise<Link> {
    const kept = mustBeNew ? undefined : this.#idle.get(originOf(uri))?.pop();
    if (kept !== undefined) return { connection: kept, isUsed: true };
    const tls = uri.isSecure ? this.#tls : undefined;
    const { hostname, port } = uri;
    const connection = await dial(hostname, port, this.#timeoutMs, tls, undefined, ending);
    this.#opened?.add(connection);
    return { connection, isUsed: false };
  }

  /**
   * Keeps a connection that nothing is under way on. It is closed as soon as its server ends it, or
   * sends octets that were not asked for and the next request would be answered with.
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

  /** Others like these, of which `end` closes also those that are in use. */
  apart(): Connections {
    const others = new Connections(this.#timeoutMs, this.#tls);
    others.#opened = new Set();
    return others;
  }

  /** Closes all, whatever is under way on them. */
  end(): void {
    for (const connection of this.#opened ?? []) connection.close();
    this.close();
  }

  /** Closes all that are kept. */
  close(): void {
    for (const connection of [...this.#idle.values()].flat()) connection.close();
    this.#idle.clear();
  }
}

function originOf({ isSecure, hostname, port }: TargetUri): string {
  return `${isSecure ? "https" : "http"} ${hostname} ${port}`;
}
