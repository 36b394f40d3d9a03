import { assertEquals, assertStrictEquals } from "@std/assert";
import type { Thresholds } from "../../lib/balancing/health.ts";
import {
  BACKUP_PRIORITY,
  type ListingChanges,
  parseServer,
  type Server,
} from "../../lib/balancing/list/server.ts";
import { POLICIES } from "../../lib/balancing/policies.ts";
import { ChoosingPool, observedPool } from "../support/choosing_pool.ts";
import { failed, passed, pick, round, withoutIds } from "../support/servers.ts";

const a = parseServer("a:1");
const b = parseServer("b:1");

/** A pool in which one round has ended, the first being the slowest. */
function testedPool(servers: readonly Server[], thresholds?: Thresholds): ChoosingPool {
  const pool = new ChoosingPool(servers, POLICIES.rank(), thresholds);
  round(pool, new Map(servers.map((server, i) => [server, 100 - i])));
  return pool;
}

/** Names, options and states, in the order of the list. */
function statesOf(pool: ChoosingPool): string[] {
  return pool.records.map(({ server, state }) => `${server.authority} ${state.kind}`);
}

/** Who may be picked, the greatest share first. */
function openFor(pool: ChoosingPool): string[] {
  return pool.chooser.byShare.map(({ authority }) => authority);
}

Deno.test("Pool.replace() keeps servers of which nothing has changed", () => {
  const pool = testedPool([a, b]);
  const [before] = pool.records;
  const replacement = pool.replace([parseServer("b:1"), parseServer("a:1")], 1);
  assertEquals(replacement, { added: [], changed: [], removed: [] });
  assertEquals(pool.servers, [b, a]);
  assertEquals(pool.records[1], before);
  assertEquals(openFor(pool), ["b:1", "a:1"]);
});

Deno.test("Pool.replace() takes what has changed about a server, and keeps all else", () => {
  const changesOf: Readonly<Record<string, ListingChanges>> = {
    "a:1 weight=3": { weight: 3 },
    "a:1 drain": { isDrained: true },
    "a:1 backup": { priority: { before: 0, after: BACKUP_PRIORITY } },
    "a:1=http://files.example": { publicUrl: "http://files.example" },
    "a:1 country=de zone=a+b": { place: { zones: ["a", "b"], country: "de" } },
  };
  for (const [entry, change] of Object.entries(changesOf)) {
    const [first, other] = [parseServer("a:1"), parseServer("b:1")];
    const pool = testedPool([first, other], { fall: 1, rise: 1 });
    const load = { openTransfers: 1, pendingBytes: 2, bytesPerSecond: 3, utilization: null, at: 4 };
    pool.learnLoad(first, load, 4);
    const { state, slowStart, history } = pool.records[0]!;
    const replacement = pool.replace([parseServer(entry), other], 1);
    const server = { ...parseServer(entry), id: first.id };
    assertEquals(replacement, { added: [], changed: [[server, change]], removed: [] });
    const { excludedReason: _, ...record } = pool.records[0]!;
    assertEquals(record, { server, state, slowStart, history, load, actions: [] });
    assertEquals(withoutIds(first), withoutIds(parseServer("a:1")));
    assertStrictEquals(record.history, history);
    pool.record(first, failed("refused", 7), 2);
    pool.replace([parseServer("a:1"), other], 3);
    assertEquals(pool.records[0]!.state, { kind: "out", reason: "refused", since: 7 });
  }
});

Deno.test("Pool.replace() takes one that is probed otherwise for another server", () => {
  const pool = testedPool([a, b]);
  const secure = parseServer("https://a:1/pub");
  assertEquals(pool.replace([secure, b], 1), { added: [secure], changed: [], removed: [a] });
  assertEquals(statesOf(pool), ["a:1 untested", "b:1 available"]);
});

Deno.test("Pool.replace() goes by new options at once", () => {
  const pool = testedPool([parseServer("a:1"), b]);
  const shares = () => pool.servers.map(({ id }) => pool.chooser.shares.get(id) ?? 0);
  assertEquals(shares(), [1 / 3, 2 / 3]);
  pool.replace([parseServer("a:1 weight=2"), b], 1);
  assertEquals(shares(), [1 / 2, 1 / 2]);
  pool.replace([parseServer("a:1 drain"), b], 2);
  assertEquals([shares(), statesOf(pool)], [[0, 1], ["a:1 available", "b:1 available"]]);
});

Deno.test("Pool.replace() lets removed servers go at once, and tells it", () => {
  const pool = testedPool([a, b]);
  assertEquals(pool.replace([b], 1), { added: [], changed: [], removed: [a] });
  assertEquals([statesOf(pool), openFor(pool)], [["b:1 available"], ["b:1"]]);
  for (const random of [0, 0.5, 0.99]) assertEquals(pick(pool, random), b);
});

