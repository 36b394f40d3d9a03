import { fieldSection } from "../http/fields.ts";
import { AccessLog, standardOutput, tellMissing } from "../log/access_log.ts";
import type { FaultContext } from "../log/fault.ts";
import { LAST_LINES_MS, type LineWriter } from "../log/line_writer.ts";
import { LogThrottle } from "../log/logger.ts";
import { Acceptor } from "../net/accept.ts";
import { ConnectionManager, type ConnectionManagerOptions } from "../net/connection_manager.ts";
import type { Handler } from "../net/handler.ts";
import type { LoadMeter } from "../net/load_meter.ts";
import { HandshakeError } from "../net/network_error.ts";
import type { ProxyConfig } from "../net/trusted_peers.ts";
import type { Certificate } from "./certificate.ts";
import {
  type AddressNames,
  announcement,
  CAN_LISTEN_BESIDE,
  listen,
  listenBeside,
  type Listener,
  type ListenerValues,
} from "./listener.ts";
import { idleGraceMs } from "./signals.ts";
import type { Credentials } from "./tls.ts";

/** The shortest time between two log lines about failed TLS handshakes or PROXY headers. */
const HANDSHAKE_LOG_MS = 60_000;

/** The options of an HTTP server. */
export type HttpServerOptions =
  & Omit<ListenerValues, "header" | "share-port" | "drain-delay">
  & Partial<Pick<ListenerValues, "header" | "share-port">>;

/** How an HTTP server replies, and what it reports. */
export interface HttpServerConfig {
  readonly handler: Handler;
  readonly replyToMethod?: ConnectionManagerOptions["replyToMethod"];
  readonly replyToError?: ConnectionManagerOptions["replyToError"];
  /** For TLS; watched from now on, and closed with the server. */
  readonly certificate?: Certificate | undefined;
  /** Undefined if no peer is believed to be a proxy. */
  readonly proxies?: ProxyConfig | undefined;
  /** Bytes per second to each connection; 0 for no limit. */
  readonly limitRate?: number;
  /** Measures what is sent. */
  readonly load?: LoadMeter | undefined;
  /** Whether the access log has the annotations of replies. */
  readonly isAnnotated?: boolean;
  /** Where the access log goes; by default to standard output. */
  readonly output?: LineWriter | undefined;
  /** By default `--host` and `--port`. */
  readonly names?: AddressNames;
  /** Logs a message for the user, and its record for programs. */
  readonly info: (message: string, record?: object) => void;
  /** Logs an unexpected error. */
  readonly logError: (error: unknown, context?: FaultContext) => void;
}

/** HTTP server on one port: accepts, serves, writes the access log. */
export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #config: HttpServerConfig;
  readonly #output: LineWriter;
  readonly #accessLog: AccessLog;
  readonly #connections: ConnectionManager;
  #listener: Listener;
  #acceptor: Acceptor<Deno.TcpConn | Deno.TlsConn>;
  /** Settles when the listener before the present one has closed. */
  #replaced: Promise<void> = Promise.resolve();
  #isClosing = false;

  /**
   * Listens. The system queues clients until `serveUntil` is called.
   *
   * @throws as `listen`
   */
  constructor(options: HttpServerOptions, config: HttpServerConfig) {
    const { info, handler, certificate, limitRate = 0, isAnnotated = false, names } = config;
    const maxConnections = options["max-connections"];
    const handshakes = new LogThrottle(info, HANDSHAKE_LOG_MS);
    this.#options = options;
    this.#config = config;
    this.#output = config.output ?? standardOutput();
    this.#accessLog = new AccessLog(options.log, this.#output, isAnnotated);
    const { host, port, "share-port": isShared } = options;
    this.#listener = listen(host, port, certificate?.credentials, names, isShared);
    this.#connections = new ConnectionManager({
      handler,
      limitRate,
      load: config.load,
      maxConnections,
      replyToMethod: config.replyToMethod,
      replyToError: config.replyToError,
      proxies: config.proxies,
      addedFields: fieldSection(options.header ?? []),
      onServed: options.log === "none" ? undefined : (record) => this.#accessLog.record(record),
      onError: config.logError,
      onHandshakeFailed: (client, error) => {
        const failed = error instanceof HandshakeError ? "to agree on TLS" : "as a trusted proxy";
        handshakes.info(`${client} failed ${failed}: ${error.message}`, performance.now());
      },
      onFull: () => info(`${maxConnections} connections are open; others have to wait`),
    });
    this.#acceptor = this.#acceptorOf(this.#listener);
    certificate?.watch((credentials) => this.#renew(credentials));
  }

  get address(): Deno.NetAddr {
    return this.#listener.addr;
  }

  /** Whether it accepts connections, or is about to. */
  get isListening(): boolean {
    return !this.#isClosing;
  }

  /** Connections that are open now. */
  get openConnections(): number {
    return this.#connections.size;
  }

  /** Writes the line "listening on" to standard output. */
  announce(): void {
    this.#output.write(announcement(this.#listener, this.#config.certificate?.credentials));
    void this.#output.flush(LAST_LINES_MS);
  }

  /** Accepts connections until the signal fires. Those that are open then stay open. */
  async serveUntil(signal: AbortSignal): Promise<void> {
    let acceptor;
    do {
      acceptor = this.#acceptor;
      for await (const conn of acceptor.until(signal)) this.#connections.serve(conn);
    } while (acceptor !== this.#acceptor && !signal.aborted);
  }

  /**
   * Stops accepting, finishes replies that have begun, and writes the rest of the log.
   *
   * @param stop the signal that fired
   */
  async close(stop: AbortSignal): Promise<void> {
    this.#config.certificate?.close();
    this.#isClosing = true;
    await this.#replaced;
    await this.#acceptor.finish((conn) => this.#connections.serve(conn));
    await this.#connections.drain(
      this.#options.grace,
      idleGraceMs(stop, this.#options["share-port"]),
    );
    await this.#output.flush(LAST_LINES_MS);
    tellMissing(this.#accessLog.dropped, this.#output.lost, this.#config.info);
  }

  /** As `TakeUp`. */
  async #renew(credentials: Credentials): Promise<void> {
    if (!CAN_LISTEN_BESIDE) throw new Error("only on Linux can a certificate be read again");
    if (this.#isClosing) return;
    const before = this.#acceptor;
    this.#listener = listenBeside(this.#listener, credentials, this.#config.names);
    this.#acceptor = this.#acceptorOf(this.#listener);
    this.#replaced = before.finish((conn) => this.#connections.serve(conn));
    await this.#replaced;
  }

  #acceptorOf(listener: Listener): Acceptor<Deno.TcpConn | Deno.TlsConn> {
    return new Acceptor(listener, {
      onError: (error) => this.#config.info(`cannot accept for now: ${error.message}`),
      room: () => this.#connections.room(),
    });
  }
}
