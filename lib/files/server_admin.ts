/**
 * What `--admin` of a server shows: `/healthz`, `/status.json` and `/metrics`.
 *
 * @module
 */

import type { Logger } from "../log/logger.ts";
import type { Reply } from "../net/handler.ts";
import {
  type AdminAddress,
  AdminPages,
  AdminPort,
  type AdminRoute,
} from "../process/admin_port.ts";
import { adminReply, lineReply } from "../process/admin_replies.ts";
import { type Metric, METRICS_TYPE, MetricsText, seconds } from "../process/metrics_text.ts";
import { workerPort } from "../process/worker_protocol.ts";
import {
  type ServerStatus,
  serverStatus,
  type ServerStatusSources,
  statusText,
} from "./server_status.ts";

const SHOWN = "/healthz, /status.json and /metrics";

/** The pages of a server. @param isLoopback whether only this machine can connect */
export function serverPages(
  status: () => Promise<ServerStatus>,
  isLoopback: boolean,
): AdminPages {
  const routes = new Map<string, AdminRoute>([
    ["/", lineReply(200, `See ${SHOWN}.`)],
    ["/healthz", async () => healthReply(await status())],
    ["/status.json", async () => adminReply(200, "application/json", statusText(await status()))],
    ["/metrics", async () => adminReply(200, METRICS_TYPE, serverMetrics(await status()))],
  ]);
  return new AdminPages({ routes, shown: SHOWN, isLoopback });
}

/**
 * Serves these pages at an address of their own, which it logs; a worker leaves that to its parent.
 *
 * @param address if one is wanted
 * @throws {CommandError} status 1, if it cannot listen there
 */
export function openServerAdmin(
  address: AdminAddress | undefined,
  sources: ServerStatusSources,
  logger: Pick<Logger, "info" | "error">,
): AdminPort | undefined {
  if (address === undefined || workerPort() !== undefined) return undefined;
  const status = () => serverStatus(sources, Date.now());
  const port = new AdminPort(address, serverPages(status, address.isLoopback), logger);
  logger.info(`the server is shown at ${port.url}`);
  return port;
}

/** Health check: 200 if clients are served and are to come, else 503 with the reason. */
function healthReply({ isListening, isDraining, isStopping }: ServerStatus): Reply {
  if (isStopping) return lineReply(503, "the server is stopping");
  if (isDraining) return lineReply(503, "the server is about to stop");
  if (!isListening) return lineReply(503, "no process listens for clients");
  return lineReply(200, "ok");
}

const text = new MetricsText("server");

/** Writes all metrics. */
export function serverMetrics(status: ServerStatus): string {
  const responses = Object.entries(status.responses).map(([code, count]) =>
    text.sample("responses_total", { code }, count)
  );
  return text.heading("gauge", "build_info", "The version of the program; always 1.") +
    text.sample("build_info", { version: status.version }, 1) +
    text.all(METRICS, status) +
    text.heading("counter", "responses_total", "Responses by status code.") + responses.join("");
}

const METRICS: readonly Metric<ServerStatus>[] = [
  ["gauge", "start_time_seconds", "When it began, since 1970.", (it) => seconds(it.startedAt)],
  ["gauge", "listening", "Whether clients can connect: 1 or 0.", (it) => +it.isListening],
  ["gauge", "draining", "Whether it is about to stop: 1 or 0.", (it) => +it.isDraining],
  ["gauge", "stopping", "Whether it accepts no more: 1 or 0.", (it) => +it.isStopping],
  ["gauge", "workers", "Processes that serve.", (it) => it.workers],
  ["gauge", "open_connections", "Clients that are connected.", (it) => it.connections],
  [
    "gauge",
    "open_transfers",
    "Responses whose content it is sending.",
    ({ load }) => load.openTransfers,
  ],
  ["gauge", "pending_bytes", "Content that it has still to send.", ({ load }) => load.pendingBytes],
  ["counter", "sent_bytes_total", "Content sent.", (it) => it.sentBytes],
  ["counter", "cache_hits_total", "Requests answered from memory.", ({ cache }) => cache.hits],
  [
    "counter",
    "cache_misses_total",
    "Requests for which a file was opened.",
    ({ cache }) => cache.misses,
  ],
  ["gauge", "cache_entries", "Files in memory.", ({ cache }) => cache.entries],
  ["gauge", "cache_bytes", "Bytes of the files in memory.", ({ cache }) => cache.bytes],
  [
    "gauge",
    "open_fds",
    "Open descriptors, where the system tells.",
    ({ descriptors }) => descriptors?.open,
  ],
  [
    "gauge",
    "max_fds",
    "The limit of open descriptors, where the system tells.",
    ({ descriptors }) => descriptors?.limit,
  ],
  [
    "gauge",
    "certificate_expiry_timestamp_seconds",
    "When its certificate expires, since 1970.",
    ({ certificate }) => seconds(certificate?.expiresAt),
  ],
];
