import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { parseServer, type Server } from "../../lib/balancing/list/server.ts";
import { POLICIES } from "../../lib/balancing/policies.ts";
import { History } from "../../lib/balancing/health.ts";
import { ChoosingPool, observedPool } from "../support/choosing_pool.ts";
import { seededRandom } from "../support/random.ts";
import { failed, passed, pick, round, UNTESTABLE } from "../support/servers.ts";

const a = parseServer("a:1");
const b = parseServer("b:1");
const c = parseServer("c:1");

function poolOf(servers: readonly Server[]): ChoosingPool {
  return new ChoosingPool(servers, POLICIES.rank());
}

/** A pool of a, b and c in which one round has ended: slowest b, then a, fastest c. */
function rankedPool(): ChoosingPool {
  const pool = poolOf([a, b, c]);
  round(pool, new Map([[a, 20], [b, 30], [c, 10]]));
  return pool;
}

function ranked(pool: ChoosingPool): [Server, number][] {
  return pool.ranking.map(({ server, share }) => [server, share]);
}

function statesOf(pool: ChoosingPool): string[] {
  return pool.records.map(({ state }) => state.kind);
}

const UNTESTED = {
  ...{ state: { kind: "untested" } as const, slowStart: 1 },
  ...{ excludedReason: "untested" as const, history: new History(), load: undefined, actions: [] },
};

Deno.test("Pool begins with every server untested and none to pick", () => {
  const pool = poolOf([a, b]);
  assertEquals(pool.records, [
    { server: a, ...UNTESTED },
    { server: b, ...UNTESTED },
  ]);
  assertEquals(pool.beginRound(), [a, b]);
  assertEquals(pool.ranking, []);
  assertEquals(pick(pool, 0.5), undefined);
  assertEquals([pool.isAvailable, pool.isTestable], [false, true]);
});

Deno.test("Pool orders by elapsed time, slowest first, and shares by that order", () => {
  assertEquals(ranked(rankedPool()), [[b, 1 / 6], [a, 2 / 6], [c, 3 / 6]]);
});

Deno.test("Pool goes by bytes over time, so that sizes may differ", () => {
  const pool = poolOf([a, b]);
  pool.record(a, passed(10, 1), 0);
  pool.record(b, passed(11, 1_000_000), 0);
  pool.endRound(0);
  assertEquals(ranked(pool).map(([server]) => server), [a, b]);
});

Deno.test("Pool keeps servers with equal times in the order given", () => {
  const pool = poolOf([a, b, c]);
  for (const server of [c, a, b]) pool.record(server, passed(10), 0);
  pool.endRound(0);
  assertEquals(ranked(pool).map(([server]) => server), [a, b, c]);
});

Deno.test("Pool keeps the sample of a server that has no new one", () => {
  const pool = rankedPool();
  pool.record(c, passed(25), 0);
  pool.endRound(0);
  assertEquals(pool.ranking.map(({ sample }) => sample.elapsedMs), [30, 25, 20]);
});

Deno.test("Pool lets passed tests count when the round ends, and at once where nobody is", () => {
  const pool = poolOf([a, b, c]);
  pool.record(b, passed(10), 0);
  assertStrictEquals(pick(pool, 0), b);
  pool.record(a, passed(5), 0);
  assertEquals(statesOf(pool), ["untested", "available", "untested"]);
  pool.record(b, failed("refused"), 0);
  assertStrictEquals(pick(pool, 0), a);
  assertEquals(statesOf(pool), ["available", "out", "untested"]);
  pool.record(c, passed(10), 0);
  assertEquals(statesOf(pool), ["available", "out", "untested"]);
  pool.endRound(0);
  assertEquals(statesOf(pool), ["available", "out", "available"]);
});

Deno.test("Pool picks who has passed in the round when the last one leaves the list", () => {
  const pool = poolOf([a, b]);
  pool.record(a, passed(10), 0);
  pool.record(b, passed(10), 0);
  pool.replace([b], 0);
  assertEquals(pick(pool, 0), b);
});

Deno.test("Pool never mixes the times of two rounds", () => {
  const pool = rankedPool();
  const before = pool.ranking;
  pool.record(c, passed(1000), 0);
  pool.record(b, passed(1), 0);
  assertEquals(pool.ranking, before);
  pool.record(a, failed("refused"), 0);
  assertEquals(pool.ranking.map(({ sample }) => sample.elapsedMs), [30, 10]);
  pool.endRound(0);
  assertEquals(pool.ranking.map(({ sample }) => sample.elapsedMs), [1000, 1]);
});

