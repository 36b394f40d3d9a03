import { authorityOf } from "../../http/grammar.ts";
import type { Logger } from "../../log/logger.ts";
import { HttpServer } from "../../process/http_server.ts";
import type { AdminAddress } from "../balancer_options.ts";
import type { StatusCollector } from "../status.ts";
import { Admin } from "./admin.ts";
import { everySecond, type Ticker } from "./event_streams.ts";

/** Far more than there are event streams, so that those keep nobody else out. */
const MOST_CONNECTIONS = 1000;

/** How long answers may take that are under way at the end, in ms. */
const GRACE_MS = 1000;

/** Shows how the farm stands at an address of its own. */
export class AdminServer {
  readonly #admin: Admin;
  readonly #server: HttpServer;
  readonly #closing = new AbortController();
  readonly #serving: Promise<void>;
  readonly #stopTicking: () => void;

  /**
   * Listens, says so, and serves until it is closed. Whatever goes wrong then is told, and is no
   * reason to end anything else.
   *
   * @param ticker stands in for the clock in tests
   * @throws {CommandError} status 1, when it is not possible to listen there
   */
  constructor(
    address: AdminAddress,
    overview: Pick<StatusCollector, "status" | "tick">,
    { tell, tellError }: Pick<Logger, "tell" | "tellError">,
    ticker: Ticker = everySecond,
  ) {
    const { isLoopback } = address;
    const status = () => overview.status(Date.now());
    this.#admin = new Admin(status, { isLoopback, onError: tellError, ticker });
    const options = { "max-connections": MOST_CONNECTIONS, log: "none", grace: GRACE_MS } as const;
    this.#server = new HttpServer(
      { host: address.hostname, port: address.port, ...options },
      {
        handler: this.#admin.handle,
        replyToMethod: this.#admin.replyToMethod,
        names: { host: "--admin", port: "--admin" },
        tell,
        tellError,
      },
    );
    const { hostname, port } = this.#server.address;
    tell(`the farm is shown at http://${authorityOf(hostname, port)}/`);
    this.#stopTicking = ticker(() => {
      try {
        overview.tick();
      } catch (error) {
        tellError(error);
      }
    });
    this.#serving = this.#server.serveUntil(this.#closing.signal).catch(tellError);
  }

  /** Ends all that is under way. */
  async close(): Promise<void> {
    this.#stopTicking();
    this.#admin.close();
    this.#closing.abort();
    await this.#serving;
    await this.#server.close(this.#closing.signal);
  }
}
