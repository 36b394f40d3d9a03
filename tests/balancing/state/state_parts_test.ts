import { assertEquals, assertThrows } from "@std/assert";
import { FileChecks } from "../../../lib/balancing/file_checks/file_checks.ts";
import type { Thresholds } from "../../../lib/balancing/health.ts";
import { stateParts, type StateSources } from "../../../lib/balancing/state/state_parts.ts";
import { countsOf } from "../../support/counts.ts";
import { FarmStage } from "../../support/farm_stage.ts";
import { failed, passedAt, withoutIds } from "../../support/servers.ts";

/** The facts of all parts by their names, as they are read from a file. */
function factsOf(sources: StateSources): Record<string, unknown> {
  const facts = stateParts(sources).map((part) => [part.name, part.save()]);
  return JSON.parse(JSON.stringify(Object.fromEntries(facts)));
}

/** Adopts facts as a process does that starts. */
function restore(sources: StateSources, facts: Record<string, unknown>): void {
  for (const part of stateParts(sources)) part.restore(facts[part.name]);
}

function sourcesOf({ pool, checker, counters, operations, changes }: FarmStage): StateSources {
  return { pool, checker, counters, operations, changes, files: undefined };
}

/** A farm that knows what another one knew, and has tested nothing. */
async function successorOf(
  stage: FarmStage,
  entries: readonly string[],
  thresholds?: Thresholds,
): Promise<FarmStage> {
  const next = new FarmStage(entries, thresholds);
  await next.list.load();
  next.forget();
  restore(sourcesOf(next), factsOf(sourcesOf(stage)));
  return next;
}

/** A farm of which a is available, b out, and c has failed once; a fourth server is drained. */
async function severalRounds(): Promise<FarmStage> {
  const stage = new FarmStage(["a:1", "b:1", "c:1", "d:1,drain"], { fall: 2, rise: 2 });
  await stage.list.load();
  for (const at of [1000, 2000]) {
    stage.now = at;
    stage.outcomes["a"] = passedAt(at, 4);
    stage.outcomes["b"] = failed("refused", at);
    stage.outcomes["c"] = at === 1000 ? passedAt(at, 2) : failed("it answered 404", at, "time");
    stage.outcomes["d"] = passedAt(at, 8);
    await stage.checker.round();
  }
  return stage;
}

Deno.test("a balancer goes on with servers, tests and rounds as the one before it left them", async () => {
  const entries = ["a:1", "b:1", "c:1", "d:1,drain"];
  const stage = await severalRounds();
  const next = await successorOf(stage, entries, { fall: 2, rise: 2 });
  assertEquals(withoutIds(next.pool.records), withoutIds(stage.pool.records));
  const shown = (it: FarmStage) => it.pool.records.map(({ history }) => history.transfers);
  assertEquals(shown(next), shown(stage));
  assertEquals(next.checker.rounds, stage.checker.rounds);
  assertEquals(next.states, ["a:1 available", "b:1 out", "c:1 available", "d:1 available"]);
  const open = next.pool.chooser.byShare.map(({ authority }) => authority);
  assertEquals(open, stage.pool.chooser.byShare.map(({ authority }) => authority));
  next.outcomes["c"] = failed("it answered 404", 3000, "time");
  await next.checker.round();
  assertEquals(next.states[2], "c:1 out", "the failure before counts");
});

Deno.test("a balancer forgets servers that are listed no more, and tests those that are new", async () => {
  const next = await successorOf(await severalRounds(), ["n:1", "a:1", "https://b:1"]);
  assertEquals(next.states, ["n:1 untested", "a:1 available", "b:1 untested"]);
  await next.checker.newcomers();
  assertEquals(next.probed, ["n:1", "b:1"]);
});

Deno.test("a server that is out for good is tested once more by the next balancer", async () => {
  const stage = await FarmStage.tested(["a:1", "b:1", "c:1"]);
  for (const name of ["b", "c"]) stage.outcomes[name] = failed("refused", 5000);
  await stage.checker.round();
  await stage.checker.round();
  const next = await successorOf(stage, ["a:1", "b:1", "c:1"]);
  next.outcomes["c"] = failed("it answered 404", 9000);
  assertEquals(next.states, ["a:1 available", "b:1 out", "c:1 out"]);
  await next.checker.round();
  await next.checker.round();
  assertEquals(next.states, ["a:1 available", "b:1 available", "c:1 out"]);
  const { state } = next.pool.records[2]!;
  assertEquals(state, { kind: "out", reason: "refused", since: 5000 });
  assertEquals(next.probed, ["a:1", "b:1", "c:1", "a:1", "b:1"]);
});

