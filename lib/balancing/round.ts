/**
 * One round of performance tests over the whole pool.
 *
 * @module
 */

import type { Outcome, Pool } from "./pool.ts";
import type { Server } from "./server_list.ts";

/**
 * Probes every server that is not out, records each outcome as it comes, and ranks the pool when
 * all are in. When the promise settles, either way, no probe is running any more.
 *
 * @param probe finds out how one server does; its promise is not meant to reject.
 * @param concurrency how many probes may run at a time, at least 1: few, since they share a line.
 * @throws {RangeError} when `concurrency` is less than 1.
 * @throws whatever a probe rejected with, without ranking, once the other probes have ended.
 */
export async function runRound(
  pool: Pool,
  probe: (server: Server) => Promise<Outcome>,
  concurrency: number,
): Promise<void> {
  if (!(concurrency >= 1)) throw new RangeError(`Concurrency is ${concurrency}, less than 1`);
  const servers = pool.testable;
  // The probers share one iterator, so each server goes to whichever is free first.
  const waiting = servers.values();
  const probeNext = async () => {
    for (const server of waiting) pool.record(server, await probe(server));
  };
  const probers = Array.from({ length: Math.min(concurrency, servers.length) }, probeNext);
  for (const result of await Promise.allSettled(probers)) {
    if (result.status === "rejected") throw result.reason;
  }
  pool.rank();
}
