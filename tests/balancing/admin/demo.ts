/**
 * The page over a made-up farm that changes all the time, to look at:
 * `deno run -A tests/balancing/admin/demo.ts [PORT [SERVERS [deaf|files]]]`. With `deaf` no process
 * listens; with `files` files are checked.
 *
 * @module
 */

import { whyDocument } from "./made_up_farm.ts";
import { Admin } from "../../../lib/balancing/admin/admin.ts";
import type { FilesStatus } from "../../../lib/balancing/file_checks/file_checks.ts";
import type { ServerShortfall } from "../../../lib/balancing/file_checks/file_catalog.ts";
import type { ExcludedReason } from "../../../lib/balancing/member.ts";
import type { TransferStatus } from "../../../lib/balancing/health.ts";
import type { Change } from "../../../lib/balancing/recent_changes.ts";
import type { ActionStatus, FarmStatus, ServerStatus } from "../../../lib/balancing/status.ts";
import { say } from "../../../lib/log/console.ts";
import { ConnectionManager } from "../../../lib/net/connection_manager.ts";
import { DEADLINES } from "../../../lib/net/deadlines.ts";

const REASONS = [
  "connection refused",
  "the answer is 404 Not Found",
  "nothing arrived for 10 s",
  "the body ended after 262,144 of 1,048,576 bytes",
];

const [port = "0", count = "8", mode] = Deno.args;
const isListening = mode !== "deaf";
const hasFiles = mode === "files";
const startedAt = Date.now() - 3 * 3_600_000;
const clientsPerSecond: number[] = Array.from({ length: 240 }, (_, second) => clients(second));
const farm = Array.from({ length: Number(count) }, (_, index) => newServer(index));
let redirects = 48_211;
let knownFiles = 400;
let rounds = 37;
let roundAt = Date.now();

function clients(second: number): number {
  return Math.max(0, Math.round(60 + 35 * Math.sin(second / 23) + 25 * (Math.random() - 0.5)));
}

function newServer(index: number): ServerStatus {
  const isLast = index === farmSize() - 1 && farmSize() > 3;
  const isOut = index === 2 || (index > 8 && index % 61 === 0);
  const name = index === 3 ? "[2001:db8::17]:8000" : `web${index + 1}.example.net:8000`;
  const transfers = isLast ? [] : Array.from({ length: 60 }, (_, test) => transfer(index, test));
  if (isOut) transfers.splice(56, 4, ...[4, 3, 2, 1].map((ago) => failed(index, ago)));
  return {
    name,
    publicUrl: index === 1 ? "https://files.example.org/pub" : `http://${name}`,
    foundBy: index === 4 ? "srv:_http._tcp.files.example.net" : null,
    state: isLast ? "untested" : isOut ? "out" : "available",
    reason: isOut ? REASONS[index % REASONS.length]! : index === 5 ? REASONS[2]! : null,
    since: isLast ? null : Date.now() - (isOut ? 1_210_000 : 9_000_000),
    excludedReason: excludedReason(index, isLast ? "untested" : isOut ? "out" : undefined),
    share: isLast || isOut ? 0 : 1 / farmSize(),
    throughputBytesPerSecond: isLast ? null : 3e6 * (1 + index % 9) * (0.8 + Math.random() / 3),
    partial: index % 7 === 1,
    transfers,
    redirects: isLast ? 0 : Math.round(9000 / (index + 1)),
    weight: index === 1 ? 3 : index === 4 ? 2 / 3 : 1,
    priority: index === 6 ? 1 : 0,
    isDrained: index === 5,
    climb: index === 4 ? 0.4 : 1,
    actions: actionsOf(index),
    load: index % 3 === 2 ? null : {
      openTransfers: index * 7 % 11,
      pendingBytes: index % 4 === 1 ? null : index * 123_456_789,
      bytesPerSecond: index % 4 === 1 ? null : 3e6 * index,
      utilization: index % 4 === 1 ? null : index / 9,
      at: Date.now() - 60_000,
    },
    files: hasFiles && !isLast && !isOut ? shortfall(index) : null,
  };
}

/** Some servers have all files; others lack some, or have older versions. */
function shortfall(index: number): ServerShortfall {
  const lacking = index % 3 === 1 ? 12 * index : 0;
  const differing = index % 2 === 1 ? index : 0;
  const examples = [
    "/releases/2.4/install-amd64.iso",
    `/pool/main/${"long-name-".repeat(20)}.deb?mirror=<b>`,
    "/<script>alert(1)</script>",
  ].slice(0, Math.min(3, lacking + differing));
  return { lacking, differing, examples };
}

function excludedReason(index: number, state: ExcludedReason | undefined): ExcludedReason | null {
  return state ?? (index === 5 ? "drained" : index === 6 ? "lower-priority" : null);
}

