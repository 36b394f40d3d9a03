import { assert, assertEquals } from "@std/assert";
import { seededRandom } from "../support/random.ts";
import { planOf } from "./faults.ts";
import { LoggedStates, parseStateRecord, type StateRecord } from "./state_log.ts";
import { DetectionTimes, wasForbidden, wasInVain } from "./verdict.ts";

function told(at: number, event: string, more: Partial<StateRecord> = {}): StateRecord {
  return { at, event, line: "", ...more };
}

/** What the states of a farm of `a` and `b` finds wrong. */
function mistakesIn(...records: readonly StateRecord[]): string[] {
  const states = new LoggedStates(["a", "b"]);
  return records.map((record) => states.take(record)).filter((it) => it !== undefined);
}

const BEGUN = [
  told(0, "available", { server: "a" }),
  told(0, "available", { server: "b" }),
  told(1, "round", { servers: 2, available: 2 }),
];

Deno.test("LoggedStates finds nothing wrong with a server that leaves and returns, or is replaced", () => {
  const mistakes = mistakesIn(
    ...BEGUN,
    told(1000, "out", { server: "a" }),
    told(1000, "round", { servers: 2, available: 1 }),
    told(2000, "recovering", { server: "a" }),
    told(3000, "returned", { server: "a", outMs: 2000 }),
    told(3000, "different", { server: "a" }),
    told(4000, "unlisted", { server: "a" }),
    told(4000, "round", { servers: 1, available: 1 }),
    told(5000, "listed", { server: "a" }),
    told(5000, "available", { server: "a" }),
    told(6000, "notice", { message: "something else" }),
  );
  assertEquals(mistakes, []);
});

Deno.test("LoggedStates finds lines that do not fit what was told before", () => {
  const cases: readonly (readonly [StateRecord[], string])[] = [
    [
      [told(9, "out", { server: "a" }), told(10, "out", { server: "a" })],
      'a was told "out" while it was out',
    ],
    [
      [told(9, "returned", { server: "a", outMs: 9 })],
      'a was told "returned" while it was available',
    ],
    [
      [told(9, "recovering", { server: "a" })],
      'a was told "recovering" while it was available',
    ],
    [[told(9, "available", { server: "c" })], 'c was told "available" while it was absent'],
    [[told(9, "vanished", { server: "a" })], 'a was told "vanished" while it was available'],
    [
      [told(9, "out", { server: "a" }), told(9009, "returned", { server: "a", outMs: 2000 })],
      "a was out for 9000 ms, and the log says 2000",
    ],
    [
      [told(9, "round", { servers: 2, available: 1 })],
      "a round says 1 of 2 are available; it should be 2 of 2",
    ],
  ];
  for (const [records, mistake] of cases) {
    assertEquals(mistakesIn(...BEGUN, ...records), [mistake]);
  }
});

Deno.test("LoggedStates tells when a server was to get nobody", () => {
  const states = new LoggedStates(["a", "b"]);
  for (const [at, event] of [[1, "available"], [5, "out"], [9, "returned"]] as const) {
    states.take(told(at, event, { server: "a" }));
  }
  states.take(told(11, "unlisted", { server: "a" }));
  states.take(told(12, "listed", { server: "a" }));
  assertEquals(states.spansWithout("a"), [[5, 9], [11, Infinity]]);
  assertEquals(states.spansWithout("b"), []);
});

Deno.test("wasForbidden() leaves news 100 ms, and judges only what lies within a span", () => {
  const judge = (askedAt: number, toldAt: number) =>
    wasForbidden({ server: "a", askedAt, toldAt }, [[1000, 2000]]);
  assertEquals([judge(1100, 1150), judge(1101, 1999)], [false, true]);
  assertEquals([judge(1200, 2000), judge(2001, 2002)], [false, false]);
});

Deno.test("wasInVain() counts what surely led to a dead server", () => {
  const judge = (askedAt: number, toldAt: number) =>
    wasInVain({ server: "a", askedAt, toldAt }, [[1000, 2000]]);
  assertEquals([judge(999, 1001), judge(1000, 1001), judge(1999, 2000)], [false, true, false]);
});

Deno.test("parseStateRecord() reads records, and nothing else", () => {
  const line = '{"time":"1970-01-01T00:00:01.500Z","event":"out","server":"a:1"}';
  const { at, event, server } = parseStateRecord(line)!;
  assertEquals([at, event, server], [1500, "out", "a:1"]);
  for (const text of ["", "balancer: text", "null", "[]", '{"time":"x","event":"out"}', "{}"]) {
    assertEquals(parseStateRecord(text), undefined, text);
  }
});

Deno.test("planOf() is the same every time, of everything, and no longer than the day", () => {
  const plan = planOf(seededRandom(1), 6, 600_000);
  assertEquals(planOf(seededRandom(1), 6, 600_000), plan);
  assertEquals(new Set(plan.map(({ fault }) => fault)).size, 6);
  assert(plan.reduce((sum, { afterMs }) => sum + afterMs, 0) <= 600_000);
});

Deno.test("DetectionTimes shows the middle and the worst of each kind", () => {
  const times = new DetectionTimes();
  for (const ms of [3000, 1000, 2000]) times.add("killed: out", ms);
  assertEquals(times.table.split("\n")[2], "| killed: out | 3 | 2.00 s | 3.00 s |");
});
