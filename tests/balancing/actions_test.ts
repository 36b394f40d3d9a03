import { assertEquals } from "@std/assert";
import {
  type Action,
  applyActions,
  readSavedActions,
  savedActions,
  withAction,
  withoutEnded,
} from "../../lib/balancing/actions.ts";
import type { Thresholds } from "../../lib/balancing/health.ts";
import { parseServer, type Server } from "../../lib/balancing/list/server.ts";
import { POLICIES } from "../../lib/balancing/policies.ts";
import { ChoosingPool, observedPool } from "../support/choosing_pool.ts";
import { failed, passed, round } from "../support/servers.ts";

const a = parseServer("a:1");
const b = parseServer("b:1");
const backup = parseServer("c:1,backup");

function drain(more: Partial<Action> = {}): Action {
  return { kind: "drain", reason: null, since: 5, until: null, ...more } as Action;
}

const OUT: Action = { kind: "out", reason: "new disk", since: 7, until: 100 };
const WEIGHT: Action = { kind: "weight", weight: 3, reason: null, since: 6, until: null };

Deno.test("an action takes the place of one that it excludes, and stands beside others", () => {
  assertEquals(withAction([drain(), WEIGHT], OUT), [WEIGHT, OUT]);
  assertEquals(withAction([OUT], WEIGHT), [OUT, WEIGHT]);
  assertEquals(withAction([WEIGHT], { ...WEIGHT, weight: 4 }), [{ ...WEIGHT, weight: 4 }]);
  assertEquals(withoutEnded([WEIGHT, OUT], 99), { lasting: [WEIGHT, OUT], ended: [] });
  assertEquals(withoutEnded([WEIGHT, OUT], 100), { lasting: [WEIGHT], ended: [OUT] });
});

Deno.test("an action wins over the list, and leaves the rest of it", () => {
  const listed = parseServer("a:1=http://files.example,weight=2,backup");
  assertEquals(applyActions(listed, [drain(), WEIGHT]), { ...listed, isDrained: true, weight: 3 });
  assertEquals(applyActions(listed, [OUT]), listed);
});

Deno.test("saved actions are read as they were, and nothing else is", () => {
  const saved = savedActions([{ server: a, actions: [OUT, WEIGHT] }, { server: b, actions: [] }]);
  assertEquals(saved.length, 1);
  const copy = JSON.parse(JSON.stringify(saved));
  assertEquals(readSavedActions(copy), new Map([[saved[0]!.server, [OUT, WEIGHT]]]));
  const wrong: unknown[] = [
    ...[undefined, null, 1, {}, [1], [null], [{ server: 1, actions: [] }], [{ server: "a" }]],
    ...[{ kind: "boom" }, { reason: 1 }, { since: "5" }, { until: "soon" }, { since: null }]
      .map((it) => [{ server: "a", actions: [{ ...OUT, ...it }] }]),
    ...[0, -1, 1001, NaN, "3", undefined]
      .map((weight) => [{ server: "a", actions: [{ ...WEIGHT, weight }] }]),
    [{ server: "a", actions: [OUT, drain()] }],
  ];
  for (const it of wrong) assertEquals(readSavedActions(it), undefined, JSON.stringify(it));
});

/** A pool in which one round has ended, the first being the slowest. */
function testedPool(servers: readonly Server[], thresholds?: Thresholds): ChoosingPool {
  const pool = new ChoosingPool(servers, POLICIES["round-robin"](), thresholds);
  round(pool, new Map(servers.map((server, i) => [server, 100 - i])));
  return pool;
}

/** Who gets clients, and how many of twelve. */
function sharesOf({ records, chooser }: ChoosingPool): Record<string, number> {
  return Object.fromEntries(
    records.map(({ server }) => [server.authority, (chooser.shares.get(server.id) ?? 0) * 12])
      .filter(([, share]) => share !== 0),
  );
}

function stateOf(pool: ChoosingPool, server: Server): unknown[] {
  const { state, excludedReason } = pool.records.find((it) => it.server.id === server.id)!;
  return [state.kind, excludedReason];
}

Deno.test("Pool sends no new clients to a server that is drained by an action, and tests it", () => {
  const pool = testedPool([a, b, backup]);
  pool.setActions(a, [drain()], 1);
  assertEquals(sharesOf(pool), { "b:1": 12 });
  assertEquals(stateOf(pool, a), ["available", "drained"]);
  assertEquals(pool.beginRound().map(({ authority }) => authority), ["a:1", "b:1", "c:1"]);
  pool.setActions(b, [drain()], 1);
  assertEquals(sharesOf(pool), { "c:1": 12 });
  pool.setActions(a, [], 1);
  assertEquals(sharesOf(pool), { "a:1": 12 });
});

