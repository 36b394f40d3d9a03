import { type Handler, type Reply, replyToMethod, type Request } from "../../net/handler.ts";
import type { FarmStatus } from "../status.ts";
import { adminReply, lineReply } from "./admin_reply.ts";
import { ASSETS } from "./assets.ts";
import { EventStreams } from "./event_streams.ts";
import { healthReply } from "./healthz.ts";
import { METRICS_TYPE, metricsPieces } from "./metrics.ts";
import { statusPieces } from "./status_document.ts";
import { TextPieces } from "./text_pieces.ts";
import type { Ticker } from "./ticker.ts";
import { crossOriginReason } from "./visitor.ts";

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
