import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import type { PoolObserver } from "../../lib/balancing/chooser.ts";
import type { ReportedLoad, Thresholds, TransferSample } from "../../lib/balancing/health.ts";
import { parseServer, type Server } from "../../lib/balancing/list/server.ts";
import type { Candidate } from "../../lib/balancing/policies/policy.ts";
import type { Pool } from "../../lib/balancing/pool.ts";
import {
  applyPoolUpdate,
  PoolPublisher,
  type PoolUpdate,
  readPoolUpdate,
} from "../../lib/balancing/worker_link.ts";
import { observedPool } from "../support/choosing_pool.ts";
import { failed, passed, round } from "../support/servers.ts";

const servers = ["a:1=https://files.example/pub", "b:1 weight=3", "[::1]:1 backup"].map(
  parseServer,
);
const [a, b] = servers as [Server, Server, Server];

/** Without members that are undefined, which JSON leaves out. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function loadOf(openTransfers: number, at: number): ReportedLoad {
  return { openTransfers, pendingBytes: null, bytesPerSecond: null, utilization: null, at };
}

/** An update as a worker reads it. */
function received(update: PoolUpdate): PoolUpdate {
  return readPoolUpdate(plain(update));
}

/** A policy's part in a worker: keeps what it is told. */
class Listener implements PoolObserver {
  candidates: readonly Candidate[] = [];
  readonly calls: string[] = [];

  update(eligible: readonly Candidate[], now: number): void {
    const priority = Math.min(...eligible.map(({ server }) => server.priority));
    this.candidates = eligible.filter(({ server }) => server.priority === priority);
    this.calls.push(`${this.candidates.map(({ server }) => server.authority)} at ${now}`);
  }

  left(id: number): void {
    this.calls.push(`${this.#nameOf(id)} left`);
  }

  measured(id: number, sample: TransferSample, now: number): void {
    const name = this.#nameOf(id);
    if (name !== undefined) this.calls.push(`${name} took ${sample.elapsedMs} at ${now}`);
  }

  reported(id: number, load: ReportedLoad, now: number): void {
    const name = this.#nameOf(id);
    if (name !== undefined) this.calls.push(`${name} has ${load.openTransfers} at ${now}`);
  }

  /** Of a candidate: a policy knows no others. */
  #nameOf(id: number): string | undefined {
    return this.candidates.find(({ server }) => server.id === id)?.server.authority;
  }

  servers(): Server[] {
    return this.candidates.map(({ server }) => server);
  }
}

/** A parent with its pool, and a worker; the test says when changes are sent. */
class Stage {
  readonly own = new Listener();
  readonly worker = new Listener();
  readonly publisher: PoolPublisher;
  readonly pool: Pool;
  clock = 0;
  #sent = 0;
  readonly #soon: (() => void)[] = [];

