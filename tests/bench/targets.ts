import type { Metric, Name, Subject } from "./results.ts";

/** What the ratio of our figure to a peer's should be; without a peer, our figure itself. */
export interface Target {
  readonly subject: Subject;
  readonly metric: Metric;
  readonly peer?: Name;
  readonly relation: "≥" | "≤";
  readonly bound: number;
  /** Whose figure it is, when not `ours`. */
  readonly contestant?: Name;
}

/** The targets for one figure: peer, relation and bound of each. */
function targets(
  subject: Subject,
  metric: Metric,
  ...rows: readonly (readonly [peer: Name, relation: "≥" | "≤", bound: number])[]
): Target[] {
  return rows.map(([peer, relation, bound]) => ({ subject, metric, peer, relation, bound }));
}

const ONE = "redirect, one request per connection";
const IDLE = "5,000 idle keep-alive connections";
const NEXT_IDLE = "the next 5,000 idle connections";
const AFTER = "memory after short connections";
const BESIDE = "1 KiB answers while a 1 GiB download runs";
const CACHED = "code that runs for a GET of a cached file";

/** All targets: each stands only here. */
export const TARGETS: readonly Target[] = [
  ...targets(
    ONE,
    "CPU µs/connection",
    ["floor", "≤", 1.12],
    ["Deno.serve", "≤", 1.3],
    ["HAProxy redir", "≤", 1.7],
  ),
  ...targets("redirect, keep-alive", "CPU µs/request", ["floor", "≤", 1.12]),
  ...targets(
    "redirect, keep-alive",
    "requests/s",
    ["Deno.serve", "≥", 1.05],
    ["nginx return 301", "≥", 0.7],
    ["node:http", "≥", 1.9],
  ),
  {
    subject: "redirect, keep-alive",
    metric: "requests/s",
    contestant: "ours, --log=common",
    peer: "ours",
    relation: "≥",
    bound: 0.85,
  },
  ...targets("redirect, keep-alive", "99 % ms", ["Deno.serve", "≤", 1.2]),
  ...targets("redirect, pipelined ×16", "CPU µs/request", ["floor", "≤", 1.5]),
  ...targets(
    "file of 1 KiB, keep-alive",
    "requests/s",
    ["nginx open_file_cache", "≥", 1.15],
    ["lighttpd", "≥", 1],
    ["Deno.serve", "≥", 8],
  ),
  ...targets("file of 100 KiB", "requests/s", ["nginx", "≥", 1]),
  ...targets("file of 10 MiB", "GiB/s", ["nginx", "≥", 1.2], ["lighttpd", "≥", 0.6]),
  ...targets("file of 1 GiB", "GiB/s", ["nginx", "≥", 1], ["lighttpd", "≥", 0.7]),
  ...targets(BESIDE, "median ms", ["nginx", "≤", 1]),
  ...targets(BESIDE, "99 % ms", ["nginx", "≤", 2]),
  ...targets(IDLE, "KiB/connection", ["Deno.serve", "≤", 0.5]),
  { subject: IDLE, metric: "KiB/connection", relation: "≤", bound: 7 },
  { subject: IDLE, metric: "connections", relation: "≥", bound: 5000 },
  { subject: NEXT_IDLE, metric: "KiB/connection", relation: "≤", bound: 8 },
  { subject: NEXT_IDLE, metric: "connections", relation: "≥", bound: 5000 },
  ...targets(AFTER, "MiB", ["node:http", "≤", 1]),
  { subject: AFTER, metric: "growth", relation: "≤", bound: 1.05 },
  ...targets("client, 1 GiB to a file in memory", "ms", ["curl", "≤", 0.85]),
  ...targets("client, fifty times 1 KiB, each", "ms", ["deno run that prints", "≤", 1.4]),
  { subject: CACHED, metric: "files", relation: "≤", bound: 16 },
  { subject: CACHED, metric: "functions", relation: "≤", bound: 70 },
];
