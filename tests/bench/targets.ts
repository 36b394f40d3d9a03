import {
  type Metric,
  type Name,
  type Results,
  type Series,
  type Spread,
  spreadOf,
  type Subject,
} from "./results.ts";

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

/** One contestant of ours beside a peer, or beside a fixed figure. */
export interface Comparison {
  readonly subject: Subject;
  readonly metric: Metric;
  readonly contestant: Name;
  /** Undefined where the figure itself has a target. */
  readonly peer: Name | undefined;
  /** Of the contestant's figure to the peer's, round by round; without a peer, the figure. */
  readonly ratio: Spread;
  readonly target: Pick<Target, "relation" | "bound"> | undefined;
  /** Whether the median reaches the target; undefined without one. */
  readonly isReached: boolean | undefined;
}

/** Every comparison that the results allow. */
export function compare(results: Results): Comparison[] {
  return results.series.flatMap(({ subject, metric, contestant: other, values }) => {
    if (other === "ours") {
      const target = targetOf(subject, metric, other, undefined);
      if (target === undefined) return [];
      return [judge({ subject, metric, contestant: other, peer: undefined }, values, target)];
    }
    const ours = results.find(subject, metric, "ours");
    if (ours === undefined) return [];
    const isOurs = other.startsWith("ours");
    const contestant = isOurs ? other : "ours";
    const peer = isOurs ? "ours" : other;
    const ratios = values.map((value, round) => ours.values[round]! / value);
    const turned = isOurs ? ratios.map((ratio) => 1 / ratio) : ratios;
    const target = targetOf(subject, metric, contestant, peer);
    return [judge({ subject, metric, contestant, peer }, turned, target)];
  });
}

/** A figure as a multiple of the floor's, the median of the rounds; undefined where it has none. */
export function timesFloor(
  results: Results,
  { subject, metric, contestant, values }: Series,
): number | undefined {
  const floor = results.find(subject, metric, "floor");
  if (floor === undefined || contestant === "floor") return undefined;
  return spreadOf(values.map((value, round) => value / floor.values[round]!)).median;
}

function judge(
  what: Pick<Comparison, "subject" | "metric" | "contestant" | "peer">,
  ratios: readonly number[],
  target: Target | undefined,
): Comparison {
  const ratio = spreadOf(ratios);
  if (target === undefined) return { ...what, ratio, target, isReached: undefined };
  const { relation, bound } = target;
  const isReached = relation === "≥" ? ratio.median >= bound : ratio.median <= bound;
  return { ...what, ratio, target: { relation, bound }, isReached };
}

function targetOf(
  subject: Subject,
  metric: Metric,
  contestant: Name,
  peer: Name | undefined,
): Target | undefined {
  return TARGETS.find((target) =>
    target.subject === subject && target.metric === metric && target.peer === peer &&
    (target.contestant ?? "ours") === contestant
  );
}
