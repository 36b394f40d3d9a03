import { authorityOf } from "../../http/grammar.ts";
import type { Logger } from "../../log/logger.ts";
import { HttpServer } from "../../process/http_server.ts";
import type { AdminAddress } from "../balancer_options.ts";
import type { StatusCollector } from "../status.ts";
import { Admin } from "./admin.ts";
import { everySecond, type Ticker } from "./event_streams.ts";

/** The most connections: far more than event streams, which so keep no request out. */
const MOST_CONNECTIONS = 1000;

/** Time for open requests at the end, in ms. */
const GRACE_MS = 1000;

/** Serves the admin pages at an address of their own. */
export class AdminServer {
  readonly #admin: Admin;
  readonly #server: HttpServer;
  readonly #closing = new AbortController();
  readonly #serving: Promise<void>;
  readonly #stopTicking: () => void;

  /**
   * Listens, logs the address, and serves until `close()`. Later errors are logged.
   *
   * @param ticker a clock for tests
   * @throws {CommandError} status 1, if it cannot listen there
   */
  constructor(
    address: AdminAddress,
    overview: Pick<StatusCollector, "status" | "tick">,
    { info, error: logError }: Pick<Logger, "info" | "error">,
    ticker: Ticker = everySecond,
  ) {
    const { isLoopback } = address;
    const status = () => overview.status(Date.now());
    this.#admin = new Admin(status, { isLoopback, onError: logError, ticker });
    const options = { "max-connections": MOST_CONNECTIONS, log: "none", grace: GRACE_MS } as const;
    this.#server = new HttpServer(
      { host: address.hostname, port: address.port, ...options },
      {
        handler: this.#admin.handle,
        replyToMethod: this.#admin.replyToMethod,
        names: { host: "--admin", port: "--admin" },
        info,
        logError,
      },
    );
    const { hostname, port } = this.#server.address;
    info(`the farm is shown at http://${authorityOf(hostname, port)}/`);
    this.#stopTicking = ticker(() => {
      try {
        overview.tick();
      } catch (error) {
        logError(error);
      }
    });
    this.#serving = this.#server.serveUntil(this.#closing.signal).catch(logError);
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    this.#stopTicking();
    this.#admin.close();
    this.#closing.abort();
    await this.#serving;
    await this.#server.close(this.#closing.signal);
  }
}
