import type { Server } from "../list/server.ts";
import type { Candidate, PickRequest, Policy } from "../policy.ts";
import { ShareTable } from "./share_table.ts";
import { effectiveWeights, SmoothedSpeeds } from "./weights.ts";

/**
 * Shares in proportion to throughput: a server that is ten times as fast gets ten times as much.
 */
export class SpeedPolicy implements Policy {
  readonly #speeds = new SmoothedSpeeds();
  #table = new ShareTable([], []);

  /** Adds a round. */
  update(candidates: readonly Candidate[]): void {
    const speeds = this.#speeds.update(candidates);
    const weights = effectiveWeights(candidates).map((weight, i) => weight * speeds[i]!);
    this.#table = new ShareTable(candidates.map(({ server }) => server), weights);
  }

  /** In constant time unless some are excluded. */
  pick({ random, isExcluded }: PickRequest): Server | undefined {
    return this.#table.pick(random, isExcluded);
  }

  /** In proportion to throughput times weight. */
  shares(): ReadonlyMap<number, number> {
    return this.#table.shares();
  }
}
