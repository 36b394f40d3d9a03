import type { Fields } from "../../http/fields.ts";
import { type Handler, type Reply, replyToMethod, type Request } from "../../net/handler.ts";
import type { FarmStatus, ServerStatus } from "../status.ts";
import { EventStreams, type Ticker } from "./event_streams.ts";
import { METRICS_TYPE, metricsPieces } from "./metrics.ts";
import { adminReply, ASSETS, lineReply, TextPieces } from "./replies.ts";
import { statusPieces } from "./status_json.ts";

/** How the farm is shown. */
export interface AdminOptions {
  /** Whether only this machine can connect: then names in Host are refused but for localhost. */
  readonly isLoopback: boolean;
  /** Told of what must not happen beside a request. */
  readonly onError: (error: unknown) => void;
  /** Stands in for the clock in tests; by default that of the system. */
  readonly ticker?: Ticker;
}

/** Shows how the farm stands: to people, to programs, and to those who watch over it. */
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
   * Shows what it is told when somebody asks.
   *
   * @param status how the farm stands now; asked for at most about once a second while somebody
   *     looks at the page, and for each request of something else
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

  /** As `ServerConfig`: OPTIONS of `/healthz`, by which HAProxy asks, says what GET would. */
  readonly replyToMethod = (request: Request): Reply | undefined => {
    const { head, target } = request;
    const isHealthCheck = head.method === "OPTIONS" && pathOf(target) === "/healthz";
    return isHealthCheck ? undefined : replyToMethod(request);
  };

  /** Ends all event streams, after the last status; from now on no new one is opened. */
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

/** 200 when clients are redirected, else 503 with the reason; for those who watch the balancer. */
export function healthReply(status: FarmStatus): Reply {
  if (status.isStopping) return lineReply(503, "the balancer is stopping");
  if (!status.servers.some(isPickable)) {
    return lineReply(503, `no server is available: ${whatThereIs(status.servers)}`);
  }
  if (!status.isListening) {
    const isStarting = status.rounds.endedAt === null;
    const reason = isStarting ? "the first round is under way" : "nobody listens for clients";
    return lineReply(503, reason);
  }
  return lineReply(200, "ok");
}

/** Backups may be picked when they are available: then nobody better is. */
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

/** What a web site cannot make its own name: an address as URL parsers write it, or localhost. */
const OWN_NAME = /^(?:\[[\da-f:]+\]|\d+\.\d+\.\d+\.\d+|(?:.+\.)?localhost\.?)$/;

/**
 * Why a request may come from a web site elsewhere, through the browser of somebody who can connect
 * here; undefined when it does not look so.
 *
 * A site may let its own name lead to 127.0.0.1 (DNS rebinding) and would then read all answers as
 * its own: where only this machine can connect, Host must be no such name. What browsers themselves
 * say of a request, its Sec-Fetch fields, gives away sites that could not read the answers but could
 * take up all event streams.
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
  if (fields.get("sec-fetch-dest") === "document") return undefined; // Somebody follows a link.
  return "Requests from other sites are not answered here.";
}

function isOwnName(host: string): boolean {
  return OWN_NAME.test(URL.parse(`http://${host}/`)?.hostname ?? "");
}
