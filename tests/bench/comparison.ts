import {
  type Metric,
  type Name,
  type Results,
  type Series,
  type Spread,
  spreadOf,
  type Subject,
} from "./results.ts";
import { type Target, TARGETS } from "./targets.ts";

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
