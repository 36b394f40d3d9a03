import type { Server } from "../../lib/balancing/list/server.ts";
import type { Pool } from "../../lib/balancing/pool.ts";
import { pathSpeed, type World } from "./continents.ts";
import type { EventQueue } from "./min_heap.ts";
import type { Farm, Job } from "./farm.ts";

/** The test file is 1 MiB. */
const TEST_BYTES = 2 ** 20;

/** A probe that takes longer is cut short, in ms. */
const TIMEOUT = 30_000;

/** Of so many servers, one is probed at a time; but never fewer than `LEAST_AT_A_TIME`. */
const SERVERS_A_PROBE = 50;
const LEAST_AT_A_TIME = 4;

/** The index of the continent from which servers are probed. */
const BALANCERS_CONTINENT = 0;

/** Probes the servers of a pool, round after round; each probe takes its share of the server. */
export class Prober {
  readonly #pool: Pool;
  readonly #servers: readonly Server[];
  readonly #indices: ReadonlyMap<Server, number>;
  readonly #farm: Farm;
  readonly #events: EventQueue;
  readonly #onRound: () => void;
  readonly #world: World;
  readonly #newFlowShare: number;
  #waiting: Server[] = [];
  #running = 0;

  /** @param servers those of the pool, in the order of the farm's lines. */
  constructor(
    { pool, servers, farm, events, onRound, world, newFlowShare }: {
      pool: Pool;
      servers: readonly Server[];
      farm: Farm;
      events: EventQueue;
      /** A round has ended. */
      onRound: () => void;
      world: World;
      /** See `Scenario`. */
      newFlowShare: number;
    },
  ) {
    this.#pool = pool;
    this.#servers = servers;
    this.#farm = farm;
    this.#events = events;
    this.#onRound = onRound;
    this.#world = world;
    this.#newFlowShare = newFlowShare;
    this.#indices = new Map(servers.map((server, i) => [server, i]));
  }

  /** Begins a round unless one is under way. */
  begin(now: number): void {
    if (this.#running > 0) return;
    this.#waiting = this.#pool.beginRound().reverse();
    this.#running++;
    const atATime = Math.max(LEAST_AT_A_TIME, Math.floor(this.#servers.length / SERVERS_A_PROBE));
    for (let i = 0; i < atATime; i++) this.#probeNext(now);
    this.#leave(now);
  }

  /** Goes on until a probe is under way. */
  #probeNext(now: number): void {
    for (let server = this.#waiting.pop(); server; server = this.#waiting.pop()) {
      if (this.#probe(server, now)) return;
      this.#fail(server, now);
    }
  }

  #probe(server: Server, begunAt: number): boolean {
    const index = this.#indices.get(server)!;
    let isOver = false;
    const timeout = begunAt + TIMEOUT;
    const finish = (now: number, record: () => void) => {
      isOver = true;
      record();
      this.#probeNext(now);
      this.#leave(now);
    };
    const job: Job = {
      bytes: TEST_BYTES,
      pathSpeed: pathSpeed(this.#world, index, BALANCERS_CONTINENT),
      weight: this.#newFlowShare,
      isProbe: true,
      onEnd: (now) => finish(now, () => this.#pass(server, TEST_BYTES, begunAt, now)),
      onBreak: (now, left) =>
        finish(now, () => {
          const bytes = now === timeout ? TEST_BYTES - left : 0; // Else the server has died.
          if (bytes > 0) this.#pass(server, bytes, begunAt, now);
          else this.#fail(server, now);
        }),
    };
    if (!this.#farm.begin(index, job, begunAt)) return false;
    this.#running++;
    this.#events.add(timeout, () => isOver || this.#farm.giveUp(index, job, timeout));
    return true;
  }

  #pass(server: Server, bytes: number, begunAt: number, now: number): void {
    const sample = { bytes, elapsedMs: now - begunAt, at: now };
    this.#pool.record(server, { kind: "passed", sample }, now);
  }

  #fail(server: Server, now: number): void {
    const reason = "it does not answer";
    this.#pool.record(server, { kind: "failed", reason, fault: "time", at: now }, now);
  }

  #leave(now: number): void {
    if (--this.#running > 0) return;
    this.#pool.endRound(now);
    this.#onRound();
  }
}
