/**
 * Lets the first, second, … call of each kind fail, until a run makes no more of them.
 *
 * @module
 */

import type { Injection } from "./injection.ts";
import { type Point, POINTS } from "./points.ts";
import { type Scenario, tryOnce, type Verdict } from "./trial.ts";

/** No scenario makes so many calls of a kind. */
const NEVER = 2 ** 31;

/** What came of a scenario. */
export interface ScenarioResult {
  readonly scenario: string;
  /** Calls that failed, by point. */
  readonly failures: ReadonlyMap<Point, number>;
  readonly verdicts: readonly Verdict[];
}

/** Which failures are tried. */
export interface TortureOptions {
  /** At most so many calls of each point. */
  readonly most: number;
  /** Trials at a time. */
  readonly jobs: number;
  readonly points?: readonly Point[];
  /** Receives each verdict as it is reached. */
  readonly onVerdict?: (verdict: Verdict) => void;
}

/** Plays a scenario with every failure, once each as one that passes and as one that lasts. */
export async function torture(
  scenario: Scenario,
  { most, jobs, points = POINTS, onVerdict = () => {} }: TortureOptions,
): Promise<ScenarioResult> {
  const upright = await tryOnce(scenario, { point: "open", nth: NEVER, isLasting: false });
  onVerdict(upright);
  const verdicts = [upright];
  const failures = new Map<Point, number>();
  const open = upright.descriptors ?? 0;
  const plans = points.flatMap((point) => [false, true].map((isLasting) => ({ point, isLasting })));
  const work = async () => {
    for (let plan = plans.shift(); plan !== undefined; plan = plans.shift()) {
      for (let nth = 1; nth <= most; nth++) {
        const verdict = withLeaks(await tryOnce(scenario, { ...plan, nth }), open);
        onVerdict(verdict);
        verdicts.push(verdict);
        if (verdict.stack === undefined) break;
        failures.set(plan.point, (failures.get(plan.point) ?? 0) + 1);
      }
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return { scenario: scenario.name, failures, verdicts };
}

function withLeaks(verdict: Verdict, open: number): Verdict {
  const { descriptors = 0, problems } = verdict;
  if (descriptors <= open) return verdict;
  return {
    ...verdict,
    problems: [...problems, `${descriptors} descriptors at the end, not ${open}`],
  };
}

/** A failure in words, as `--only` takes it back. */
export function nameOf({ point, nth, isLasting }: Injection): string {
  return `${point} ${nth}${isLasting ? " and all later" : ""}`;
}