Deno.test("Pool takes a failed server out at once and shares among what is left", () => {
  const pool = rankedPool();
  assertEquals(pool.record(a, failed("answered 404", 7), 0), {
    ...{ kind: "out", reason: "answered 404", streak: 1, fall: 1 },
  });
  assertEquals(ranked(pool), [[b, 1 / 3], [c, 2 / 3]]);
  assertEquals(pool.beginRound(), [b, c]);
  const { history, ...record } = pool.records[0]!;
  assertEquals(history.transfers.at(-1), { at: 7, reason: "answered 404" });
  assertEquals(record, {
    server: a,
    state: { kind: "out", reason: "answered 404", since: 7 },
    slowStart: 1,
    excludedReason: "out",
    load: undefined,
    actions: [],
  });
});

Deno.test("Pool never brings back a server that is out, nor changes the reason", () => {
  const pool = rankedPool();
  pool.record(a, failed("first", 1), 0);
  pool.record(a, passed(1), 0);
  pool.record(a, failed("second", 2), 0);
  pool.endRound(0);
  assertEquals(pool.records[0]?.state, { kind: "out", reason: "first", since: 1 });
  assertEquals(ranked(pool).map(([server]) => server), [b, c]);
});

Deno.test("Pool drops the sample of a server that fails before the round ends", () => {
  const pool = poolOf([a, b]);
  pool.record(a, passed(10), 0);
  pool.record(a, failed("refused"), 0);
  pool.endRound(0);
  assertEquals(statesOf(pool), ["out", "untested"]);
  assertEquals(pick(pool, 0), undefined);
});

Deno.test("Pool.record() passes over a server that is not in the pool", () => {
  const pool = rankedPool();
  const before = [pool.records, ranked(pool)];
  const stranger = parseServer("a:1"); // Servers are told apart by identity.
  for (const outcome of [passed(1), failed("refused"), UNTESTABLE]) {
    assertEquals(pool.record(stranger, outcome, 0), undefined);
  }
  pool.endRound(0);
  assertEquals([pool.records, ranked(pool)], before);
});

Deno.test("Pool.ranking that was read before stays as it was", () => {
  const pool = rankedPool();
  const before = pool.ranking;
  pool.record(b, failed("refused"), 0);
  assertEquals(before.map(({ server }) => server), [b, a, c]);
});

Deno.test("Pool.pick() goes from the slowest to the fastest as the random number grows", () => {
  const pool = rankedPool();
  const picks = [0, 0.16, 0.17, 0.49, 0.51, 0.999999999999].map((random) => pick(pool, random));
  assertEquals(picks, [b, b, a, a, c, c]);
});

Deno.test("Pool.pick() never returns a server that is out", () => {
  const random = seededRandom(1);
  const pool = rankedPool();
  for (const gone of [c, b]) {
    pool.record(gone, failed("refused"), 0);
    for (let i = 0; i < 1000; i++) assert(pick(pool, random()) !== gone);
  }
  assertStrictEquals(pick(pool, 0), a);
});

Deno.test("Pool.pick() gives undefined once the last server is out", () => {
  const pool = rankedPool();
  for (const server of [a, b, c]) pool.record(server, failed("refused"), 0);
  assertEquals([pick(pool, 0), pick(pool, 0.99)], [undefined, undefined]);
  assertEquals([pool.isAvailable, pool.isTestable, pool.beginRound()], [false, false, []]);
  pool.endRound(0);
  assertEquals(pick(pool, 0), undefined);
});

Deno.test("Pool leaves a server as it is when it could not be tested", () => {
  const pool = poolOf([a, b]);
  pool.record(a, UNTESTABLE, 0);
  pool.record(b, passed(20), 0);
  pool.endRound(0);
  assertEquals(statesOf(pool), ["untested", "available"]);
  pool.record(b, UNTESTABLE, 0);
  pool.endRound(0);
  assertEquals(pick(pool, 0), b);
});

