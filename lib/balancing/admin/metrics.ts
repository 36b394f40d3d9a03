/**
 * The status for Prometheus.
 *
 * @module
 */

import { type Metric, MetricsText, type MetricType, seconds } from "../../process/metrics_text.ts";
import { CHECK_RESULTS } from "../file_checks/file_checks.ts";
import { LOAD_ANSWERS } from "../load_checks/ask_load.ts";
import { TIER_NAMES } from "../tiers.ts";
import type { FarmStatus, ServerStatus } from "../status.ts";

const STATES = ["untested", "available", "out"] as const;

const text = new MetricsText("balancer");

/** Servers in one piece of a metric, which takes about 1 ms to make. */
const PIECE_SERVERS = 500;

/** Writes all metrics, piece by piece. */
export function* metricsPieces(status: FarmStatus): Generator<string, void> {
  const { version, policy } = status;
  yield text.heading(
    "gauge",
    "build_info",
    "The version of the program and its policy; always 1.",
  ) +
    text.sample("build_info", { version, policy }, 1) +
    text.all(BALANCER_METRICS, status) + checksText(status) + loadChecksText(status) +
    tiersText(status);
  yield* serversPieces(status.servers);
}

/** Nothing if no files are checked. */
function checksText({ files }: FarmStatus): string {
  if (files === null) return "";
  return text.heading("counter", "file_checks_total", "Questions about files by their results.") +
    CHECK_RESULTS.map((result) =>
      text.sample("file_checks_total", { result }, files.checks[result])
    ).join("");
}

/** Nothing if no server is asked. */
function loadChecksText({ loadChecks }: FarmStatus): string {
  if (loadChecks === null) return "";
  const help = "Questions to servers about their load by their results.";
  return text.heading("counter", "load_checks_total", help) +
    LOAD_ANSWERS.map((result) =>
      text.sample("load_checks_total", { result }, loadChecks.results[result])
    ).join("");
}

/** Nothing if the places of clients do not matter. */
function tiersText({ tiers }: FarmStatus): string {
  if (tiers === null) return "";
  return text.heading(
    "counter",
    "tier_redirects_total",
    "Clients redirected to a server of each tier.",
  ) +
    TIER_NAMES.map((tier) => text.sample("tier_redirects_total", { tier }, tiers[tier]))
      .join("");
}

/** The metrics of the balancer and its rounds. */
const BALANCER_METRICS: readonly Metric<FarmStatus>[] = [
  ["gauge", "start_time_seconds", "When it began, since 1970.", (it) => seconds(it.startedAt)],
  ["gauge", "listening", "Whether clients can come: 1 or 0.", (it) => +it.isListening],
  ["gauge", "draining", "Whether it is about to stop: 1 or 0.", (it) => +it.isDraining],
  ["gauge", "stopping", "Whether it accepts no more clients: 1 or 0.", (it) => +it.isStopping],
  ["gauge", "workers", "Processes that redirect.", (it) => it.workers],
  [
    "gauge",
    "certificate_expiry_timestamp_seconds",
    "When its certificate expires, since 1970.",
    ({ certificate }) => seconds(certificate?.expiresAt),
  ],
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
  ["counter", "actions_total", "Actions that operators have taken.", (it) => it.actionsTaken],
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
  ["gauge", "weight", "Its weight, by the list or an action.", ({ weight }) => weight],
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
    "load_utilization_ratio",
    "The part of the last second in which it was sending, as it says.",
    ({ load }) => load?.utilization,
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
        text.sample("server_state", { server: name, state }, +(state === actual))
      ).join(""),
  );
  yield* family(
    servers,
    "gauge",
    "action_info",
    "An action that an operator has taken and that is in force; always 1.",
    ({ name, actions }) =>
      actions.map(({ action }) => text.sample("server_action_info", { server: name, action }, 1))
        .join(""),
  );
  yield* family(
    servers,
    "gauge",
    "action_end_time_seconds",
    "When that action ends by itself, since 1970; missing where it has to be taken back.",
    ({ name, actions }) =>
      actions.map(({ action, until }) =>
        text.sample("server_action_end_time_seconds", { server: name, action }, seconds(until))
      ).join(""),
  );
  for (const [type, name, help, valueOf] of SERVER_METRICS) {
    yield* family(
      servers,
      type,
      name,
      help,
      (server) => text.sample(`server_${name}`, { server: server.name }, valueOf(server)),
    );
  }
}

/** One metric of all servers; nothing if none of its values is known. */
function* family(
  servers: readonly ServerStatus[],
  type: MetricType,
  name: string,
  help: string,
  linesOf: (server: ServerStatus) => string,
): Generator<string, void> {
  let head = text.heading(type, `server_${name}`, help);
  for (let start = 0; start < servers.length; start += PIECE_SERVERS) {
    const lines = servers.slice(start, start + PIECE_SERVERS).map(linesOf).join("");
    if (lines === "") continue;
    yield head + lines;
    head = "";
  }
}

/** The last test if it passed. */
function lastTransfer({ transfers }: ServerStatus) {
  const last = transfers.at(-1);
  return last !== undefined && "elapsedMs" in last ? last : undefined;
}
