import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { metricsPieces } from "../../../lib/balancing/admin/metrics.ts";
import { METRICS_TYPE } from "../../../lib/process/metrics_text.ts";
import type { FarmStatus } from "../../../lib/balancing/status.ts";
import { farmStatus, filesStatus, NOW, out, serverStatus, untested } from "./made_up_farm.ts";

function textOf(status: FarmStatus): string {
  return [...metricsPieces(status)].join("");
}

/** The samples without what explains them. */
function samplesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

const SERVERS = [
  serverStatus({ name: "a:1", weight: 3, climb: 0.25 }),
  out("refused", { name: "[::1]:80", priority: 1 }),
  untested({ name: "c:3", isDrained: true }),
];

Deno.test("metricsPieces() has these metrics and no others", () => {
  const certificate = { validFrom: 1000, expiresAt: 1_800_000_000_500 };
  assertEquals(
    samplesOf(textOf(farmStatus(SERVERS, { unavailable: 7, workers: 2, certificate }))),
    [
      'balancer_build_info{version="1.2.3",policy="rank"} 1',
      "balancer_start_time_seconds 1767319445",
      "balancer_listening 1",
      "balancer_draining 0",
      "balancer_stopping 0",
      "balancer_workers 2",
      "balancer_certificate_expiry_timestamp_seconds 1800000000.5",
      "balancer_redirects_total 1234",
      "balancer_unavailable_answers_total 7",
      "balancer_arrivals_dispersion_ratio 1.25",
      "balancer_actions_total 4",
      "balancer_rounds_total 12",
      "balancer_round_interval_seconds 300",
      "balancer_round_under_way 0",
      "balancer_round_duration_seconds 0.8125",
      "balancer_round_end_time_seconds 1767323040",
      'balancer_server_state{server="a:1",state="untested"} 0',
      'balancer_server_state{server="a:1",state="available"} 1',
      'balancer_server_state{server="a:1",state="out"} 0',
      'balancer_server_state{server="[::1]:80",state="untested"} 0',
      'balancer_server_state{server="[::1]:80",state="available"} 0',
      'balancer_server_state{server="[::1]:80",state="out"} 1',
      'balancer_server_state{server="c:3",state="untested"} 1',
      'balancer_server_state{server="c:3",state="available"} 0',
      'balancer_server_state{server="c:3",state="out"} 0',
      'balancer_server_share_ratio{server="a:1"} 0.5',
      'balancer_server_share_ratio{server="[::1]:80"} 0',
      'balancer_server_share_ratio{server="c:3"} 0',
      'balancer_server_throughput_bytes_per_second{server="a:1"} 2500000',
      'balancer_server_throughput_bytes_per_second{server="[::1]:80"} 2500000',
      'balancer_server_transfer_duration_seconds{server="a:1"} 0.4195',
      'balancer_server_transfer_bytes{server="a:1"} 1048576',
      'balancer_server_transfer_partial{server="a:1"} 0',
      'balancer_server_transfer_success{server="a:1"} 1',
      'balancer_server_transfer_success{server="[::1]:80"} 0',
      'balancer_server_state_change_time_seconds{server="a:1"} 1767322920',
      'balancer_server_state_change_time_seconds{server="[::1]:80"} 1767323040',
      'balancer_server_weight{server="a:1"} 3',
      'balancer_server_weight{server="[::1]:80"} 1',
      'balancer_server_weight{server="c:3"} 1',
      'balancer_server_priority{server="a:1"} 0',
      'balancer_server_priority{server="[::1]:80"} 1',
      'balancer_server_priority{server="c:3"} 0',
      'balancer_server_drained{server="a:1"} 0',
      'balancer_server_drained{server="[::1]:80"} 0',
      'balancer_server_drained{server="c:3"} 1',
      'balancer_server_climb_ratio{server="a:1"} 0.25',
      'balancer_server_climb_ratio{server="[::1]:80"} 1',
      'balancer_server_climb_ratio{server="c:3"} 1',
      'balancer_server_redirects_total{server="a:1"} 12',
      'balancer_server_redirects_total{server="[::1]:80"} 12',
      'balancer_server_redirects_total{server="c:3"} 0',
    ],
  );
});

Deno.test("metricsPieces() has the actions in force, and when they end", () => {
  const terms = { weight: null, reason: "new disk", since: NOW };
  const actions = [
    { ...terms, action: "drain", until: NOW + 1000 },
    { ...terms, action: "weight", weight: 3, until: null },
  ] as const;
  const text = textOf(farmStatus([serverStatus({ name: "a:1", actions }), out("refused")]));
  assertEquals(samplesOf(text).filter((line) => line.includes("_action_")), [
    'balancer_server_action_info{server="a:1",action="drain"} 1',
    'balancer_server_action_info{server="a:1",action="weight"} 1',
    'balancer_server_action_end_time_seconds{server="a:1",action="drain"} 1767323046',
  ]);
});