Deno.test("facts of the servers are the same object until something has changed", async () => {
  const stage = await FarmStage.tested(["a:1", "b:1"]);
  const [servers] = stateParts(sourcesOf(stage));
  const facts = servers!.save();
  assertEquals(servers!.save() === facts, true);
  stage.pool.record(stage.pool.servers[0]!, failed("refused"), 0);
  assertEquals(servers!.save() === facts, false);
});

Deno.test("a server that this balancer has tested keeps what it found", async () => {
  const stage = await FarmStage.tested(["a:1", "b:1"]);
  const facts = factsOf(sourcesOf(stage));
  stage.outcomes["a"] = failed("refused", 7);
  await stage.checker.round();
  await stage.checker.round();
  restore(sourcesOf(stage), facts);
  assertEquals(stage.states, ["a:1 out", "b:1 available"]);
});

Deno.test("counters go on, and adopt twice only what was counted in between", async () => {
  const before = await FarmStage.tested(["a:1", "b:1"]);
  before.counters.add(countsOf({ redirects: { "a:1": 3, "gone:1": 2 }, unavailable: 1 }));
  const after = await FarmStage.tested(["a:1", "b:1"]);
  const parts = stateParts(sourcesOf(after));
  const adopt = () => {
    const facts = factsOf(sourcesOf(before));
    for (const part of parts) part.restore(facts[part.name]);
  };
  adopt();
  after.counters.redirected("a:1");
  assertEquals([after.counters.redirects, after.counters.unavailable], [6, 1]);
  before.counters.add(countsOf({ redirects: { "a:1": 10 }, missing: 2 }));
  await before.checker.round();
  for (let times = 0; times < 2; times++) adopt();
  const { redirects, unavailable, missing, clients } = after.counters;
  assertEquals([redirects, unavailable, missing], [16, 1, 2]);
  assertEquals(after.counters.redirectsTo("a:1"), 14);
  assertEquals(clients, 1, "those of this process");
  assertEquals(after.checker.rounds.count, 3);
  assertEquals(after.pool.chooser.shares.size, 2);
});

Deno.test("questions about files are counted on", () => {
  const mode = { mode: "after", rate: 1, expiryMs: 1, timeoutMs: 1, testTarget: "/t" } as const;
  const files = new FileChecks(mode, () => {}, () => {});
  try {
    const stage = new FarmStage(["a:1"]);
    const facts = { has: 1, lacks: 2, unclear: 3, unanswered: 4 };
    const part = stateParts({ ...sourcesOf(stage), files }).at(-1)!;
    for (let times = 0; times < 2; times++) part.restore(facts);
    part.restore({ ...facts, lacks: 5 });
    assertEquals(files.results, { has: 1, lacks: 5, unclear: 3, unanswered: 4 });
    assertThrows(() => part.restore({ ...facts, has: -1 }), TypeError);
  } finally {
    files.close();
  }
});

Deno.test("malformed facts are refused, and change nothing", async () => {
  const good = factsOf(sourcesOf(await severalRounds()));
  const key = "http a 1 ";
  const { health, transfers } = (good["servers"] as Record<string, Record<string, object>>)[key]!;
  const sample = { bytes: 1, elapsedMs: 1, at: 1 };
  const states: readonly unknown[] = [
    ...[undefined, null, {}, { kind: "odd" }, { kind: "out", since: 1 }],
    ...[{ kind: "out", reason: "x", since: "1" }, { kind: "available", since: 1 }],
    { kind: "available", since: 1, sample: { ...sample, bytes: -1 } },
    { kind: "available", since: null, sample },
  ];
  const servers: readonly unknown[] = [
    ...states.map((state) => ({ health: { ...health, state }, transfers })),
    ...[null, 7, {}, { health }, { health: null, transfers }, { health, transfers: {} }],
    ...[{ streak: -1 }, { streak: 0.5 }, { roundsLeft: "1" }, { slowStart: 1.5 }]
      .map((wrong) => ({ health: { ...health, ...wrong }, transfers })),
    ...[null, {}, { at: 1 }, { at: 1, reason: 7 }, { ...sample, partial: 0 }]
      .map((transfer) => ({ health, transfers: [transfer] })),
  ];
  const rows: readonly (readonly [string, unknown])[] = [
    ...servers.map((server) => ["servers", { [key]: server }] as const),
    ...[null, {}, { ...countsOf(), unavailable: "1" }].map((it) => ["clients", it] as const),
    ...[null, {}, { count: -1, endedAt: null, elapsedMs: null }].map((it) =>
      ["rounds", it] as const
    ),
  ];
  for (const [name, facts] of rows) {
    const stage = new FarmStage(["a:1"]);
    await stage.list.load();
    const part = stateParts(sourcesOf(stage)).find((it) => it.name === name)!;
    assertThrows(() => part.restore(facts), TypeError);
    assertEquals([stage.states, stage.checker.rounds.count], [["a:1 untested"], 0]);
  }
});