Deno.test("Pool holds a server out by an action whatever its tests find, until that ends", () => {
  for (const rise of [0, 1]) {
    const pool = testedPool([a, b], { fall: 1, rise });
    pool.setActions(a, [OUT], 1);
    const { state } = pool.records[0]!;
    assertEquals(state, { kind: "out", reason: "an operator took it out: new disk", since: 7 });
    assertEquals(pool.beginRound().map(({ authority }) => authority), ["b:1"]);
    assertEquals(pool.beginRound([a]).map(({ authority }) => authority), ["a:1"]);
    assertEquals(pool.record(a, passed(1), 2), undefined);
    pool.endRound(2);
    assertEquals(sharesOf(pool), { "b:1": 12 });
    pool.setActions(a, [], 3);
    assertEquals(stateOf(pool, a), ["untested", "untested"]);
    assertEquals(pool.beginRound("untested").map(({ authority }) => authority), ["a:1"]);
    pool.record(a, passed(1), 4);
    pool.endRound(4);
    assertEquals(sharesOf(pool), { "a:1": 6, "b:1": 6 });
  }
});

Deno.test("Pool gives a server the weight of an action, until that ends", () => {
  const pool = testedPool([a, b]);
  pool.setActions(a, [WEIGHT], 1);
  assertEquals(sharesOf(pool), { "a:1": 9, "b:1": 3 });
  pool.setActions(a, [], 1);
  assertEquals(sharesOf(pool), { "a:1": 6, "b:1": 6 });
});

Deno.test("Pool keeps actions when the list changes the same thing, and forgets them with a server", () => {
  const pool = testedPool([a, b]);
  pool.setActions(a, [drain(), WEIGHT], 1);
  const { changed } = pool.replace([parseServer("a:1,weight=7"), b], 2);
  assertEquals(changed.map(([, changes]) => changes), [{ weight: 7 }]);
  assertEquals(pool.records[0]!.server.weight, 3);
  assertEquals(sharesOf(pool), { "b:1": 12 });
  pool.setActions(a, [], 2);
  assertEquals(sharesOf(pool), { "a:1": 10.5, "b:1": 1.5 });

  pool.setActions(a, [drain()], 3);
  pool.replace([b], 4);
  pool.setActions(a, [OUT], 4);
  assertEquals(pool.records.map(({ server }) => server.authority), ["b:1"]);
  pool.replace([parseServer("a:1"), b], 5);
  assertEquals(pool.records[0]!.actions, []);
});

Deno.test("Pool tells who leaves at once, and all else of many actions together", () => {
  const told: string[] = [];
  const soon: (() => void)[] = [];
  const observer = {
    update: () => told.push("update"),
    left: () => told.push("left"),
    measured: () => {},
    reported: () => {},
  };
  const thresholds = { fall: 1, rise: 0 };
  const pool = observedPool([a, b], [observer], thresholds, (call) => soon.push(call));
  round(pool, new Map([[a, 1], [b, 2]]));
  told.length = 0;
  for (let times = 0; times < 100; times++) {
    pool.setActions(a, [drain()], times);
    pool.setActions(a, [], times);
    pool.setActions(a, [{ ...WEIGHT, weight: times + 1 }], times);
  }
  assertEquals(soon.length, 1);
  assertEquals(told, ["left"], "it has not been told that the server is back");
  soon[0]!();
  assertEquals(told, ["left", "update"]);
});

Deno.test("Pool lets a test that was asked for bring back a server that is out for good", () => {
  const pool = testedPool([a, b]);
  pool.record(a, failed("refused", 9), 1);
  pool.endRound(1);
  assertEquals(pool.beginRound().map(({ authority }) => authority), ["b:1"]);
  assertEquals(pool.beginRound([a]).map(({ authority }) => authority), ["a:1"]);
  assertEquals(pool.record(a, failed("refused", 10), 2), undefined);
  pool.endRound(2);
  assertEquals(stateOf(pool, a), ["out", "out"]);
  pool.beginRound([a]);
  assertEquals(pool.record(a, passed(1), 3)?.kind, "returned");
  pool.endRound(3);
  assertEquals(stateOf(pool, a), ["available", undefined]);
});
