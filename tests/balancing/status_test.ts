import { assertEquals } from "@std/assert";
import type { Outcome, Thresholds } from "../../lib/balancing/health.ts";
import { RequestCounters } from "../../lib/balancing/request_counters.ts";
import { type ServerStatus, StatusCollector } from "../../lib/balancing/status.ts";
import { FarmStage } from "../support/farm_stage.ts";
import { failed, passedAt, UNTESTABLE } from "../support/servers.ts";

const FACTS = { version: "1.2.3", startedAt: 5, policy: "rank", intervalMs: 300_000, workers: 2 };

/** A status collector of a farm that began at 1000. */
async function viewOf(entries: readonly string[], thresholds?: Thresholds) {
  const stage = new FarmStage(entries, thresholds);
  stage.now = 1000;
  await stage.list.load();
  const counters = new RequestCounters();
  const { pool, list, checker, operations, changes } = stage;
  const frontend = { isListening: false };
  const [draining, stopping] = [new AbortController(), new AbortController()];
  const certificate = { validity: { validFrom: 5, expiresAt: 6 } };
  const settled = { nextAt: undefined as number | undefined };
  const collector = new StatusCollector(
    {
      pool,
      list,
      checker,
      counters,
      operations,
      changes,
      frontend,
      nextAt: () => settled.nextAt,
      certificate,
      stop: { draining: draining.signal, signal: stopping.signal },
    },
    FACTS,
  );
  const serverAt = (place: number) => collector.status(0).servers[place]!;
  return { stage, counters, collector, serverAt, frontend, draining, stopping, settled };
}

Deno.test("StatusCollector.status() says how all of it stands", async () => {
  const { stage, counters, collector, frontend, draining, stopping, settled } = await viewOf([
    "a:1",
  ]);
  const { servers: [server], ...before } = collector.status(7000);
  assertEquals(before, {
    ...FACTS,
    ...{
      at: 7000,
      isListening: false,
      isDraining: false,
      isStopping: false,
      certificate: { validFrom: 5, expiresAt: 6 },
      redirects: 0,
      unavailable: 0,
      missing: 0,
      tiers: null,
      files: null,
      loadChecks: null,
      clientsPerSecond: [],
      ...{ actionsTaken: 0, changes: [] },
      dispersion: null,
    },
    rounds: {
      ...{ count: 0, isUnderWay: false },
      ...{ endedAt: null, elapsedMs: null, nextAt: null },
    },
  });
  assertEquals(server!.state, "untested");
  counters.redirected("a:1", 3);
  counters.redirected("gone:1", 4);
  counters.unavailable = 2;
  stage.now = 8000;
  await stage.checker.round();
  settled.nextAt = 9000;
  frontend.isListening = true;
  draining.abort();
  assertEquals([collector.status(0).isDraining, collector.status(0).isStopping], [true, false]);
  stopping.abort();
  const { servers: [after], rounds, redirects, unavailable, ...others } = collector.status(8500);
  assertEquals([after!.redirects, redirects, unavailable], [3, 7, 2]);
  assertEquals([others.isListening, others.isDraining, others.isStopping], [true, false, true]);
  assertEquals(rounds, {
    ...{ count: 1, isUnderWay: false, endedAt: 8000, elapsedMs: 0, nextAt: 9000 },
  });
});

Deno.test("StatusCollector.status() knows of no next round when there will be none", async () => {
  const { stage, collector, settled } = await viewOf(["a:1"]);
  settled.nextAt = 9000;
  assertEquals(collector.status(0).rounds.nextAt, 9000);
  stage.outcomes["a"] = failed("refused");
  await stage.checker.round();
  assertEquals(stage.list.isTestable, false);
  assertEquals(collector.status(0).rounds.nextAt, null);
});

Deno.test("StatusCollector.tick() counts the clients of each second, of 300 at most", async () => {
  const { counters, collector } = await viewOf(["a:1"]);
  const perSecond = () => collector.status(0).clientsPerSecond;
  collector.tick();
  counters.redirected("a:1", 5);
  counters.unavailable += 2;
  collector.tick();
  collector.tick();
  counters.redirected("b:1");
  assertEquals(perSecond(), [0, 7, 0]);
  collector.tick();
  assertEquals(perSecond(), [0, 7, 0, 1]);
  const before = perSecond();
  for (let second = 1; second <= 400; second++) {
    counters.redirected("a:1", second);
    collector.tick();
  }
  assertEquals(perSecond(), Array.from({ length: 300 }, (_, i) => i + 101));
  assertEquals(before, [0, 7, 0, 1]);
});

