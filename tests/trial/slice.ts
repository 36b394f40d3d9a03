import { seededRandom } from "../support/random.ts";
import type { Catalogue } from "./catalogue.ts";
import { experience } from "./client.ts";
import type { Farm } from "./farm.ts";
import { type Misfortune, phaseAt, strike } from "./faults.ts";
import type { Tally } from "./tally.ts";

/** What is the same in all slices. */
export interface SliceOptions {
  readonly farm: Farm;
  readonly catalogue: Catalogue;
  readonly misfortune: Misfortune;
  /** Clients at a time. */
  readonly clients: number;
  readonly seconds: number;
}

/** Far more downloads than one client gets done in a slice, so that no two draw the same numbers. */
const SEEDS_APART = 1_000_003;

/**
 * Lets clients download through one balancer without a pause, while the farm has its misfortune.
 * Those that are under way when the time is over come to their end.
 *
 * @param seed the same gives the same files, in the same order to each client
 * @throws {Error} when a server does not listen again
 */
export async function playSlice(
  { farm, catalogue, misfortune, clients, seconds }: SliceOptions,
  balancer: string,
  seed: number,
  tally: Tally,
): Promise<void> {
  const start = performance.now();
  const part = () => (performance.now() - start) / 1000 / seconds;
  const waitFor = (then: number) =>
    new Promise<void>((resolve) => setTimeout(resolve, (then - part()) * seconds * 1000));
  const client = async (_: unknown, index: number) => {
    const random = seededRandom(seed + SEEDS_APART * index);
    for (let now = part(); now < 1; now = part()) {
      tally.add(await experience(balancer, catalogue.draw(random)), phaseAt(now));
    }
  };
  const downloading = Array.from({ length: clients }, client);
  await Promise.all([strike(farm, misfortune, waitFor), ...downloading]);
}
