import type { Candidate } from "../policy.ts";

/** What a server that has just returned gets of its due. */
const LEAST_SLOW_START = 0.05;

/**
 * For each candidate its weight, and less while it is still coming back. Never are all of them 0:
 * where nobody is to have anything, all count the same.
 */
export function effectiveWeights(candidates: readonly Candidate[]): number[] {
  const weights = candidates.map(({ weight, slowStart }) =>
    Math.max(0, weight) * Math.max(LEAST_SLOW_START, slowStart)
  );
  return weights.some((weight) => weight > 0) ? weights : weights.map(() => 1);
}
