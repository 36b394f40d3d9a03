import type { PickRequest } from "../../lib/balancing/policy.ts";
import type { Pool } from "../../lib/balancing/pool.ts";
import type { Outcome } from "../../lib/balancing/sample.ts";
import { parseServer, type Server } from "../../lib/balancing/list/server.ts";

/** That many servers, `s0:80` and so on. */
export function serversOf(count: number): Server[] {
  return Array.from({ length: count }, (_, index) => parseServer(`s${index}:80`));
}

/** A probe that passed, of a test file of so many bytes. */
export function passed(elapsedMs: number, bytes = 1024, entityTag?: string): Outcome {
  return { kind: "passed", sample: { bytes, elapsedMs, at: 0 }, entityTag };
}

/** A probe that failed. */
export function failed(reason: string, at = 0): Outcome {
  return { kind: "failed", reason, at };
}

/** A probe that says nothing about the server. */
export const UNTESTABLE: Outcome = {
  kind: "untestable",
  reason: "too many files are open here",
  at: 9,
};

/** Picks a server for a request of which only what is given matters. */
export function pick(
  pool: Pool,
  random: number,
  more: Partial<PickRequest> = {},
): Server | undefined {
  return pool.pick({ client: "192.0.2.1", target: "/", now: 0, random, ...more });
}

/** One round in which these servers take so long; the others fail. */
export function round(pool: Pool, elapsedMs: ReadonlyMap<Server, number>): void {
  for (const server of pool.beginRound()) {
    const ms = elapsedMs.get(server);
    pool.record(server, ms === undefined ? failed("refused") : passed(ms), 0);
  }
  pool.endRound(0);
}