Deno.test("Pool.replace() begins with added servers untested", () => {
  const pool = testedPool([a, b]);
  const [c, d] = [parseServer("c:1"), parseServer("d:1 backup")];
  assertEquals(pool.replace([c, a, d, b], 1), { added: [c, d], changed: [], removed: [] });
  assertEquals(statesOf(pool), ["c:1 untested", "a:1 available", "d:1 untested", "b:1 available"]);
  assertEquals(openFor(pool), ["b:1", "a:1"]);
  assertEquals(pool.beginRound("untested"), [c, d]);
  assertEquals(pool.beginRound(), [c, a, d, b]);
  pool.record(c, passed(1), 2);
  assertEquals(openFor(pool), ["b:1", "a:1"]);
  pool.endRound(3);
  assertEquals(openFor(pool), ["c:1", "b:1", "a:1"]);
});

Deno.test("Pool.replace() forgets a server that was removed when it comes again", () => {
  const pool = testedPool([a, b]);
  pool.record(a, failed("refused"), 1);
  pool.replace([b], 2);
  assertEquals(pool.replace([a, b], 3), { added: [a], changed: [], removed: [] });
  assertEquals(statesOf(pool), ["a:1 untested", "b:1 available"]);
});

Deno.test("Pool.record() passes over the test of a server that was listed again meanwhile", () => {
  for (const outcome of [passed(1), failed("refused")]) {
    const pool = testedPool([b]);
    pool.replace([parseServer("a:1"), b], 1);
    const [old] = pool.beginRound();
    pool.replace([b], 2);
    pool.replace([parseServer("a:1"), b], 3);
    assertEquals(pool.record(old!, outcome, 4), undefined);
    pool.suspend(old!, 5);
    pool.refine(old!, { bytes: 1, elapsedMs: 1, at: 1 }, 6);
    assertEquals([pool.stateOf(old!), pool.isOnLastTry(old!)], [undefined, false]);
    pool.endRound(7);
    assertEquals(statesOf(pool), ["a:1 untested", "b:1 available"]);
    assertEquals(pool.records[0]!.history.transfers, []);
  }
});

Deno.test("Pool.record() passes over servers that were removed during the round", () => {
  const calls: string[] = [];
  const observer = {
    update: () => calls.push("update"),
    left: () => calls.push("left"),
    measured: () => calls.push("measured"),
    reported: () => calls.push("reported"),
  };
  const pool = observedPool([a, b], [observer]);
  const c = parseServer("c:1");
  assertEquals(pool.beginRound(), [a, b]);
  pool.replace([c], 1);
  const { records } = pool;
  calls.length = 0;
  for (const gone of [a, b]) {
    for (const outcome of [passed(1), failed("refused")]) {
      assertEquals(pool.record(gone, outcome, 2), undefined);
    }
  }
  assertEquals(calls, []);
  pool.endRound(3);
  assertEquals(pool.records, records);
});

Deno.test("Pool.beginRound() of the untested leaves those that are out alone", () => {
  const pool = testedPool([a, b], { fall: 2, rise: 1 });
  const c = parseServer("c:1");
  for (const at of [1, 2]) pool.record(a, failed("refused", at), at);
  pool.replace([a, b, c], 3);
  // A newcomer that failed once, and is not out yet, is untested still.
  for (let time = 0; time < 5; time++) assertEquals(pool.beginRound("untested"), [c]);
  pool.record(c, failed("refused"), 4);
  assertEquals(pool.beginRound("untested"), [c]);
  // None of these were rounds for one that is out: it is due in the first of its own.
  assertEquals(pool.beginRound(), [a, b, c]);
});

Deno.test("Pool sends clients to the lowest priority that is available", () => {
  const [first, second, backup] = [
    parseServer("p0:1"),
    { ...parseServer("p1:1"), priority: 1 },
    parseServer("z:1 backup"),
  ] as const;
  const late = { ...parseServer("p2:1"), priority: 1 };
  const drained = { ...parseServer("d:1 drain"), priority: 0 };
  const pool = testedPool([backup, second, drained, first, late], { fall: 1, rise: 1 });
  assertEquals(openFor(pool), ["p0:1"]);
  pool.record(first, failed("refused"), 0);
  assertEquals(openFor(pool), ["p2:1", "p1:1"]);
  pool.record(second, failed("refused"), 0);
  assertEquals(openFor(pool), ["p2:1"]);
  pool.record(late, failed("refused"), 0);
  assertEquals(openFor(pool), ["z:1"]);
  pool.record(backup, failed("refused"), 0);
  assertEquals([openFor(pool), pool.isAvailable], [[], false]);
  round(pool, new Map([[second, 1], [backup, 1]]));
  assertEquals(openFor(pool), ["p1:1"]);
});

Deno.test("Pool bears a list without anybody", () => {
  for (const pool of [new ChoosingPool([], POLICIES.rank()), testedPool([a, b])]) {
    pool.replace([a, b], 1);
    assertEquals(pool.replace([], 2), { added: [], changed: [], removed: [a, b] });
    assertEquals(pool.replace([], 3), { added: [], changed: [], removed: [] });
    assertEquals([pool.records, pool.isAvailable, pool.isTestable], [[], false, false]);
    assertEquals([pool.beginRound(), pool.beginRound("untested")], [[], []]);
    pool.endRound(4);
    assertEquals([pick(pool, 0.5), pool.ranking], [undefined, []]);
    pool.replace([a], 5);
    assertEquals([statesOf(pool), pool.isTestable], [["a:1 untested"], true]);
  }
});
