import { randomInteger } from "../support/random.ts";

/** What can go wrong in a day. */
export type Fault = "kill" | "hang" | "slow" | "unlist" | "mistake" | "worker";

/** One thing that goes wrong. */
export interface Step {
  /** How long after the one before, in ms. */
  readonly afterMs: number;
  readonly fault: Fault;
  /** Which server, by index; or which worker, or which mistake, from 0. */
  readonly index: number;
  /** How long it stays so once it was noticed, in ms. */
  readonly stayMs: number;
}

/** Each as often as it stands here. */
const FAULTS: readonly Fault[] = [
  ...["kill", "kill", "kill", "hang", "hang", "slow", "slow"] as const,
  ...["unlist", "unlist", "mistake", "worker"] as const,
];

const PAUSE_MS = [1500, 5000] as const;
const STAY_MS = [1000, 15_000] as const;

/** Draws what goes wrong in so much time, from numbers at least 0 and less than 1. */
export function planOf(random: () => number, servers: number, lengthMs: number): Step[] {
  const steps: Step[] = [];
  const between = ([least, most]: readonly [number, number]) =>
    least + randomInteger(random, most - least);
  for (let at = 0;;) {
    const step = {
      afterMs: between(PAUSE_MS),
      fault: FAULTS[randomInteger(random, FAULTS.length)]!,
      index: randomInteger(random, servers),
      stayMs: between(STAY_MS),
    };
    at += step.afterMs;
    if (at > lengthMs) return steps;
    steps.push(step);
  }
}
