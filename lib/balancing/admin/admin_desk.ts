import { Desk } from "../../run/desk.ts";
import type { Overview } from "../overview.ts";
import { Admin } from "./admin.ts";
import type { AdminAddress } from "./admin_address.ts";

/** Far more than there are event streams, so that those keep nobody else out. */
const MOST_CONNECTIONS = 1000;

/** How long answers may take that are under way at the end, in ms. */
const GRACE_MS = 1000;

const SECOND_MS = 1000;

/** Shows how the farm stands at an address of its own. */
export class AdminDesk {
  readonly #admin: Admin;
  readonly #desk: Desk;
  readonly #closing = new AbortController();
  readonly #serving: Promise<void>;
  readonly #ticking: ReturnType<typeof setInterval>;

  /**
   * Listens, says so, and serves until it is closed.
   *
   * @throws {CommandError} status 1, when it is not possible to listen there
   */
  constructor(address: AdminAddress, overview: Overview, tell: (message: string) => void) {
    this.#admin = new Admin(() => overview.status(Date.now()), address);
    const options = { "max-connections": MOST_CONNECTIONS, log: "none", grace: GRACE_MS } as const;
    this.#desk = new Desk(
      { host: address.hostname, port: address.port, ...options },
      { handler: this.#admin.handle, names: { host: "--admin", port: "--admin" }, tell },
    );
    const { hostname, port } = this.#desk.address;
    const host = hostname.includes(":") ? `[${hostname}]` : hostname;
    tell(`the farm is shown at http://${host}:${port}/`);
    this.#ticking = setInterval(() => overview.tick(), SECOND_MS);
    this.#serving = this.#desk.serveUntil(this.#closing.signal);
  }

  /** Ends all that is under way. */
  async close(): Promise<void> {
    clearInterval(this.#ticking);
    this.#admin.close();
    this.#closing.abort();
    await this.#serving;
    await this.#desk.close(this.#closing.signal);
  }
}