function farmSize(): number {
  return Number(count);
}

function transfer(index: number, test: number): TransferStatus {
  const at = Date.now() - (60 - test) * 300_000;
  if (index % 5 === 0 && test % 23 === 7) return { at, reason: REASONS[0]! };
  const isPartial = index % 7 === 1 && test % 4 === 0;
  const elapsedMs = isPartial ? 400 : (40 + index % 13 * 25) * (0.7 + Math.random());
  return { at, elapsedMs, bytes: isPartial ? 200_000 : 2 ** 20, partial: isPartial };
}

function failed(index: number, ago: number): TransferStatus {
  return { at: Date.now() - ago * 300_000, reason: REASONS[index % REASONS.length]! };
}

/** A round ends every 20 s, in which one server may leave or come back. */
function change(): void {
  clientsPerSecond.push(clients(Date.now() / 1000));
  if (clientsPerSecond.length > 300) clientsPerSecond.shift();
  redirects += clientsPerSecond.at(-1)!;
  knownFiles += Math.round(Math.random());
  if (Date.now() - roundAt < 20_000) return;
  roundAt = Date.now();
  rounds++;
  farm.forEach((server, index) => farm[index] = tested(server));
}

function tested(server: ServerStatus): ServerStatus {
  const at = Date.now();
  const isOut = Math.random() < (server.state === "out" ? 0.5 : 0.05);
  const reason = isOut ? REASONS[Math.floor(Math.random() * REASONS.length)]! : null;
  const state = isOut ? "out" : "available";
  const latest: TransferStatus = reason === null
    ? { at, elapsedMs: 40 + Math.random() * 100, bytes: 2 ** 20, partial: false }
    : { at, reason };
  return {
    ...server,
    state,
    reason,
    excludedReason: isOut ? "out" : null,
    since: state === server.state ? server.since : at,
    share: isOut ? 0 : 1 / farmSize(),
    throughputBytesPerSecond: isOut ? server.throughputBytesPerSecond : 3e6 + Math.random() * 2e7,
    transfers: [...server.transfers, latest].slice(-60),
  };
}

/** Some servers have actions. */
function actionsOf(index: number): ActionStatus[] {
  const since = Date.now() - 1_500_000;
  const until = Date.now() + 1_700_000;
  const terms = { since, until: null, weight: null };
  if (index === 5) return [{ ...terms, action: "drain", reason: "kernel update", until }];
  if (index === 1) return [{ ...terms, action: "weight", weight: 3, reason: null }];
  return index === 2 ? [{ ...terms, action: "out", reason: "new disk, ticket 4711" }] : [];
}

/** What became of servers, more and more. */
function changesNow(): Change[] {
  return Array.from({ length: Math.min(50, rounds - 30) }, (_, index) => {
    const server = `web${index % farmSize() + 1}.example.net:8000`;
    const at = startedAt + index * 203_000;
    if (index % 3 === 1) return { at, server, event: "out", text: `is out: ${REASONS[0]}` };
    return index % 3 === 2
      ? { at, server, event: "returned", text: "is back after 3m 20s, with the lowest share" }
      : { at, server, event: "action", text: "is drained by an operator: kernel update" };
  });
}

function status(): FarmStatus {
  return {
    version: "0.1.0",
    startedAt,
    at: Date.now(),
    policy: "rank",
    intervalMs: 300_000,
    workers: 2,
    isListening,
    isDraining: false,
    isStopping: false,
    certificate: null,
    rounds: {
      count: rounds,
      isUnderWay: false,
      endedAt: roundAt,
      elapsedMs: 1840,
      nextAt: roundAt + 20_000,
    },
    redirects,
    unavailable: 17,
    missing: hasFiles ? 3 : 0,
    tiers: null,
    files: hasFiles ? filesStatus() : null,
    loadChecks: null,
    clientsPerSecond,
    actionsTaken: 4,
    changes: changesNow(),
    dispersion: 1.25,
    servers: farm,
  };
}

function filesStatus(): FilesStatus {
  const checks = { has: 5 * knownFiles, lacks: 70, unclear: 4, unanswered: 1 };
  return { mode: "after", checks, known: knownFiles, lacking: 40, differing: 7 };
}

setInterval(change, 1000);
const admin = new Admin(status, {
  isLoopback: true,
  explain: () => whyDocument(),
  onError: (error) => say(String(error)),
});
const service = new ConnectionManager({
  handler: admin.handle,
  deadlines: DEADLINES,
  maxConnections: 200,
  onFull: () => {},
  onServed: undefined,
  onError: (error) => say(String(error)),
});
const listener = Deno.listen({ hostname: "127.0.0.1", port: Number(port) });
say(`listening on http://127.0.0.1:${listener.addr.port}`);
for await (const conn of listener) service.serve(conn);
