import type { Logger } from "../../log/logger.ts";
import type { Handler, Reply, Request } from "../../net/handler.ts";
import {
  type AdminAddress,
  AdminPages,
  AdminPort,
  type AdminRoute,
} from "../../process/admin_port.ts";
import { adminReply, lineReply, TextPieces } from "../../process/admin_replies.ts";
import { METRICS_TYPE } from "../../process/metrics_text.ts";
import {
  type FarmStatus,
  type ServerStatus,
  type StatusCollector,
  statusPieces,
} from "../status.ts";
import type { Explain } from "../why.ts";
import { ASSETS } from "./assets.ts";
import { EventStreams, everySecond, type Ticker } from "./event_streams.ts";
import { metricsPieces } from "./metrics.ts";
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
  readonly #streams: EventStreams;
  readonly #pages: AdminPages;

  /**
   * @param status the current status; called at most about once a second for event streams, and for
   *     each other request
   */
  constructor(
    status: () => FarmStatus,
    { isLoopback, explain, onError, ticker }: AdminOptions,
  ) {
    this.#streams = new EventStreams(status, onError, ticker);
    const routes = new Map<string, AdminRoute>([
      ...ASSETS,
      ["/healthz", () => healthReply(status())],
      ["/status.json", () => piecesReply("application/json", statusPieces(status()))],
      ["/metrics", () => piecesReply(METRICS_TYPE, metricsPieces(status()))],
      ["/why", ({ head, target }) => {
        const query = target.slice("/why?".length);
        return whyReply(query, head.fields.get("accept"), explain);
      }],
      ["/events", () => this.#eventsReply()],
    ]);
    const shown = "/, /healthz, /status.json, /metrics, /why and /events";
    this.#pages = new AdminPages({ routes, shown, isLoopback });
  }

  /** As `AdminPages.handle`. */
  get handle(): Handler {
    return this.#pages.handle;
  }

  /** As `AdminPages.replyToMethod`. */
  get replyToMethod(): (request: Request) => Reply | undefined {
    return this.#pages.replyToMethod;
  }

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

function piecesReply(contentType: string, pieces: Iterator<string>): Reply {
  return adminReply(200, contentType, new TextPieces(pieces));
}

/** Health check: 200 if clients are redirected, else 503 with the reason. */
export function healthReply(status: FarmStatus): Reply {
  if (status.isStopping) return lineReply(503, "the balancer is stopping");
  if (status.isDraining) return lineReply(503, "the balancer is about to stop");
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

/** Serves the admin pages at an address of their own. */
export class AdminServer {
  readonly #admin: Admin;
  readonly #port: AdminPort;
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
    logger: Pick<Logger, "info" | "error">,
    ticker: Ticker = everySecond,
  ) {
    const status = () => overview.status(Date.now());
    const { isLoopback } = address;
    this.#admin = new Admin(status, { isLoopback, explain, onError: logger.error, ticker });
    this.#port = new AdminPort(address, this.#admin, logger);
    logger.info(`the farm is shown at ${this.#port.url}`);
    this.#stopTicking = ticker(() => {
      try {
        overview.tick();
      } catch (error) {
        logger.error(error);
      }
    });
  }

  async close(): Promise<void> {
    this.#stopTicking();
    this.#admin.close();
    await this.#port.close();
  }
}
