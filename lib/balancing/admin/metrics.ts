/**
 * The status for Prometheus, in its text format 0.0.4.
 *
 * @module
 */

import { CHECK_RESULTS } from "../file_checks/file_checks.ts";
import { LOAD_ANSWERS } from "../load_checks/ask_load.ts";
import { TIER_NAMES } from "../tiers.ts";
import type { FarmStatus, ServerStatus } from "../status.ts";

/** The media type of the text. */
export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

const STATES = ["untested", "available", "out"] as const;

type Type = "gauge" | "counter";

/** Servers in one piece of a metric, which takes about 1 ms to make. */
const PIECE_SERVERS = 500;

/** A metric: its value for what is given; without one if that is null or undefined. */
type Metric<T> = readonly [
  type: Type,
  name: string,
  help: string,
  valueOf: (of: T) => number | null | undefined,
];

/** Writes all metrics, piece by piece. */
export function* metricsPieces(status: FarmStatus): Generator<string, void> {
  const { version, policy } = status;
  const build = line("build_info", labelsText({ version, policy }), 1);
  yield heading("gauge", "build_info", "The version of the program and its policy; always 1.") +
    build +
    BALANCER_METRICS.map(([type, name, help, valueOf]) => {
      const sample = line(name, "", valueOf(status));
      return sample && heading(type, name, help) + sample;
    }).join("") +
    checksText(status) + loadChecksText(status) + tiersText(status);
  yield* serversPieces(status.servers);
}

/** Nothing if no files are checked. */
function checksText({ files }: FarmStatus): string {
  if (files === null) return "";
  return heading("counter", "file_checks_total", "Questions about files by their results.") +
    CHECK_RESULTS.map((result) =>
      line("file_checks_total", labelsText({ result }), files.checks[result])
    ).join("");
}

/** Nothing if no server is asked. */
function loadChecksText({ loadChecks }: FarmStatus): string {
  if (loadChecks === null) return "";
  const help = "Questions to servers about their load by their results.";
  return heading("counter", "load_checks_total", help) +
    LOAD_ANSWERS.map((result) =>
      line("load_checks_total", labelsText({ result }), loadChecks.results[result])
    ).join("");
}

/** Nothing if the places of clients do not matter. */
function tiersText({ tiers }: FarmStatus): string {
  if (tiers === null) return "";
  return heading(
    "counter",
    "tier_redirects_total",
    "Clients redirected to a server of each tier.",
  ) +
    TIER_NAMES.map((tier) => line("tier_redirects_total", labelsText({ tier }), tiers[tier]))
      .join("");
}

/** The metrics of the balancer and its rounds. */
const BALANCER_METRICS: readonly Metric<FarmStatus>[] = [
  ["gauge", "start_time_seconds", "When it began, since 1970.", (it) => seconds(it.startedAt)],
  ["gauge", "listening", "Whether clients can come: 1 or 0.", (it) => +it.isListening],
  ["gauge", "stopping", "Whether it accepts no more clients: 1 or 0.", (it) => +it.isStopping],
  ["gauge", "workers", "Processes that redirect.", (it) => it.workers],
  ["counter", "redirects_total", "Clients that were redirected.", (it) => it.redirects],
  [
    "counter",
    "unavailable_answers_total",
    "Clients that were told that no server is available.",
    (it) => it.unavailable,
  ],
  [
    "counter",
    "missing_answers_total",
    "Clients that were told that all servers lack the file.",
    ({ files, missing }) => files && missing,
  ],
  [
    "gauge",
    "arrivals_dispersion_ratio",
    "Variance over mean of the clients sent to a server in a second, over all servers.",
    ({ dispersion }) => dispersion,
  ],
  ["gauge", "files_known", "Files that something is known of.", ({ files }) => files?.known],
  [
    "gauge",
    "files_lacking",
    "Files of those that a server lacks and another has.",
    ({ files }) => files?.lacking,
  ],
  [
    "gauge",
    "files_differing",
    "Files of those with several versions.",
    ({ files }) => files?.differing,
  ],
  [
    "counter",
    "load_check_tests_total",
    "Tests of servers that did not answer when asked about their load.",
    ({ loadChecks }) => loadChecks?.tests,
  ],
  ["counter", "rounds_total", "Rounds of tests that have ended.", ({ rounds }) => rounds.count],
  [
    "gauge",
    "round_interval_seconds",
    "Time between rounds of tests.",
    (it) => seconds(it.intervalMs),
  ],
  [
    "gauge",
    "round_under_way",
    "Whether a round of tests is under way: 1 or 0.",
    ({ rounds }) => +rounds.isUnderWay,
  ],
  [
    "gauge",
    "round_duration_seconds",
    "Duration of the last round.",
    ({ rounds }) => seconds(rounds.elapsedMs),
  ],
  [
    "gauge",
    "round_end_time_seconds",
    "When the last round ended, since 1970.",
    ({ rounds }) => seconds(rounds.endedAt),
  ],
];

