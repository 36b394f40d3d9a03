import { parseServer, type Server } from "../../lib/balancing/list/server.ts";
import type { PickRequest } from "../../lib/balancing/policies/policy.ts";
import type { Pool } from "../../lib/balancing/pool.ts";
import type { FailedOutcome, Fault, Outcome } from "../../lib/balancing/health.ts";
import type { ChoosingPool } from "./choosing_pool.ts";

/** That many servers, `s0:80` and so on. */
export function serversOf(count: number): Server[] {
  return Array.from({ length: count }, (_, index) => parseServer(`s${index}:80`));
}

/** What is given, without the ids of servers. */
export function withoutIds(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (name, it) => name === "id" ? undefined : it));
}

/** A probe that passed, of a test file of so many bytes. */
export function passed(elapsedMs: number, bytes = 1024, entityTag?: string): Outcome {
  const testFile = { bytes, entityTag };
  return { kind: "passed", sample: { bytes, elapsedMs, at: 0 }, testFile };
}

/** A probe that passed at this moment, of a test file of 1 KiB. */
export function passedAt(at: number, elapsedMs = 1): Outcome {
  return { kind: "passed", sample: { bytes: 1024, elapsedMs, at } };
}

/** A probe that failed; when the reason is that it was refused, at once. */
export function failed(
  reason: string,
  at = 0,
  fault: Fault = reason === "refused" ? "refused" : "answer",
): FailedOutcome {
  return { kind: "failed", reason, fault, at };
}

/** A probe that says nothing about the server. */
export const UNTESTABLE: Outcome = {
  kind: "untestable",
  reason: "too many files are open here",
  at: 9,
};

/** Picks a server for a request of which only what is given matters. */
export function pick(
  pool: ChoosingPool,
  random: number,
  more: Partial<PickRequest> = {},
): Server | undefined {
  return pool.pick({ client: "192.0.2.1", target: "/", monotonicMs: 0, random, ...more });
}

/** One round in which these servers take so long; the others fail. */
export function round(pool: Pool, elapsedMs: ReadonlyMap<Server, number>): void {
  for (const server of pool.beginRound()) {
    const ms = elapsedMs.get(server);
    pool.record(server, ms === undefined ? failed("refused") : passed(ms), 0);
  }
  pool.endRound(0);
}

/** A probe that the test ends by hand. */
export interface StartedProbe {
  readonly server: Server;
  readonly end: (outcome: Outcome) => void;
  readonly reject: (error: Error) => void;
}

/** Hands out each probe that starts, in order, and counts those that run. */
export class HeldProbes {
  readonly #started: StartedProbe[] = [];
  #wake: () => void = () => {};
  running = 0;
  mostRunning = 0;
  readonly seen: Server[] = [];

  readonly probe = async (server: Server): Promise<Outcome> => {
    this.seen.push(server);
    this.mostRunning = Math.max(this.mostRunning, ++this.running);
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
    this.#started.push({ server, end: resolve, reject });
    this.#wake();
    try {
      return await promise;
    } finally {
      this.running--;
    }
  };

  /** The next probe that starts, at once if it has already. */
  async next(): Promise<StartedProbe> {
    for (;;) {
      const started = this.#started.shift();
      if (started) return started;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }
}
