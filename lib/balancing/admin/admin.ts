import type { Fields } from "../../http/fields.ts";
import { authorityOf } from "../../http/grammar.ts";
import type { Logger } from "../../log/logger.ts";
import { type Handler, type Reply, replyToMethod, type Request } from "../../net/handler.ts";
import { HttpServer } from "../../process/http_server.ts";
import type { AdminAddress } from "../balancer_options.ts";
import {
  type FarmStatus,
  type ServerStatus,
  type StatusCollector,
  statusPieces,
} from "../status.ts";
import type { Explain } from "../why.ts";
import { EventStreams, everySecond, type Ticker } from "./event_streams.ts";
import { METRICS_TYPE, metricsPieces } from "./metrics.ts";
import { adminReply, ASSETS, lineReply, TextPieces } from "./replies.ts";
import { whyReply } from "./why_reply.ts";

/** How the status is served. */
export interface AdminOptions {
  /** Whether only this machine can connect: then Host must be an IP address or localhost. */
  readonly isLoopback: boolean;
  /** Explains what a client would be answered. */
  readonly explain: Explain;
  /** Receives errors outside of requests. */
  readonly onError: (error: unknown) => void;
  /** A clock for tests; default: that of the system. */
  readonly ticker?: Ticker;
}

/** Serves the status as a page, as JSON, as metrics and as health checks. */
export class Admin {
  readonly #status: () => FarmStatus;
  readonly #isLoopback: boolean;
  readonly #streams: EventStreams;
  readonly #explain: Explain;
  readonly #routes = new Map<string, () => Reply>([
    ["/healthz", () => healthReply(this.#status())],
    ["/status.json", () => piecesReply("application/json", statusPieces(this.#status()))],
    ["/metrics", () => piecesReply(METRICS_TYPE, metricsPieces(this.#status()))],
    ["/events", () => this.#eventsReply()],
  ]);

  /**
   * @param status the current status; called at most about once a second for event streams, and for
   *     each other request
   */
  constructor(status: () => FarmStatus, options: AdminOptions) {
    this.#status = status;
    this.#isLoopback = options.isLoopback;
    this.#explain = options.explain;
    this.#streams = new EventStreams(status, options.onError, options.ticker);
  }

  readonly handle: Handler = ({ head, target }) => {
    const reason = crossOriginReason(head.fields, this.#isLoopback);
    if (reason !== undefined) return lineReply(403, reason);
    const path = pathOf(target);
    if (path === "/why") {
      return whyReply(target.slice(path.length + 1), head.fields.get("accept"), this.#explain);
    }
    return this.#routes.get(path)?.() ?? ASSETS.get(path) ?? NOTHING;
  };

  /** As `ServerConfig`: OPTIONS of `/healthz`, by which HAProxy checks, is answered as GET. */
  readonly replyToMethod = (request: Request): Reply | undefined => {
    const { head, target } = request;
    const isHealthCheck = head.method === "OPTIONS" && pathOf(target) === "/healthz";
    return isHealthCheck ? undefined : replyToMethod(request);
  };

  /** Ends all event streams after a last status; opens no new ones. */
  close(): void {
    this.#streams.close();
  }

  #eventsReply(): Reply {
    const stream = this.#streams.open();
    if (stream === undefined) return lineReply(503, "The balancer is stopping.");
    return adminReply(200, "text/event-stream", stream);
  }
}

function pathOf(target: string): string {
  return target.split("?", 1)[0]!;
}

function piecesReply(contentType: string, pieces: Iterator<string>): Reply {
  return adminReply(200, contentType, new TextPieces(pieces));
}

const NOTHING = lineReply(
  404,
  "There is nothing here, but at /, /healthz, /status.json, /metrics, /why and /events.",
);

/** Health check: 200 if clients are redirected, else 503 with the reason. */
export function healthReply(status: FarmStatus): Reply {
  if (status.isStopping) return lineReply(503, "the balancer is stopping");
  if (!status.servers.some(isPickable)) {
    return lineReply(503, `no server is available: ${whatThereIs(status.servers)}`);
  }
  if (!status.isListening) {
    const isStarting = status.rounds.endedAt === null;
    const reason = isStarting ? "the first round is under way" : "no process listens for clients";
    return lineReply(503, reason);
  }
  return lineReply(200, "ok");
}

/** An available backup may be picked if no better server is available. */
function isPickable({ state, isDrained }: ServerStatus): boolean {
  return state === "available" && !isDrained;
}

function whatThereIs(servers: readonly ServerStatus[]): string {
  const counts = [
    [servers.filter(({ state }) => state === "out").length, "out"],
    [servers.filter(({ state }) => state === "untested").length, "not yet tested"],
    [servers.filter(({ state }) => state === "available").length, "drained"],
  ] as const;
  const parts = counts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return parts.length > 0 ? parts.join(", ") : "the list is empty";
}

/** A host name that no web site can own: an address as URL parsers write it, or localhost. */
const OWN_NAME = /^(?:\[[\da-f:]+\]|\d+\.\d+\.\d+\.\d+|(?:.+\.)?localhost\.?)$/;

/**
 * Cross-origin check: why a request may come from another web site, through the browser of a user
 * who can connect here; undefined if it seems not to.
 *
 * A site may resolve its own name to 127.0.0.1 (DNS rebinding) and would then read all replies as
 * its own: if only this machine can connect, Host must be no such name. Sec-Fetch fields reveal
 * requests of sites that could not read the replies, but could occupy all event streams.
 *
 * @param isLoopback whether only this machine can connect
 */
export function crossOriginReason(fields: Fields, isLoopback: boolean): string | undefined {
  const host = fields.get("host");
  if (isLoopback && host !== undefined && !isOwnName(host)) {
    return "Only requests to an IP address or to localhost are answered here.";
  }
  const site = fields.get("sec-fetch-site");
  if (site !== "cross-site" && site !== "same-site") return undefined;
  if (fields.get("sec-fetch-dest") === "document") return undefined; // A link was followed.
  return "Requests from other sites are not answered here.";
}

function isOwnName(host: string): boolean {
  return OWN_NAME.test(URL.parse(`http://${host}/`)?.hostname ?? "");
}

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
    explain: Explain,
    { info, error: logError }: Pick<Logger, "info" | "error">,
    ticker: Ticker = everySecond,
  ) {
    const { isLoopback } = address;
    const status = () => overview.status(Date.now());
    this.#admin = new Admin(status, { isLoopback, explain, onError: logError, ticker });
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

  async close(): Promise<void> {
    this.#stopTicking();
    this.#admin.close();
    this.#closing.abort();
    await this.#serving;
    await this.#server.close(this.#closing.signal);
  }
}