/** The metrics of servers. */
const SERVER_METRICS: readonly Metric<ServerStatus>[] = [
  ["gauge", "share_ratio", "Fraction of all requests meant for it.", ({ share }) => share],
  [
    "gauge",
    "throughput_bytes_per_second",
    "Throughput of its latest transfer that counts.",
    ({ throughputBytesPerSecond }) => throughputBytesPerSecond,
  ],
  [
    "gauge",
    "transfer_duration_seconds",
    "Duration of its last test; missing where that failed.",
    (server) => seconds(lastTransfer(server)?.elapsedMs),
  ],
  [
    "gauge",
    "transfer_bytes",
    "Content that its last test transferred; missing where that failed.",
    (server) => lastTransfer(server)?.bytes,
  ],
  [
    "gauge",
    "transfer_partial",
    "Whether the time for its last test was over before the content was whole: 1 or 0.",
    (server) => {
      const last = lastTransfer(server);
      return last && +last.partial;
    },
  ],
  [
    "gauge",
    "transfer_success",
    "Whether its last test passed: 1 or 0; missing before the first.",
    (server) => server.transfers.length === 0 ? undefined : +(lastTransfer(server) !== undefined),
  ],
  [
    "gauge",
    "state_change_time_seconds",
    "Since when it has been available or out, since 1970.",
    ({ since }) => seconds(since),
  ],
  ["gauge", "weight", "What the list says of its weight.", ({ weight }) => weight],
  ["gauge", "priority", "Servers above the lowest are backups.", ({ priority }) => priority],
  ["gauge", "drained", "Whether it gets no new clients: 1 or 0.", ({ isDrained }) => +isDrained],
  ["gauge", "climb_ratio", "How far it has come back after it was out.", ({ climb }) => climb],
  [
    "gauge",
    "files_lacking",
    "Files that it lacks and another server has.",
    ({ files }) => files?.lacking,
  ],
  [
    "gauge",
    "files_differing",
    "Files that it has in another version than the one that clients get.",
    ({ files }) => files?.differing,
  ],
  [
    "gauge",
    "load_open_transfers",
    "Responses whose content it is sending, as it says.",
    ({ load }) => load?.openTransfers,
  ],
  [
    "gauge",
    "load_pending_bytes",
    "Content that it has still to send, as it says.",
    ({ load }) => load?.pendingBytes,
  ],
  [
    "gauge",
    "load_bytes_per_second",
    "Content that it sends, as it says.",
    ({ load }) => load?.bytesPerSecond,
  ],
  [
    "gauge",
    "load_report_time_seconds",
    "When it said so, since 1970.",
    ({ load }) => seconds(load?.at),
  ],
  ["counter", "redirects_total", "Clients that were sent there.", ({ redirects }) => redirects],
];

function* serversPieces(servers: readonly ServerStatus[]): Generator<string, void> {
  const help = "1 for the state it is in, 0 for the others.";
  yield* family(
    servers,
    "gauge",
    "state",
    help,
    ({ name, state: actual }) =>
      STATES.map((state) =>
        line("server_state", labelsText({ server: name, state }), +(state === actual))
      ).join(""),
  );
  for (const [type, name, help, valueOf] of SERVER_METRICS) {
    yield* family(
      servers,
      type,
      name,
      help,
      (server) => line(`server_${name}`, labelsText({ server: server.name }), valueOf(server)),
    );
  }
}

/** One metric of all servers; nothing if none of its values is known. */
function* family(
  servers: readonly ServerStatus[],
  type: Type,
  name: string,
  help: string,
  linesOf: (server: ServerStatus) => string,
): Generator<string, void> {
  let head = heading(type, `server_${name}`, help);
  for (let start = 0; start < servers.length; start += PIECE_SERVERS) {
    const lines = servers.slice(start, start + PIECE_SERVERS).map(linesOf).join("");
    if (lines === "") continue;
    yield head + lines;
    head = "";
  }
}

function heading(type: Type, name: string, help: string): string {
  return `# HELP balancer_${name} ${help}\n# TYPE balancer_${name} ${type}\n`;
}

/** One sample; nothing if its value is unknown. */
function line(name: string, labels: string, value: number | null = null): string {
  return value === null ? "" : `balancer_${name}${labels} ${value}\n`;
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return `{${parts.join(",")}}`;
}

/** Escapes backslash, quote and line feed in a label's value. */
function escapeLabel(value: string): string {
  return value.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n");
}

/** The last test if it passed. */
function lastTransfer({ transfers }: ServerStatus) {
  const last = transfers.at(-1);
  return last !== undefined && "elapsedMs" in last ? last : undefined;
}

function seconds(ms: number | null = null): number | null {
  return ms === null ? null : ms / 1000;
}