Deno.test("StatusCollector.tick() ends a second in which clients of each server are counted", async () => {
  const { counters, collector } = await viewOf(["a:1", "b:1"]);
  for (let second = 0; second < 60; second++) {
    counters.redirected(second % 2 === 0 ? "a:1" : "b:1", 10);
    collector.tick();
  }
  assertEquals(Math.round(collector.status(0).dispersion!), 5); // 25 by 5.
});

/** What is so of most servers. */
const USUAL: Omit<ServerStatus, "name" | "publicUrl" | "state" | "since" | "share"> = {
  ...{ foundBy: null, weight: 1, priority: 0, isDrained: false, climb: 1 },
  ...{ files: null, load: null, actions: [] },
  excludedReason: null,
  ...{ reason: null, throughputBytesPerSecond: null, partial: false, transfers: [], redirects: 0 },
};

Deno.test("StatusCollector.status() shows servers as the list has them, in its order", async () => {
  const { stage, collector } = await viewOf([
    ...["a:1=https://files.example/pub weight=3", "b:1 drain", "c:1 backup", "d:1"],
  ]);
  Object.assign(stage.outcomes, { a: passedAt(2000, 4), b: passedAt(2001, 2), d: UNTESTABLE });
  Object.assign(stage.outcomes, { c: passedAt(2002, 1024) });
  await stage.checker.round();
  assertEquals(collector.status(0).servers, [
    {
      ...{ ...USUAL, name: "a:1", publicUrl: "https://files.example/pub", weight: 3 },
      ...{ state: "available", since: 2000, share: 1, throughputBytesPerSecond: 256_000 },
      transfers: [{ at: 2000, elapsedMs: 4, bytes: 1024, partial: false }],
    },
    {
      ...{ ...USUAL, name: "b:1", publicUrl: "http://b:1", isDrained: true },
      excludedReason: "drained",
      ...{ state: "available", since: 2001, share: 0, throughputBytesPerSecond: 512_000 },
      transfers: [{ at: 2001, elapsedMs: 2, bytes: 1024, partial: false }],
    },
    {
      ...{ ...USUAL, name: "c:1", publicUrl: "http://c:1", priority: 65_536 },
      excludedReason: "backup",
      ...{ state: "available", since: 2002, share: 0, throughputBytesPerSecond: 1000 },
      transfers: [{ at: 2002, elapsedMs: 1024, bytes: 1024, partial: false }],
    },
    {
      ...{ ...USUAL, name: "d:1", publicUrl: "http://d:1" },
      excludedReason: "untested",
      ...{ state: "untested", since: null, share: 0 },
    },
  ]);
});

Deno.test("StatusCollector.status() says why a server is failing or out, and since when", async () => {
  const { stage, serverAt } = await viewOf(["a:1", "b:1"], { fall: 2, rise: 1 });
  const courses: [outcome: Outcome, Partial<ServerStatus>][] = [
    [failed("first", 2000), { state: "untested", reason: "first", since: null, share: 0 }],
    [passedAt(3000, 0.5), { state: "available", reason: null, since: 3000 }],
    [failed("second", 4000), { state: "available", reason: "second", since: 3000 }],
    [UNTESTABLE, { state: "available", reason: "second", since: 3000 }],
    [failed("third", 5000), {
      state: "out",
      reason: "third",
      since: 5000,
      throughputBytesPerSecond: null,
    }],
    [failed("fourth", 6000), { state: "out", reason: "third", since: 5000, share: 0 }],
    [passedAt(7000), { state: "out", reason: "third", since: 5000, share: 0 }],
    [passedAt(8000), { state: "available", reason: null, since: 8000, climb: 0 }],
  ];
  for (const [outcome, expected] of courses) {
    stage.outcomes["a"] = outcome;
    await stage.checker.round();
    const status = serverAt(0);
    const looked = Object.keys(expected) as (keyof ServerStatus)[];
    assertEquals(Object.fromEntries(looked.map((key) => [key, status[key]])), expected);
  }
  assertEquals(serverAt(0).transfers.length, 6);
});

Deno.test("StatusCollector.status() says how clients are shared among those that are available", async () => {
  const { stage, collector } = await viewOf(["a:1", "b:1", "c:1 backup"], { fall: 1, rise: 1 });
  const shares = () => collector.status(0).servers.map(({ share }) => share);
  assertEquals(shares(), [0, 0, 0]);
  Object.assign(stage.outcomes, { a: passedAt(1, 9), b: passedAt(1, 5) });
  await stage.checker.round();
  assertEquals(shares(), [1 / 3, 2 / 3, 0]);
  Object.assign(stage.outcomes, { a: failed("x"), b: failed("x") });
  await stage.checker.round();
  assertEquals(shares(), [0, 0, 1]);
});