Deno.test("Pool tells of many that leave within a moment in one update, and of each at once", () => {
  const calls: string[] = [];
  const soon: (() => void)[] = [];
  const observer = {
    update: (candidates: readonly unknown[]) => calls.push(`${candidates.length} left over`),
    left: (left: number) => calls.push([a, b, c].find(({ id }) => id === left)!.authority),
    measured: () => {},
    reported: () => {},
  };
  const pool = observedPool([a, b, c], [observer], { fall: 1, rise: 0 }, (call) => soon.push(call));
  for (const server of [a, b, c]) pool.record(server, passed(1), 0);
  pool.endRound(0);
  calls.length = 0;
  pool.record(a, failed("refused"), 0);
  pool.record(b, failed("refused"), 0);
  assertEquals([calls, soon.length, pool.isAvailable], [["a:1", "b:1"], 1, true]);
  soon.pop()!();
  assertEquals(calls.at(-1), "1 left over");
  pool.record(c, failed("refused"), 0); // Nothing is to be waited for when none is left.
  assertEquals([calls.slice(-2), pool.isAvailable], [["c:1", "0 left over"], false]);
});

Deno.test("Pool lets backups step in at once when the last of the others leaves", () => {
  const backup = parseServer("d:1 backup");
  const calls: string[][] = [];
  const observer = {
    update: (candidates: readonly { server: Server }[]) => {
      calls.push(candidates.map(({ server }) => server.authority));
    },
    left: () => {},
    measured: () => {},
    reported: () => {},
  };
  const soon: (() => void)[] = [];
  const pool = observedPool(
    [a, b, backup],
    [observer],
    { fall: 1, rise: 0 },
    (it) => soon.push(it),
  );
  for (const server of [a, b, backup]) pool.record(server, passed(1), 0);
  pool.endRound(0);
  calls.length = 0;
  pool.record(a, failed("refused"), 0);
  assertEquals([calls, pool.isAvailable], [[], true]);
  pool.record(b, failed("refused"), 0);
  assertEquals([calls, pool.isAvailable], [[["d:1"]], true]);
  for (const call of soon) call();
  assertEquals(calls, [["d:1"]]);
});

Deno.test("Pool.suspend() keeps clients from a server until more is known, unless no other is left", () => {
  const pool = rankedPool();
  const open = () => pool.chooser.byShare.map(({ hostname }) => hostname).sort().join("");
  pool.suspend(a, 0);
  assertEquals([open(), pool.records.length], ["bc", 3]);
  pool.record(a, passed(1), 0);
  assertEquals(open(), "abc");
  for (const server of [a, b, c]) pool.suspend(server, 0);
  assertEquals(open(), "c");
  pool.record(c, failed("refused"), 0);
  assertEquals(open(), "ab"); // What is doubted is better than none.
  pool.suspend(a, 0);
  pool.record(a, failed("refused"), 0);
  assertEquals(open(), "b");
  pool.suspend(b, 0);
  assertEquals(open(), "b");
  pool.endRound(0);
  assertEquals(open(), "b");
});

Deno.test("Pool keeps what a server said last of its load, whatever becomes of it", () => {
  const told: unknown[] = [];
  const pool = observedPool([a, b], [{
    update: () => {},
    left: () => {},
    measured: () => {},
    reported: (...report) => told.push(report),
  }], { fall: 1, rise: 1 });
  const loads = () => pool.records.map(({ load }) => load?.at);
  const load = {
    openTransfers: 3,
    pendingBytes: null,
    bytesPerSecond: null,
    utilization: null,
    at: 20,
  };
  pool.learnLoad(a, load, 5);
  assertEquals(loads(), [20, undefined]);
  pool.learnLoad(a, { ...load, at: 19 }, 4);
  assertEquals(loads(), [20, undefined]);
  pool.learnLoad(a, { ...load, at: 11 }, 6); // The system's clock was put back.
  assertEquals(loads(), [11, undefined]);
  pool.learnLoad(a, { ...load, at: 21 }, 7);
  pool.record(a, failed("refused"), 0);
  pool.endRound(0);
  assertEquals(loads(), [21, undefined]);
  pool.learnLoad(parseServer("other:1"), load, 8);
  pool.learnLoad(a, undefined, 9);
  assertEquals(loads(), [undefined, undefined]);
  assertEquals(told, [
    [a.id, load, 5],
    [a.id, { ...load, at: 11 }, 6],
    [a.id, { ...load, at: 21 }, 7],
  ]);
});
