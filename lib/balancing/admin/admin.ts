import type { Fields } from "../../http/fields.ts";
import { type Handler, type Reply, replyToMethod, type Request } from "../../net/handler.ts";
import type { FarmStatus, ServerStatus } from "../status.ts";
import { EventStreams, type Ticker } from "./event_streams.ts";
import { METRICS_TYPE, metricsPieces } from "./metrics.ts";
import { adminReply, ASSETS, lineReply, TextPieces } from "./replies.ts";
import { statusPieces } from "./status_json.ts";

/** How the status is served. */
export interface AdminOptions {
  /** Whether only this machine can connect: then Host must be an IP address or localhost. */
  readonly isLoopback: boolean;
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
  readonly #routes = new Map<string, () => Reply>([
    ["/healthz", () => healthReply(this.#status())],
    ["/status.json", () => piecesReply("application/json", statusPieces(this.#status()))],
    ["/metrics", () => piecesReply(METRICS_TYPE, metricsPieces(this.#status()))],
    ["/events", () => this.#eventsReply()],
  ]);

  /**
   * Has no event stream yet.
   *
   * @param status the current status; called at most about once a second for event streams, and for
   *     each other request
   */
  constructor(status: () => FarmStatus, options: AdminOptions) {
    this.#status = status;
    this.#isLoopback = options.isLoopback;
    this.#streams = new EventStreams(status, options.onError, options.ticker);
  }

  /** The handler of all requests. */
  readonly handle: Handler = ({ head, target }) => {
    const reason = crossOriginReason(head.fields, this.#isLoopback);
    if (reason !== undefined) return lineReply(403, reason);
    const path = pathOf(target);
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
  "There is nothing here, but at /, /healthz, /status.json, /metrics and /events.",
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
