/**
 * How the farm stands, for Prometheus, in its text format 0.0.4.
 *
 * @module
 */

import type { FarmStatus, ServerStatus } from "../status.ts";

/** The media type of the text. */
export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

const STATES = ["untested", "available", "out"] as const;

/** Labels and the value that goes with them; undefined for one that is not known. */
type Sample = readonly [labels: Readonly<Record<string, string>>, value: number | undefined];

type Type = "gauge" | "counter";

/** The text of all metrics. */
export function metricsText(status: FarmStatus): string {
  return balancerText(status) + roundsText(status) + serversText(status.servers);
}

function balancerText(status: FarmStatus): string {
  const { version, policy } = status;
  return family("gauge", "build_info", "The version of the program and its policy; always 1.", [
    [{ version, policy }, 1],
  ]) +
    single("gauge", "start_time_seconds", "When it began, since 1970.", status.startedAt / 1000) +
    single("gauge", "stopping", "Whether it takes nobody any more: 1 or 0.", +status.isStopping) +
    single("gauge", "workers", "Processes that redirect.", status.workers) +
    single("counter", "redirects_total", "Clients that were redirected.", status.redirects) +
    single(
      "counter",
      "unavailable_answers_total",
      "Clients that were told that no server is available.",
      status.unavailable,
    );
}

function roundsText({ rounds, intervalMs }: FarmStatus): string {
  return single("counter", "rounds_total", "Rounds of tests that have ended.", rounds.count) +
    single(
      "gauge",
      "round_interval_seconds",
      "Time between rounds of tests.",
      intervalMs / 1000,
    ) +
    single(
      "gauge",
      "round_under_way",
      "Whether a round of tests is under way: 1 or 0.",
      +rounds.isUnderWay,
    ) +
    single(
      "gauge",
      "round_duration_seconds",
      "Duration of the last round.",
      seconds(rounds.elapsedMs),
    ) +
    single(
      "gauge",
      "round_end_time_seconds",
      "When the last round ended, since 1970.",
      seconds(rounds.endedAt),
    );
}

/** Each metric of servers: its name, what it says, and where it is found. */
const SERVER_GAUGES: readonly [
  name: string,
  help: string,
  valueOf: (server: ServerStatus) => number | undefined,
][] = [
  ["share_ratio", "Fraction of all requests meant for it.", ({ share }) => share],
  [
    "throughput_bytes_per_second",
    "Throughput of its latest transfer that counts.",
    ({ throughput }) => throughput,
  ],
  [
    "transfer_duration_seconds",
    "Duration of its last test; missing where that failed.",
    (server) => seconds(lastTransferMs(server)),
  ],
  [
    "transfer_success",
    "Whether its last test passed: 1 or 0; missing before the first.",
    (server) => server.transfers.length === 0 ? undefined : +(lastTransferMs(server) !== undefined),
  ],
  [
    "state_change_time_seconds",
    "Since when it has been available or out, since 1970.",
    ({ state, since }) => state === "untested" ? undefined : seconds(since),
  ],
  ["weight", "What the list says of its weight.", ({ weight }) => weight],
  ["priority", "Servers above the lowest are backups.", ({ priority }) => priority],
  ["drained", "Whether it gets no new clients: 1 or 0.", ({ isDrained }) => +isDrained],
  ["climb_ratio", "How far it has come back after it was out.", ({ climb }) => climb],
];

function serversText(servers: readonly ServerStatus[]): string {
  const states = servers.flatMap(({ name, state: actual }) =>
    STATES.map((state): Sample => [{ server: name, state }, +(state === actual)])
  );
  let text = family("gauge", "server_state", "1 for the state it is in, 0 for the others.", states);
  for (const [name, help, valueOf] of SERVER_GAUGES) {
    const samples = servers.map((it): Sample => [{ server: it.name }, valueOf(it)]);
    text += family("gauge", `server_${name}`, help, samples);
  }
  const redirects = servers.map((it): Sample => [{ server: it.name }, it.redirects]);
  return text +
    family("counter", "server_redirects_total", "Clients that were sent there.", redirects);
}

function single(type: Type, name: string, help: string, value: number | undefined): string {
  return family(type, name, help, [[{}, value]]);
}

/** One metric; nothing where none of its values is known. */
function family(type: Type, name: string, help: string, samples: readonly Sample[]): string {
  const lines = samples.flatMap(([labels, value]) =>
    value === undefined ? [] : [`balancer_${name}${labelsText(labels)} ${value}\n`]
  );
  if (lines.length === 0) return "";
  return `# HELP balancer_${name} ${help}\n# TYPE balancer_${name} ${type}\n${lines.join("")}`;
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return parts.length === 0 ? "" : `{${parts.join(",")}}`;
}

/** In a label's value, backslash, quote and line feed are written behind a backslash. */
function escapeLabel(value: string): string {
  return value.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n");
}

function lastTransferMs({ transfers }: ServerStatus): number | undefined {
  const last = transfers.at(-1);
  return last !== undefined && "elapsedMs" in last ? last.elapsedMs : undefined;
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}
