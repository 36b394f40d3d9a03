import type { Server } from "../../lib/balancing/list/server.ts";
import { CheckQueue, SLOT_MS } from "../../lib/balancing/load_checks/check_queue.ts";
import type { Pool } from "../../lib/balancing/pool.ts";
import type { Farm } from "./farm.ts";
import type { EventQueue } from "./min_heap.ts";
import type { Scenario } from "./scenario.ts";

/** Called when a server says how busy it is. */
export type OnReport = (server: number, now: number) => void;

/** Asks servers how busy they are, between rounds, by `CheckQueue`. */
export class Reporter {
  readonly #pool: Pool;
  readonly #servers: readonly Server[];
  readonly #farm: Farm;
  readonly #events: EventQueue;
  readonly #scenario: Scenario;
  readonly #onReport: OnReport;
  /** By index. */
  readonly #queue: CheckQueue<number>;
  #isTicking = false;
  #now = 0;

  /** @param servers those of the pool, in the order of the farm's lines */
  constructor({ pool, servers, farm, events, random, scenario, next, onReport = () => {} }: {
    pool: Pool;
    servers: readonly Server[];
    farm: Farm;
    events: EventQueue;
    random: () => number;
    scenario: Scenario;
    /** The server that the next client would be sent to. */
    next: (now: number) => number | undefined;
    onReport?: OnReport | undefined;
  }) {
    this.#pool = pool;
    this.#servers = servers;
    this.#farm = farm;
    this.#events = events;
    this.#scenario = scenario;
    this.#onReport = onReport;
    this.#queue = new CheckQueue({
      ...{ perRedirect: scenario.checks / 100, random },
      next: () => next(this.#now),
    });
    for (let server = 0; server < servers.length; server++) this.#queue.add(server);
  }

  /** A client was sent to a server. */
  redirected(server: number, now: number): void {
    this.#queue.redirected(server);
    this.#tickSoon(now);
  }

  #tickSoon(now: number): void {
    if (this.#isTicking || this.#queue.isEmpty) return;
    this.#isTicking = true;
    const at = now + SLOT_MS;
    this.#events.add(at, () => {
      this.#isTicking = false;
      this.#now = at;
      for (const server of this.#queue.next()) this.#ask(server, at);
      this.#tickSoon(at);
    });
  }

  /** What a server says is as old as the clients that are on their way to it. */
  #ask(server: number, now: number): void {
    const line = this.#farm.lines[server]!;
    if (line.speed === 0) return;
    const { roundTrip, bufferBytes } = this.#scenario;
    const { openTransfers, pendingBytes, bytesPerMs, utilization } = line.load(now, bufferBytes);
    const at = now + roundTrip;
    this.#events.add(at, () => {
      const bytesPerSecond = bytesPerMs * 1000;
      const load = { openTransfers, pendingBytes, bytesPerSecond, utilization, at };
      if (pendingBytes > 0) this.#queue.want(server);
      this.#tickSoon(at);
      this.#pool.learnLoad(this.#servers[server]!, load, at);
      this.#onReport(server, at);
    });
  }
}