  constructor(thresholds: Thresholds = { fall: 1, rise: 1 }) {
    this.publisher = new PoolPublisher((call) => this.#soon.push(call));
    this.pool = observedPool(servers, [this.own, this.publisher], thresholds);
    this.publisher.subscribe(this.#take);
    this.#sent = 0;
    this.forget();
  }

  readonly #take = (update: PoolUpdate): Promise<void> => {
    this.#sent++;
    applyPoolUpdate(received(update), this.worker, this.clock, this.clock);
    return Promise.resolve();
  };

  /** Another worker takes the place of this one. */
  greet(): void {
    this.publisher.subscribe(this.#take)();
    this.#sent = 0;
  }

  /** The time has come to send, and the worker hears it. How many lines it was. */
  async info(): Promise<number> {
    for (const call of this.#soon.splice(0)) call();
    for (let i = 0; i < 20; i++) await Promise.resolve();
    const sent = this.#sent;
    this.#sent = 0;
    return sent;
  }

  /** The worker's chooser knows of the same as that of the parent. */
  assertAlike(): void {
    assertEquals(plain(this.worker.candidates), plain(this.own.candidates));
  }

  forget(): void {
    this.worker.calls.length = this.own.calls.length = 0;
  }
}

Deno.test("PoolPublisher tells a worker whatever its parent's chooser is told", async () => {
  const stage = new Stage();
  for (const [place, ms] of [[0, 10], [1, 20], [2, 30]] as const) {
    stage.pool.record(servers[place]!, passed(ms), 0);
  }
  stage.clock = 77;
  stage.pool.endRound(0);
  assertEquals(await stage.info(), 1);
  stage.assertAlike();
  assertEquals(stage.worker.calls, ["a:1,b:1 at 77"]); // Tests of strangers mean nothing yet.
  stage.forget();
  stage.pool.record(b, passed(5), 0);
  assertEquals([await stage.info(), stage.worker.calls], [1, ["b:1 took 5 at 77"]]);
  stage.pool.record(a, failed("refused"), 0);
  assertEquals(await stage.info(), 1);
  stage.assertAlike();
  stage.pool.record(b, failed("refused"), 0);
  assertEquals(await stage.info(), 1);
  stage.assertAlike();
  assertEquals(stage.worker.servers().map(({ authority }) => authority), ["[::1]:1"]);
});

Deno.test("PoolPublisher tells many changes in one line, tests first and the latest of each server", async () => {
  const stage = new Stage();
  round(stage.pool, new Map(servers.map((server) => [server, 10])));
  assertEquals(await stage.info(), 1);
  stage.forget();
  stage.pool.record(a, passed(7), 0);
  stage.pool.record(b, passed(8), 0);
  stage.pool.record(a, passed(9), 0);
  stage.pool.endRound(0);
  stage.pool.record(b, failed("refused"), 0);
  assertEquals(stage.worker.calls, []);
  assertEquals(await stage.info(), 1);
  assertEquals(stage.worker.calls, [
    ...["a:1 took 9 at 0", "a:1 at 0"], // b:1 has left.
  ]);
  stage.assertAlike();
  assertEquals(await stage.info(), 0);
});

Deno.test("PoolPublisher tells only tests when nothing else has changed", async () => {
  const stage = new Stage();
  round(stage.pool, new Map(servers.map((server) => [server, 10])));
  await stage.info();
  stage.forget();
  const { candidates } = stage.worker;
  stage.pool.record(a, passed(7), 0);
  assertEquals(await stage.info(), 1);
  assertEquals(stage.worker.calls, ["a:1 took 7 at 0"]);
  assertStrictEquals(stage.worker.candidates, candidates);
});

Deno.test("PoolPublisher sends servers with ids, which stay while they are listed", async () => {
  const stage = new Stage();
  const all = new Map(servers.map((server) => [server, 10]));
  round(stage.pool, all);
  await stage.info();
  const idsOf = () => stage.worker.servers().map(({ id }) => id);
  assertEquals(idsOf(), [a.id, b.id]);
  round(stage.pool, all);
  await stage.info();
  stage.greet();
  assertEquals(idsOf(), [a.id, b.id]);
  const changed = parseServer("b:1 weight=4");
  stage.pool.replace([changed, a], 0);
  await stage.info();
  stage.assertAlike();
  assertEquals(plain(stage.worker.servers()), plain([{ ...changed, id: b.id }, a]));
});

Deno.test("PoolPublisher sends no servers that are gone, and no tests of them", async () => {
  const stage = new Stage();
  round(stage.pool, new Map(servers.map((server) => [server, 10])));
  await stage.info();
  stage.pool.replace([b], 0);
  await stage.info();
  assertEquals(plain(stage.worker.servers()), plain([b]));
  stage.forget();
  stage.publisher.measured(a.id, { bytes: 1, elapsedMs: 1, at: 0 });
  assertEquals([await stage.info(), stage.worker.calls], [1, []]);
  stage.pool.replace([], 0);
  await stage.info();
  assertEquals(stage.worker.candidates, []);
});

Deno.test("PoolPublisher.subscribe() sends all that a new worker has to know", async () => {
  const stage = new Stage();
  stage.greet();
  assertEquals(stage.worker.calls, [" at 0"]); // That no server may be picked is worth knowing.
  round(stage.pool, new Map(servers.map((server) => [server, 10])));
  stage.greet();
  stage.assertAlike();
  assertEquals(await stage.info(), 1); // For those that were there before.
  stage.assertAlike();
});

Deno.test("PoolPublisher sends the latest state to a worker that did not read for long", async () => {
  const updates: PoolUpdate[] = [];
  let read = () => {};
  const soon: (() => void)[] = [];
  const publisher = new PoolPublisher((call) => soon.push(call));
  const unsubscribe = publisher.subscribe((update) => {
    updates.push(update);
    return new Promise((resolve) => read = resolve);
  });
  const pool = observedPool(servers, [publisher], { fall: 1, rise: 1 });
  for (let i = 1; i <= 1000; i++) {
    round(pool, new Map(servers.map((server) => [server, i])));
    for (const call of soon.splice(0)) call();
  }
  assertEquals(updates.length, 1);
  read();
  for (let i = 0; i < 20; i++) await Promise.resolve();
  assertEquals(updates.length, 2);
  const { candidates, measured } = updates[1]!;
  assertEquals(candidates![0]!.sample.elapsedMs, 1000);
  assertEquals(measured.length, 3); // Each once, of those that are available.
  unsubscribe();
  pool.endRound(0);
  for (const call of soon.splice(0)) call();
  read();
  for (let i = 0; i < 20; i++) await Promise.resolve();
  assertEquals(updates.length, 2);
});

Deno.test("PoolPublisher tells at once that a server has left, and the rest with the update", async () => {
  const own = new Listener();
  const publisher = new PoolPublisher((call) => call());
  const updates: (() => void)[] = [];
  const pool = observedPool(servers, [own, publisher], { fall: 1, rise: 1 }, (call) => {
    updates.push(call);
  });
  round(pool, new Map(servers.map((server) => [server, 10])));
  const worker = new Listener();
  publisher.subscribe((update) => Promise.resolve(applyPoolUpdate(received(update), worker, 0, 0)));
  worker.calls.length = 0;
  pool.record(a, failed("refused"), 0);
  for (let i = 0; i < 20; i++) await Promise.resolve();
  assertEquals(worker.calls, ["a:1 left"]);
  for (const call of updates.splice(0)) call();
  for (let i = 0; i < 20; i++) await Promise.resolve();
  assertEquals(worker.calls, ["a:1 left", "b:1 at 0"]);
});

Deno.test("PoolPublisher sends the latest report of each server, as old as it is", async () => {
  const stage = new Stage();
  round(stage.pool, new Map(servers.map((server) => [server, 10])));
  await stage.info();
  stage.forget();
  stage.clock = 100;
  stage.pool.learnLoad(a, loadOf(1, 90), 90);
  stage.pool.learnLoad(b, loadOf(5, 93), 93);
  stage.pool.learnLoad(a, loadOf(2, 95), 95);
  assertEquals(await stage.info(), 1);
  assertEquals(stage.worker.calls, ["b:1 has 5 at 93", "a:1 has 2 at 95"]);
  assertEquals(await stage.info(), 0);
  stage.pool.learnLoad(a, loadOf(3, 120), 120); // The clock since the epoch has gone back.
  assertEquals(await stage.info(), 1);
  assertEquals(stage.worker.calls.at(-1), "a:1 has 3 at 100");
  stage.pool.replace([a], 130);
  await stage.info();
  stage.forget();
  stage.clock = 200;
  stage.greet(); // A new worker learns what is known, of servers that are left.
  assertEquals(stage.worker.calls.filter((it) => it.includes("has")), ["a:1 has 3 at 120"]);
});

Deno.test("PoolPublisher sends only what changed, however many reports there were", async () => {
  const stage = new Stage();
  round(stage.pool, new Map(servers.map((server) => [server, 10])));
  for (let i = 0; i < 100; i++) {
    for (const server of [a, b, b]) stage.pool.learnLoad(server, loadOf(i, i), i);
    if (i % 10 === 0) await stage.info();
    if (i % 25 === 0) stage.pool.endRound(i);
  }
  await stage.info();
  stage.forget();
  stage.pool.learnLoad(a, loadOf(7, 0), 100);
  await stage.info();
  assertEquals(stage.worker.calls, ["a:1 has 7 at 0"]);
});

Deno.test("PoolPublisher sends by itself after a while", async () => {
  const publisher = new PoolPublisher();
  const updates: PoolUpdate[] = [];
  const second = new Promise<void>((resolve) => {
    publisher.subscribe((update) => {
      if (updates.push(update) === 2) resolve();
      return Promise.resolve();
    });
  });
  for (let i = 0; i < 20; i++) await Promise.resolve(); // The first line was taken.
  publisher.update([]);
  await second;
  const nothing = { measured: [], measuredSince: [], reported: [], left: [] };
  assertEquals(updates[1], { ...nothing, candidates: [] });
});

Deno.test("PoolPublisher keeps the order of a round's end and the tests after it", async () => {
  const stage = new Stage();
  round(stage.pool, new Map(servers.map((server) => [server, 10])));
  stage.pool.record(a, passed(20), 0);
  stage.pool.endRound(0);
  stage.pool.record(a, passed(30), 0);
  stage.forget();
  assertEquals(await stage.info(), 1);
  assertEquals(stage.worker.calls, ["a:1,b:1 at 0", "a:1 took 30 at 0"]);
  stage.assertAlike();
});

Deno.test("readPoolUpdate() refuses what is no update", () => {
  const sample = { bytes: 1, elapsedMs: 1, at: 0 };
  const candidate = { server: a, sample, weight: 1, slowStart: 1 };
  const update: PoolUpdate = {
    measured: [[a.id, sample]],
    measuredSince: [],
    reported: [[a.id, loadOf(3, 4)]],
    left: [b.id],
  };
  const full = { ...update, candidates: [candidate] };
  assertEquals(readPoolUpdate(update), update);
  assertEquals(readPoolUpdate(full), full);
  const malformed: unknown[] = [
    ...[undefined, null, 1, "", [], {}],
    { ...update, measured: undefined },
    { ...update, measured: [a.id] },
    { ...update, measuredSince: [["a:1", sample]] },
    { ...update, measuredSince: [[a.id, { bytes: 1 }]] },
    { ...update, reported: undefined },
    { ...update, reported: [["a:1", loadOf(3, 4)]] },
    { ...update, reported: [[a.id, { ...loadOf(3, 4), at: null }]] },
    { ...update, reported: [[a.id, { ...loadOf(3, 4), openTransfers: "3" }]] },
    { ...update, left: ["a:1"] },
    { ...update, candidates: null },
    { ...update, candidates: [null] },
    { ...update, candidates: [{ ...candidate, server: undefined }] },
    { ...update, candidates: [{ ...candidate, server: { ...a, id: "1" } }] },
    { ...update, candidates: [{ ...candidate, server: { ...a, publicUrl: undefined } }] },
    { ...update, candidates: [{ ...candidate, weight: null }] },
  ];
  for (const it of malformed) assertThrows(() => readPoolUpdate(it), TypeError);
});
