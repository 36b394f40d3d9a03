import type { Farm } from "./farm.ts";

/** How a farm fares; while one is dead, the slow one is slow. */
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

/** What happens to whom: servers by their indices, a rate in bytes per second. */
export interface Misfortune {
  readonly slowed: number;
  readonly slowRate: number;
  readonly killed: number;
  /** The rate that the slowed one has otherwise. */
  readonly rate: number;
}

/**
 * Slows one server, kills another, and puts both right again, each at its time.
 *
 * @param waitFor waits until that part of the slice has passed
 * @throws {Error} when a server does not listen again
 */
export async function strike(
  farm: Farm,
  { slowed, slowRate, killed, rate }: Misfortune,
  waitFor: (part: number) => Promise<void>,
): Promise<void> {
  await waitFor(BEGINNINGS["one slow"]);
  await farm.slow(slowed, slowRate);
  await waitFor(BEGINNINGS["one dead too"]);
  await farm.kill(killed);
  await waitFor(BEGINNINGS["recovering"]);
  await Promise.all([farm.slow(slowed, rate), farm.revive(killed)]);
}