Deno.test("metricsPieces() has metrics of files, where they are checked", () => {
  const files = { lacking: 2, differing: 3, examples: ['/"\n'] };
  const servers = [serverStatus({ name: "a:1", files }), out("refused", { name: "b:1" })];
  const text = textOf(farmStatus(servers, { files: filesStatus(), missing: 5 }));
  const isOfFiles = (line: string) => /_files?_|_missing_/.test(line);
  assertEquals(samplesOf(text).filter(isOfFiles), [
    "balancer_missing_answers_total 5",
    "balancer_files_known 400",
    "balancer_files_lacking 12",
    "balancer_files_differing 3",
    'balancer_file_checks_total{result="has"} 1200',
    'balancer_file_checks_total{result="lacks"} 12',
    'balancer_file_checks_total{result="unclear"} 2',
    'balancer_file_checks_total{result="unanswered"} 1',
    'balancer_server_files_lacking{server="a:1"} 2',
    'balancer_server_files_differing{server="a:1"} 3',
  ]);
  assertEquals(textOf(farmStatus(SERVERS)).split("\n").filter(isOfFiles), []);
});

Deno.test("metricsPieces() has the load of servers that say it", () => {
  const all = {
    openTransfers: 3,
    pendingBytes: 4096,
    bytesPerSecond: 0.5,
    utilization: 0.25,
    at: 1500,
  };
  const some = {
    openTransfers: 0,
    pendingBytes: null,
    bytesPerSecond: null,
    utilization: null,
    at: 2000,
  };
  const servers = [
    serverStatus({ name: "a:1", load: all }),
    out("refused", { name: "b:1", load: some }),
    serverStatus({ name: "c:1" }),
  ];
  const lines = samplesOf(textOf(farmStatus(servers))).filter((line) => line.includes("_load_"));
  assertEquals(lines, [
    'balancer_server_load_open_transfers{server="a:1"} 3',
    'balancer_server_load_open_transfers{server="b:1"} 0',
    'balancer_server_load_pending_bytes{server="a:1"} 4096',
    'balancer_server_load_bytes_per_second{server="a:1"} 0.5',
    'balancer_server_load_utilization_ratio{server="a:1"} 0.25',
    'balancer_server_load_report_time_seconds{server="a:1"} 1.5',
    'balancer_server_load_report_time_seconds{server="b:1"} 2',
  ]);
});

Deno.test("metricsPieces() has questions about load by their results, where they are asked", () => {
  const results = { reported: 120, silent: 2, unanswered: 3, untested: 1 };
  const text = textOf(farmStatus(SERVERS, { loadChecks: { results, tests: 2 } }));
  const isOfChecks = (line: string) => line.includes("_load_check");
  assertEquals(samplesOf(text).filter(isOfChecks), [
    "balancer_load_check_tests_total 2",
    'balancer_load_checks_total{result="reported"} 120',
    'balancer_load_checks_total{result="silent"} 2',
    'balancer_load_checks_total{result="unanswered"} 3',
    'balancer_load_checks_total{result="untested"} 1',
  ]);
  assertEquals(textOf(farmStatus(SERVERS)).split("\n").filter(isOfChecks), []);
});

Deno.test("metricsPieces() has no word of a server that has gone", () => {
  assertStringIncludes(textOf(farmStatus(SERVERS)), "[::1]:80");
  const text = textOf(farmStatus(SERVERS.slice(0, 1)));
  assertEquals(text.includes("[::1]:80"), false);
});

Deno.test("metricsPieces() escapes what would end a label", () => {
  const text = textOf(farmStatus([serverStatus({ name: 'a"\\\n:1' })]));
  assertStringIncludes(text, 'balancer_server_weight{server="a\\"\\\\\\n:1"} 1\n');
});

Deno.test("metricsPieces() is as Prometheus wants it", () => {
  const text = textOf(farmStatus(SERVERS));
  assert(text.endsWith("\n"));
  assertEquals(METRICS_TYPE, "text/plain; version=0.0.4; charset=utf-8");
});

Deno.test("metricsPieces() has each metric of a large farm once, in pieces of bounded length", () => {
  const servers = Array.from({ length: 1234 }, (_, i) => serverStatus({ name: `s${i}:1` }));
  const pieces = [...metricsPieces(farmStatus(servers))];
  assert(Math.max(...pieces.map(({ length }) => length)) < 120_000);
  const text = pieces.join("");
  const headings = text.match(/^# TYPE .*$/gm)!;
  assertEquals(new Set(headings).size, headings.length);
  const shares = text.match(/^balancer_server_share_ratio\{server="s(\d+):1"\} 0\.5$/gm)!;
  assertEquals(shares.length, servers.length);
});
