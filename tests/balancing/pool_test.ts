import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { type Outcome, Pool } from "../../lib/balancing/pool.ts";
import { parseServer, type Server } from "../../lib/balancing/server_list.ts";
import { seededRandom } from "../support/random.ts";

const a = parseServer("a:1");
const b = parseServer("b:1");
const c = parseServer("c:1");

function passed(elapsedMs: number): Outcome {
  return { kind: "passed", sample: { bytes: 1024, elapsedMs, at: 0 } };
}

function failed(reason: string, at = 0): Outcome {
  return { kind: "failed", reason, at };
}

/** A pool of a, b and c in which one round has ended: slowest b, then a, fastest c. */
function rankedPool(): Pool {
  const pool = new Pool([a, b, c]);
  pool.record(a, passed(20));
  pool.record(b, passed(30));
  pool.record(c, passed(10));
  pool.rank();
  return pool;
}

function ranked(pool: Pool): [Server, number][] {
  return pool.ranking.map(({ server, share }) => [server, share]);
}

function statesOf(pool: Pool): string[] {
  return pool.members.map(({ state }) => state.kind);
}

Deno.test("Pool begins with every server untested and none to pick", () => {
  const pool = new Pool([a, b]);
  assertEquals(pool.members, [
    { server: a, state: { kind: "untested" } },
    { server: b, state: { kind: "untested" } },
  ]);
  assertEquals(pool.testable, [a, b]);
  assertEquals(pool.ranking, []);
  assertEquals(pool.pick(0.5), undefined);
});

Deno.test("Pool.rank() orders by elapsed time, slowest first, and shares by that order", () => {
  assertEquals(ranked(rankedPool()), [[b, 1 / 6], [a, 2 / 6], [c, 3 / 6]]);
});

Deno.test("Pool.rank() goes by elapsed time whatever the size", () => {
  const pool = new Pool([a, b]);
  pool.record(a, { kind: "passed", sample: { bytes: 1, elapsedMs: 10, at: 0 } });
  pool.record(b, { kind: "passed", sample: { bytes: 1_000_000, elapsedMs: 11, at: 0 } });
  pool.rank();
  assertEquals(ranked(pool).map(([server]) => server), [b, a]);
});

Deno.test("Pool.rank() keeps servers with equal times in the order given", () => {
  const pool = new Pool([a, b, c]);
  for (const server of [c, a, b]) pool.record(server, passed(10));
  pool.rank();
  assertEquals(ranked(pool).map(([server]) => server), [a, b, c]);
});

Deno.test("Pool.rank() keeps the sample of a server that has no new one", () => {
  const pool = rankedPool();
  pool.record(c, passed(25));
  pool.rank();
  assertEquals(pool.ranking.map(({ sample }) => sample.elapsedMs), [30, 25, 20]);
});

Deno.test("Pool.record() lets passed outcomes count only when the round ends", () => {
  const pool = new Pool([a, b]);
  pool.record(a, passed(10));
  assertEquals(pool.pick(0), undefined);
  assertEquals(statesOf(pool), ["untested", "untested"]);
  pool.rank();
  assertStrictEquals(pool.pick(0), a);
  assertEquals(statesOf(pool), ["available", "untested"]);
});

Deno.test("Pool.record() never mixes the times of two rounds", () => {
  const pool = rankedPool();
  const before = pool.ranking;
  pool.record(c, passed(1000));
  pool.record(b, passed(1));
  assertEquals(pool.ranking, before);
  pool.record(a, failed("refused"));
  assertEquals(pool.ranking.map(({ sample }) => sample.elapsedMs), [30, 10]);
  pool.rank();
  assertEquals(pool.ranking.map(({ sample }) => sample.elapsedMs), [1000, 1]);
});

Deno.test("Pool.record() takes a failed server out at once and shares among what is left", () => {
  const pool = rankedPool();
  pool.record(a, failed("answered 404", 7));
  assertEquals(ranked(pool), [[b, 1 / 3], [c, 2 / 3]]);
  assertEquals(pool.testable, [b, c]);
  assertEquals(pool.members[0], {
    server: a,
    state: { kind: "out", reason: "answered 404", since: 7 },
  });
});

Deno.test("Pool.record() never brings back a server that is out, nor changes the reason", () => {
  const pool = rankedPool();
  pool.record(a, failed("first", 1));
  pool.record(a, passed(1));
  pool.record(a, failed("second", 2));
  pool.rank();
  assertEquals(pool.members[0]?.state, { kind: "out", reason: "first", since: 1 });
  assertEquals(ranked(pool).map(([server]) => server), [b, c]);
});

Deno.test("Pool.record() drops the sample of a server that fails before the round ends", () => {
  const pool = new Pool([a, b]);
  pool.record(a, passed(10));
  pool.record(a, failed("refused"));
  pool.rank();
  assertEquals(statesOf(pool), ["out", "untested"]);
  assertEquals(pool.pick(0), undefined);
});

Deno.test("Pool.record() refuses a server that is not in the pool", () => {
  assertThrows(() => new Pool([a]).record(b, passed(1)), RangeError, "b:1 is not in the pool");
});

Deno.test("Pool.ranking that was read before stays as it was", () => {
  const pool = rankedPool();
  const before = pool.ranking;
  pool.record(b, failed("refused"));
  assertEquals(before.map(({ server }) => server), [b, a, c]);
});

Deno.test("Pool.pick() goes from the slowest to the fastest as the random number grows", () => {
  const pool = rankedPool();
  const picks = [0, 0.16, 0.17, 0.49, 0.51, 0.999999999999].map((random) => pool.pick(random));
  assertEquals(picks, [b, b, a, a, c, c]);
});

Deno.test("Pool.pick() never returns a server that is out", () => {
  const random = seededRandom(1);
  const pool = rankedPool();
  for (const gone of [c, b]) {
    pool.record(gone, failed("refused"));
    for (let i = 0; i < 1000; i++) assert(pool.pick(random()) !== gone);
  }
  assertStrictEquals(pool.pick(0), a);
});

Deno.test("Pool.pick() gives undefined once the last server is out", () => {
  const pool = rankedPool();
  for (const server of [a, b, c]) pool.record(server, failed("refused"));
  assertEquals([pool.pick(0), pool.pick(0.99)], [undefined, undefined]);
  assertEquals(pool.testable, []);
  pool.rank();
  assertEquals(pool.pick(0), undefined);
});

Deno.test("Pool.record() leaves a server as it is when it could not be tested", () => {
  const pool = new Pool([a, b]);
  const untestable = { kind: "untestable", reason: "too many files are open here", at: 9 } as const;
  pool.record(a, untestable);
  pool.record(b, passed(20));
  pool.rank();
  assertEquals(pool.members.map(({ state }) => state.kind), ["untested", "available"]);
  pool.record(b, untestable);
  pool.rank();
  assertEquals(pool.pick(0), b);
});
