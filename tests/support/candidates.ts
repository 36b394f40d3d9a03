import { parseServer, type Server } from "../../lib/balancing/list/server.ts";
import type { Candidate, PickRequest, Policy } from "../../lib/balancing/policies/policy.ts";
import { seededRandom } from "./random.ts";

/** So many servers, told apart by name. */
export function serversOf(count: number): Server[] {
  return Array.from({ length: count }, (_, i) => parseServer(`s${i}.example:80`));
}

/** Servers that send so many octets per ms; `changes` hold for all of them. */
export function candidatesOf(
  servers: readonly Server[],
  speeds: readonly number[],
  changes: Partial<Candidate> = {},
): Candidate[] {
  return servers.map((server, i) => ({
    server,
    sample: { bytes: 1_000_000, elapsedMs: 1_000_000 / speeds[i]!, at: 0 },
    weight: 1,
    slowStart: 1,
    ...changes,
  }));
}

/** A request of which only what matters is given. */
export function asking(changes: Partial<PickRequest> = {}): PickRequest {
  return { client: "192.0.2.1", target: "/", monotonicMs: 0, random: 0.5, ...changes };
}

/** How often each server is picked, with other clients, paths and random numbers each time. */
export function countPicks(
  policy: Policy,
  picks: number,
  changes: Partial<PickRequest> = {},
): Map<Server | undefined, number> {
  const random = seededRandom(20_260_202);
  const counts = new Map<Server | undefined, number>();
  for (let i = 0; i < picks; i++) {
    const varied = { client: `client ${i}`, target: `/${i}`, random: random() };
    const server = policy.pick(asking({ ...varied, ...changes }));
    counts.set(server, (counts.get(server) ?? 0) + 1);
  }
  return counts;
}

/** What chi-square exceeds once in a thousand seeds, by degrees of freedom from 0. */
const CHI_SQUARE_LIMITS = [0.001, 10.83, 13.82, 16.27, 18.47, 20.52, 22.46, 24.32, 26.12, 27.88];

/** Fails when picks and shares differ by more than chance explains. */
export function assertShares(
  counts: ReadonlyMap<Server | undefined, number>,
  shares: ReadonlyMap<number, number>,
): void {
  const picks = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const picked = new Map([...counts].map(([server, count]) => [server?.id, count]));
  const parts = [...shares].filter(([, share]) => share > 0);
  const chiSquare = parts.reduce((sum, [id, share]) => {
    return sum + ((picked.get(id) ?? 0) - picks * share) ** 2 / (picks * share);
  }, 0);
  const limit = CHI_SQUARE_LIMITS[parts.length - 1]!;
  if (chiSquare > limit || counts.has(undefined)) {
    throw new Error(`Chi-square is ${chiSquare}, more than ${limit}: ${[...counts.values()]}`);
  }
}
