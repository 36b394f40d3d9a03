import { assertEquals, assertStrictEquals } from "@std/assert";
import type { Thresholds } from "../../lib/balancing/health.ts";
import { parseServer } from "../../lib/balancing/list/server.ts";
import { FarmStage } from "../support/farm_stage.ts";
import { failed, passedAt, ProbeDesk, UNTESTABLE } from "../support/servers.ts";

Deno.test("Farm begins with the list as it was read, and tests nobody", async () => {
  const stage = new FarmStage(["a:1", "b:1 backup"]);
  assertEquals([stage.states, stage.farm.isTestable, stage.farm.isOpen], [[], false, false]);
  stage.source.duplicates = [parseServer("a:1")];
  stage.source.problems = [{ entry: "dns:web:80", reason: "no such name" }];
  await stage.farm.begin();
  assertEquals(stage.states, ["a:1 untested", "b:1 untested"]);
  assertEquals([stage.farm.isTestable, stage.farm.isOpen, stage.probed], [true, false, []]);
  assertEquals(stage.told, [
    "dns:web:80: no such name",
    "a:1 is listed twice; one is kept",
    "testing 2 servers",
  ]);
  await stage.farm.firstRound();
  assertEquals(stage.probed, ["a:1", "b:1"]);
});

Deno.test("Farm.round() tests all, and is the one that is under way", async () => {
  const stage = new FarmStage(["a:1", "b:1"]);
  await stage.farm.begin();
  const first = stage.farm.round();
  assertStrictEquals(stage.farm.round(), first);
  await first;
  assertEquals([stage.probed, stage.farm.isOpen], [["a:1", "b:1"], true]);
  await stage.farm.round();
  assertEquals(stage.probed, ["a:1", "b:1", "a:1", "b:1"]);
});

Deno.test("Farm.round() reads no list again, and asks DNS only where there are names", async () => {
  const stage = await FarmStage.tested(["a:1"]);
  stage.source.list("b:1");
  await stage.farm.round();
  assertEquals(stage.states, ["a:1 available"]);
  stage.source.isDynamic = true;
  stage.forget();
  await stage.farm.round();
  assertEquals([stage.states, stage.probed], [["b:1 available"], ["b:1"]]);
  assertEquals(stage.told, [
    "a:1 is in the list no more, and gets no more clients",
    "b:1 is new in the list",
    "b:1 is available: 1 kiB in 1.0 ms, 1000 kiB/s",
    "tested, fastest first: b:1 1.0 ms (100.0 %)",
  ]);
  assertEquals(stage.source.reloads, 0);
});

Deno.test("Farm tells what DNS says once, and when it is well again", async () => {
  const stage = await FarmStage.tested(["a:1"]);
  stage.source.isDynamic = true;
  const courses: [reasons: Record<string, string>, told: string[]][] = [
    [{ web: "no such name", api: "it is asleep" }, ["web: no such name", "api: it is asleep"]],
    [{ web: "no such name", api: "it is asleep" }, []],
    [{ web: "it timed out", api: "it is asleep" }, ["web: it timed out"]],
    [{ web: "it timed out" }, ["api can be looked up again"]],
    [{}, ["web can be looked up again"]],
    [{}, []],
    [{ web: "it timed out" }, ["web: it timed out"]],
  ];
  for (const [reasons, told] of courses) {
    stage.source.problems = Object.entries(reasons).map(([entry, reason]) => ({ entry, reason }));
    stage.forget();
    await stage.farm.round();
    assertEquals(stage.told.slice(0, -1), told);
  }
});

Deno.test("Farm says whether a round can change anything, and whether servers may return", async () => {
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
    await stage.farm.round();
    assertEquals(
      [stage.farm.isTestable, stage.farm.mayRecover, stage.farm.isOpen],
      [isTestable, mayRecover, thresholds.fall > 1],
    );
  }
});

Deno.test("Farm.rounds says how the rounds go", async () => {
  const stage = new FarmStage(["a:1", "b:1"]);
  await stage.farm.begin();
  const none = { count: 0, endedAt: undefined, elapsedMs: undefined };
  assertEquals(stage.farm.rounds, { ...none, isUnderWay: false });
  stage.desk = new ProbeDesk();
  [stage.clock, stage.now] = [100, 5000];
  const round = stage.farm.round();
  const [first, second] = [await stage.desk.next(), await stage.desk.next()];
  assertEquals(stage.farm.rounds, { ...none, isUnderWay: true });
  first.end(passedAt(1));
  [stage.clock, stage.now] = [350, 4000]; // Only the first one never goes back.
  second.end(failed("refused"));
  await round;
  const { rounds } = stage.farm;
  assertEquals(rounds, { count: 1, endedAt: 4000, elapsedMs: 250, isUnderWay: false });
});

Deno.test("Farm.residents have their tests behind them", async () => {
  const stage = new FarmStage(["a:1", "b:1", "c:1"], { fall: 2, rise: 0 });
  stage.now = 1000;
  await stage.farm.begin();
  const outcomes = { a: passedAt(1001, 7), b: failed("refused", 1002), c: UNTESTABLE };
  Object.assign(stage.outcomes, outcomes);
  await stage.farm.round();
  assertEquals(
    stage.farm.residents.map(({ server, state, slowStart, history }) => {
      return [server.authority, state.kind, slowStart, history.since, history.transfers];
    }),
    [
      ["a:1", "available", 1, 1000, [{ at: 1001, elapsedMs: 7, bytes: 1024 }]],
      ["b:1", "untested", 1, 1000, [{ at: 1002, reason: "refused" }]],
      ["c:1", "untested", 1, 1000, []],
    ],
  );
});

Deno.test("Farm keeps the past of a server that stays, whatever is said of it", async () => {
  const stage = await FarmStage.tested(["a:1", "b:1"]);
  const [{ history }] = stage.farm.residents as [typeof stage.farm.residents[0]];
  stage.now = 2000;
  stage.source.list("b:1", "c:1", "a:1 weight=2");
  await stage.farm.reload();
  const { residents } = stage.farm;
  assertStrictEquals(residents[2]!.history, history);
  assertEquals(residents.map((it) => [it.history.since, it.history.transfers.length]), [
    ...[[0, 1], [2000, 1], [0, 1]],
  ]);
  stage.source.list("a:1");
  await stage.farm.reload();
  stage.source.list("a:1", "b:1");
  await stage.farm.reload();
  assertEquals(stage.farm.residents.map(({ history }) => history.since), [0, 2000]);
});
