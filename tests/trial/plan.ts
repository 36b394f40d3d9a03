import type { FarmServer } from "../harness/farm_server.ts";
import type { RunClock } from "../harness/run_for.ts";
import { randomInteger } from "../support/random.ts";

const MIB = 1024 * 1024;

/** What `/test.bin?bytes=` may ask for at the most, in bytes. */
const LARGEST = 64 * MIB;
const SMALLEST = MIB / 16;

/** The median size of a file, in bytes. */
const MEDIAN = 4 * MIB;
const SIGMA = 0.7;

/** The files that clients ask for, each often. */
export class Catalogue {
  /** The size of each, in bytes. */
  readonly sizes: readonly number[];

  /** Draws so many log-normal sizes around 4 MiB, from numbers at least 0 and less than 1. */
  constructor(count: number, random: () => number) {
    this.sizes = Array.from({ length: count }, () => {
      const size = MEDIAN * Math.exp(SIGMA * normal(random));
      return Math.round(Math.max(SMALLEST, Math.min(LARGEST, size)));
    });
  }

  /** The size of any of them, in bytes. */
  draw(random: () => number): number {
    return this.sizes[randomInteger(random, this.sizes.length)]!;
  }
}

/** Box and Muller's. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** The state of the farm; while one server is dead, the slow one is slow. */
export type Phase = "well" | "one slow" | "one dead too" | "recovering";

/** All of them, in the order in which every slice goes through them. */
export const PHASES: readonly Phase[] = ["well", "one slow", "one dead too", "recovering"];

/** When each begins, as a part of a slice; the last leaves time for servers to climb back. */
const BEGINNINGS: Readonly<Record<Phase, number>> = {
  "well": 0,
  "one slow": 2 / 15,
  "one dead too": 1 / 3,
  "recovering": 8 / 15,
};

/** The phase in which a moment lies, from 0, where a slice begins, to 1, where it ends. */
export function phaseAt(part: number): Phase {
  return PHASES.findLast((phase) => BEGINNINGS[phase] <= part) ?? "well";
}

/** The faults of every slice: servers by index, rates in bytes per second. */
export interface FaultPlan {
  readonly slowed: number;
  readonly slowRate: number;
  readonly killed: number;
}

/**
 * Slows one server, kills another, and starts both again, each at its time.
 *
 * @throws {Error} when a server does not listen again
 */
export async function injectFaults(
  servers: readonly FarmServer[],
  { slowed, slowRate, killed }: FaultPlan,
  { reach }: RunClock,
): Promise<void> {
  await reach(BEGINNINGS["one slow"]);
  await servers[slowed]!.restart(slowRate);
  await reach(BEGINNINGS["one dead too"]);
  await servers[killed]!.kill();
  await reach(BEGINNINGS["recovering"]);
  await Promise.all([servers[slowed]!.restart(), servers[killed]!.restart()]);
}
