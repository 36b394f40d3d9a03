import { type FieldLine, fieldSection } from "../http/fields.ts";
import { AccessLog, type LogFormat, standardOutput, tellMissing } from "../log/access_log.ts";
import type { FaultContext } from "../log/fault.ts";
import { LAST_LINES_MS, type LineWriter } from "../log/line_writer.ts";
import { LogThrottle } from "../log/logger.ts";
import { Acceptor } from "../net/accept.ts";
import { ConnectionManager, type ConnectionManagerOptions } from "../net/connection_manager.ts";
import type { Handler } from "../net/handler.ts";
import {
  type AddressNames,
  announcement,
  CAN_LISTEN_BESIDE,
  listen,
  listenBeside,
  type Listener,
} from "./listener.ts";
import { idleGraceMs } from "./signals.ts";
import { type Credentials, readCredentials, type TlsValues } from "./tls.ts";

/** A failed TLS handshake is logged once in so many ms. */
const HANDSHAKES_TOLD_MS = 60_000;

/** Options of an HTTP server, as `listenerOptions` reads them. */
export interface HttpServerOptions {
  /** The address to listen on. */
  readonly host: string;
  /** Its port; 0 for any free one. */
  readonly port: number;
  /** Connections at a time. */
  readonly "max-connections": number;
  /** The form of the access log. */
  readonly log: LogFormat;
  /** How long to finish answers when stopped, in ms. */
  readonly grace: number;
  /** Fields of every answer. */
  readonly header?: readonly FieldLine[];
}

/** How an HTTP server answers, and what it reports. */
export interface HttpServerConfig {
  /** Decides the replies. */
  readonly handler: Handler;
  /** See `SessionParts.replyToMethod`. */
  readonly replyToMethod?: ConnectionManagerOptions["replyToMethod"];
  /** Where connections are to be encrypted. */
  readonly credentials?: Credentials | undefined;
  /** Bytes per second to each connection; 0 for no limit. */
  readonly limitRate?: number;
  /** Whether the access log tells the annotations of replies. */
  readonly isAnnotated?: boolean;
  /** Where the access log goes; to standard output of its own by default. */
  readonly output?: LineWriter | undefined;
  /** The options by which the user chose address and port, where they are others than usual. */
  readonly names?: AddressNames;
  /** Logs a message for the user, and its record for programs. */
  readonly info: (message: string, record?: object) => void;
  /** Logs an unexpected error. */
  readonly logError: (error: unknown, context?: FaultContext) => void;
}

/** HTTP server on one port: accepts, serves, writes the access log. */
export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #parts: HttpServerConfig;
  readonly #output: LineWriter;
  readonly #log: AccessLog;
  readonly #service: ConnectionManager;
  #listener: Listener;
  #acceptor: Acceptor<Deno.TcpConn | Deno.TlsConn>;
  #isRenewalDue = false;
  #renewing: Promise<void> | undefined;
  /** Settles when the listener before the present one has closed. */
  #replaced: Promise<void> = Promise.resolve();
  #isClosing = false;

  /**
   * Listens; clients wait with the system until they are served.
   *
   * @throws {CommandError} status 1, when it is not possible to listen there
   */
  constructor(options: HttpServerOptions, parts: HttpServerConfig) {
    const { info, handler, credentials, limitRate = 0, isAnnotated = false, names } = parts;
    const maxConnections = options["max-connections"];
    const handshakes = new LogThrottle(info, HANDSHAKES_TOLD_MS);
    this.#options = options;
    this.#parts = parts;
    this.#output = parts.output ?? standardOutput();
    this.#log = new AccessLog(options.log, this.#output, isAnnotated);
    this.#listener = listen(options.host, options.port, credentials, names);
    this.#service = new ConnectionManager({
      ...{ handler, limitRate, maxConnections },
      replyToMethod: parts.replyToMethod,
      addedFields: fieldSection(options.header ?? []),
      onServed: options.log === "none" ? undefined : (served) => this.#log.record(served),
      onError: parts.logError,
      onHandshakeFailed: (client, { message }) =>
        handshakes.info(`${client} failed to agree on TLS: ${message}`, performance.now()),
      onFull: () => info(`${maxConnections} connections are open; others have to wait`),
    });
    this.#acceptor = this.#acceptorOf(this.#listener);
  }

  /** Where it listens. */
  get address(): Deno.NetAddr {
    return this.#listener.addr;
  }

  /** Writes the line "listening on" to standard output. */
  announce(): void {
    this.#output.write(announcement(this.#listener, this.#parts.credentials));
    void this.#output.flush(LAST_LINES_MS); // At once.
  }

  /** Accepts until the signal fires; open connections are served on. */
  async serveUntil(signal: AbortSignal): Promise<void> {
    let acceptor;
    do {
      acceptor = this.#acceptor;
      for await (const conn of acceptor.until(signal)) this.#service.serve(conn);
    } while (acceptor !== this.#acceptor && !signal.aborted);
  }

  /**
   * Reads the certificate again, for new connections; open ones go on. An unusable one is logged,
   * and the one in use stays. A call while a renewal is under way starts another one after it. Never
   * rejects.
   */
  renewCertificate(options: TlsValues): Promise<void> {
    this.#isRenewalDue = true;
    return this.#renewing ??= this.#renewWhileDue(options);
  }

  /**
   * Stops accepting, finishes replies under way, and writes the rest of the log.
   *
   * @param stop the signal that has fired
   */
  async close(stop: AbortSignal): Promise<void> {
    this.#isClosing = true;
    await this.#replaced;
    await this.#acceptor.finish((conn) => this.#service.serve(conn));
    await this.#service.drain(this.#options.grace, idleGraceMs(stop));
    await this.#output.flush(LAST_LINES_MS);
    tellMissing(this.#log.dropped, this.#output.lost, this.#parts.info);
  }

  async #renewWhileDue(options: TlsValues): Promise<void> {
    while (this.#isRenewalDue) {
      this.#isRenewalDue = false;
      try {
        await this.#renew(options);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#parts.info(`${reason}; the certificate in use stays`);
      }
    }
    this.#renewing = undefined;
  }

  async #renew(options: TlsValues): Promise<void> {
    if (!CAN_LISTEN_BESIDE) throw new Error("only on Linux can a certificate be read again");
    const credentials = await readCredentials(options, Date.now());
    if (credentials === undefined || this.#isClosing) return;
    const before = this.#acceptor;
    this.#listener = listenBeside(this.#listener, credentials, this.#parts.names);
    this.#acceptor = this.#acceptorOf(this.#listener);
    this.#replaced = before.finish((conn) => this.#service.serve(conn));
    await this.#replaced;
    this.#parts.info("the certificate was read again: who connects from now on gets it");
  }

  #acceptorOf(listener: Listener): Acceptor<Deno.TcpConn | Deno.TlsConn> {
    return new Acceptor(listener, {
      onError: (error) => this.#parts.info(`cannot accept for now: ${error.message}`),
      room: () => this.#service.room(),
    });
  }
}
