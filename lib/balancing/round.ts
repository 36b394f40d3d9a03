/**
 * One round of performance tests over the whole pool.
 *
 * @module
 */

import type { Pool } from "./pool.ts";
import type { Server } from "./list/server.ts";

/** The part of an interval that chance may take off it. */
const JITTER = 1 / 10;

/**
 * When the next round is due, in ms: up to a tenth before the interval ends, so that the balancers
 * of one farm do not test in step.
 *
 * @param random evenly distributed, at least 0 and less than 1
 */
export function dueAfter(intervalMs: number, random: number): number {
  return Math.ceil(intervalMs * (1 - JITTER * random));
}

/**
 * Tests every server that is due, and ends the round when all are in. When the promise settles,
 * either way, no test is running any more.
 *
 * @param test tests one server and records the outcome; its promise is not meant to reject.
 * @param concurrency how many tests may run at a time, at least 1: few, since they share a line.
 * @param clock that of `PickRequest`
 * @param which only those that were never tested, or all that are due
 * @throws {RangeError} when `concurrency` is less than 1.
 * @throws whatever a test rejected with, once the others have ended; the round then has no end.
 */
export async function runRound(
  pool: Pool,
  test: (server: Server) => Promise<void>,
  concurrency: number,
  clock: () => number,
  which: "untested" | "all" = "all",
): Promise<void> {
  if (!(concurrency >= 1)) throw new RangeError(`Concurrency is ${concurrency}, less than 1`);
  const servers = pool.beginRound(which);
  // The testers share one iterator, so each server goes to whichever is free first.
  const waiting = servers.values();
  const testNext = async () => {
    for (const server of waiting) await test(server);
  };
  const testers = Array.from({ length: Math.min(concurrency, servers.length) }, testNext);
  for (const result of await Promise.allSettled(testers)) {
    if (result.status === "rejected") throw result.reason;
  }
  pool.endRound(clock());
}
