import type { Server } from "../list/server.ts";
import type { Candidate } from "../policy.ts";
import { throughputOf, type TransferSample } from "../sample.ts";

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

/** How much the newest round counts; what was before counts for the rest. */
const NEWEST = 0.5;

/** Of servers this close, measurement cannot say which one is faster. */
const NEARLY_EQUAL = 0.9;

/** What every server counts for at least, in comparison with the mean. */
const FLOOR = 0.01;

interface Memory {
  readonly sample: TransferSample;
  /** Octets per millisecond. */
  readonly speed: number;
}

/** Throughputs over rounds, so that one odd transfer does not turn everything over. */
export class SmoothedSpeeds {
  #memories = new Map<Server, Memory>();

  /**
   * Takes in a round. A sample that it has seen before counts once; servers that are no candidates
   * any more are forgotten.
   *
   * @returns octets per millisecond for each candidate: smoothed over rounds, the same for those
   * that are within a tenth of each other, and never less than a hundredth of the mean.
   */
  update(candidates: readonly Candidate[]): number[] {
    const memories = new Map<Server, Memory>();
    for (const { server, sample } of candidates) {
      const before = this.#memories.get(server);
      const latest = throughputOf(sample);
      const speed = before === undefined ? latest : before.speed + NEWEST * (latest - before.speed);
      memories.set(server, before?.sample === sample ? before : { sample, speed });
    }
    this.#memories = memories;
    const speeds = levelled([...memories.values()].map(({ speed }) => speed));
    const floor = FLOOR * speeds.reduce((sum, speed) => sum + speed, 0) / speeds.length;
    return speeds.map((speed) => Math.max(floor, speed));
  }
}

/** Each with the mean of its group; a group reaches from its fastest down to a tenth less. */
function levelled(speeds: readonly number[]): number[] {
  const order = speeds.map((_, i) => i).sort((a, b) => speeds[b]! - speeds[a]!);
  const result = Array<number>(speeds.length);
  for (let first = 0; first < order.length;) {
    const least = speeds[order[first]!]! * NEARLY_EQUAL;
    let end = first, sum = 0;
    for (; end < order.length && speeds[order[end]!]! >= least; end++) sum += speeds[order[end]!]!;
    for (let i = first; i < end; i++) result[order[i]!] = sum / (end - first);
    first = end;
  }
  return result;
}
