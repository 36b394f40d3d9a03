import { assertEquals, assertStrictEquals } from "@std/assert";
import type { Thresholds } from "../../lib/balancing/health.ts";
import { parseServer } from "../../lib/balancing/list/server.ts";
import { FarmStage } from "../support/farm_stage.ts";
import { failed, HeldProbes, passedAt, UNTESTABLE } from "../support/servers.ts";

Deno.test("ServerList begins with the list as it was read, and tests nobody", async () => {
  const stage = new FarmStage(["a:1", "b:1 backup"]);
  assertEquals([stage.states, stage.list.isTestable, stage.pool.isAvailable], [[], false, false]);
  stage.source.duplicates = [parseServer("a:1")];
  stage.source.problems = [{ entry: "dns:web:80", reason: "no such name" }];
  await stage.list.load();
  assertEquals(stage.states, ["a:1 untested", "b:1 untested"]);
  assertEquals([stage.list.isTestable, stage.pool.isAvailable, stage.probed], [true, false, []]);
  assertEquals(stage.logged, [
    "dns:web:80: no such name",
    "a:1 is listed twice; one is kept",
    "testing 2 servers",
  ]);
  await stage.checker.firstRound();
  assertEquals(stage.probed, ["a:1", "b:1"]);
});

Deno.test("HealthChecker.round() tests all, and is the one that is under way", async () => {
  const stage = new FarmStage(["a:1", "b:1"]);
  await stage.list.load();
  const first = stage.checker.round();
  assertStrictEquals(stage.checker.round(), first);
  await first;
  assertEquals([stage.probed, stage.pool.isAvailable], [["a:1", "b:1"], true]);
  await stage.checker.round();
  assertEquals(stage.probed, ["a:1", "b:1", "a:1", "b:1"]);
});

Deno.test("HealthChecker.round() reads no list again, and asks DNS only where there are names", async () => {
  const stage = await FarmStage.tested(["a:1"]);
  stage.source.list("b:1");
  await stage.checker.round();
  assertEquals(stage.states, ["a:1 available"]);
  stage.source.isDynamic = true;
  stage.forget();
  await stage.checker.round();
  assertEquals([stage.states, stage.probed], [["b:1 available"], ["b:1"]]);
  assertEquals(stage.logged, [
    "a:1 is in the list no more, and gets no more clients",
    "b:1 is new in the list",
    "b:1 is available: 1 kiB in 1.0 ms, 1000 kiB/s",
    "tested, fastest first: b:1 1.0 ms (100.0 %)",
  ]);
  assertEquals(stage.source.reloads, 0);
});

Deno.test("ServerList tells what DNS says once, and when it is well again", async () => {
  const stage = await FarmStage.tested(["a:1"]);
  stage.source.isDynamic = true;
  const courses: [reasons: Record<string, string>, logged: string[]][] = [
    [{ web: "no such name", api: "it is asleep" }, ["web: no such name", "api: it is asleep"]],
    [{ web: "no such name", api: "it is asleep" }, []],
    [{ web: "it timed out", api: "it is asleep" }, ["web: it timed out"]],
    [{ web: "it timed out" }, ["api can be looked up again"]],
    [{}, ["web can be looked up again"]],
    [{}, []],
    [{ web: "it timed out" }, ["web: it timed out"]],
  ];
  for (const [reasons, logged] of courses) {
    stage.source.problems = Object.entries(reasons).map(([entry, reason]) => ({ entry, reason }));
    stage.forget();
    await stage.checker.round();
    assertEquals(stage.logged.slice(0, -1), logged);
  }
});

Deno.test("ServerList says whether a round can change anything, and whether servers may return", async () => {
  const courses: [thresholds: Thresholds, isDynamic: boolean, isTestable: boolean, may: boolean][] =
    [
      [{ fall: 1, rise: 0 }, false, false, false],
      [{ fall: 1, rise: 0 }, true, true, true],
      [{ fall: 1, rise: 1 }, false, true, true],
      [{ fall: 2, rise: 0 }, false, true, false],
    ];
  for (const [thresholds, isDynamic, isTestable, mayRecover] of courses) {
    const stage = await FarmStage.tested(["a:1"], thresholds);
    stage.source.isDynamic = isDynamic;
    stage.outcomes["a"] = failed("refused");
    await stage.checker.round();
    assertEquals(
      [stage.list.isTestable, stage.list.mayRecover, stage.pool.isAvailable],
      [isTestable, mayRecover, thresholds.fall > 1],
    );
  }
});

Deno.test("HealthChecker.rounds says how the rounds go", async () => {
  const stage = new FarmStage(["a:1", "b:1"]);
  await stage.list.load();
  const none = { count: 0, endedAt: null, elapsedMs: null };
  assertEquals(stage.checker.rounds, { ...none, isUnderWay: false });
  stage.heldProbes = new HeldProbes();
  [stage.clock, stage.now] = [100, 5000];
  const round = stage.checker.round();
  const [first, second] = [await stage.heldProbes.next(), await stage.heldProbes.next()];
  assertEquals(stage.checker.rounds, { ...none, isUnderWay: true });
  first.end(passedAt(1));
  [stage.clock, stage.now] = [350, 4000]; // Only the first one never goes back.
  second.end(failed("refused"));
  await round;
  const { rounds } = stage.checker;
  assertEquals(rounds, { count: 1, endedAt: 4000, elapsedMs: 250, isUnderWay: false });
});

Deno.test("Pool.records have their tests behind them", async () => {
  const stage = new FarmStage(["a:1", "b:1", "c:1"], { fall: 2, rise: 0 });
  await stage.list.load();
  const outcomes = { a: passedAt(1001, 7), b: failed("refused", 1002), c: UNTESTABLE };
  Object.assign(stage.outcomes, outcomes);
  await stage.checker.round();
  assertEquals(
    stage.pool.records.map(({ server, state, slowStart, history }) => {
      return [server.authority, state.kind, slowStart, history.transfers];
    }),
    [
      ["a:1", "available", 1, [{ at: 1001, elapsedMs: 7, bytes: 1024, partial: false }]],
      ["b:1", "untested", 1, [{ at: 1002, reason: "refused" }]],
      ["c:1", "untested", 1, []],
    ],
  );
});

Deno.test("Pool keeps the history of a server that stays, whatever is said of it", async () => {
  const stage = await FarmStage.tested(["a:1", "b:1"]);
  const [{ history }] = stage.pool.records as [typeof stage.pool.records[0]];
  stage.source.list("b:1", "c:1", "a:1 weight=2");
  await stage.reload();
  const { records: before } = stage.pool;
  assertStrictEquals(before[2]!.history, history);
  stage.source.list("a:1");
  await stage.reload();
  stage.source.list("a:1", "b:1");
  await stage.reload();
  const [first, second] = stage.pool.records;
  assertStrictEquals(first!.history, history);
  assertEquals(second!.history.transfers.length, 1); // Those before it was taken off are forgotten.
});
