import { assert, assertEquals, assertRejects } from "@std/assert";
import { POLICIES } from "../../lib/balancing/policies.ts";
import { ChoosingPool } from "../support/choosing_pool.ts";
import { dueAfter, runRound } from "../../lib/balancing/round.ts";
import type { Outcome } from "../../lib/balancing/sample.ts";
import type { Server } from "../../lib/balancing/list/server.ts";
import { failed, passed, ProbeDesk, serversOf } from "../support/servers.ts";

const REFUSED = failed("refused", 5);

function poolOf(servers: readonly Server[]): ChoosingPool {
  return new ChoosingPool(servers, POLICIES.rank());
}

/** A round whose tests are those of the desk. */
function run(
  pool: ChoosingPool,
  probe: (server: Server) => Promise<Outcome>,
  concurrency: number,
): Promise<void> {
  const test = async (server: Server) => void pool.record(server, await probe(server), 0);
  return runRound(pool, test, concurrency, () => 0);
}

Deno.test("runRound() probes every server once, never more at a time than allowed", async () => {
  for (const [size, concurrency] of [[7, 3], [3, 3], [2, 8], [4, 1], [5, Infinity]] as const) {
    const servers = serversOf(size);
    const desk = new ProbeDesk();
    const round = run(poolOf(servers), desk.probe, concurrency);
    assertEquals(desk.running, Math.min(size, concurrency));
    for (const _ of servers) (await desk.next()).end(passed(1));
    await round;
    assertEquals(desk.seen, servers);
    assertEquals(desk.mostRunning, Math.min(size, concurrency));
  }
});

Deno.test("runRound() starts the next probe when any one ends, not only the first", async () => {
  const servers = serversOf(3);
  const desk = new ProbeDesk();
  const round = run(poolOf(servers), desk.probe, 2);
  const [first, second] = [await desk.next(), await desk.next()];
  second.end(passed(1));
  const third = await desk.next();
  assertEquals(third.server, servers[2]);
  third.end(passed(1));
  first.end(passed(1));
  await round;
});

Deno.test("runRound() takes a failed server out at once and ranks when all are in", async () => {
  const servers = serversOf(3);
  const pool = poolOf(servers);
  for (const server of servers) pool.record(server, passed(10), 0);
  pool.endRound(0);
  const desk = new ProbeDesk();
  const round = run(pool, desk.probe, 1);

  (await desk.next()).end(REFUSED);
  const second = await desk.next();
  assertEquals(pool.ranking.map(({ server }) => server), [servers[1], servers[2]]);
  second.end(passed(1));
  const third = await desk.next();
  assertEquals(pool.ranking.map(({ sample }) => sample.elapsedMs), [10, 10]);
  third.end(passed(2));
  await round;
  assertEquals(pool.ranking.map(({ server }) => server), [servers[2], servers[1]]);
});

Deno.test("runRound() does not probe a server that is out", async () => {
  const servers = serversOf(2);
  const pool = poolOf(servers);
  pool.record(servers[0]!, REFUSED, 0);
  const desk = new ProbeDesk();
  const round = run(pool, desk.probe, 4);
  (await desk.next()).end(passed(1));
  await round;
  assertEquals(desk.seen, [servers[1]]);
});

Deno.test("runRound() ends at once when no server is left", async () => {
  const [only] = serversOf(1);
  assert(only);
  const pool = poolOf([only]);
  pool.record(only, REFUSED, 0);
  await run(pool, () => Promise.reject(new Error("probed")), 4);
  assertEquals(pool.ranking, []);
});

Deno.test("runRound() passes on a probe's error after the other probes", async () => {
  const servers = serversOf(3);
  const pool = poolOf(servers);
  const desk = new ProbeDesk();
  const round = run(pool, desk.probe, 2);
  const bug = new Error("bug in a probe");
  const rejection = assertRejects(() => round, Error, bug.message);
  (await desk.next()).reject(bug);
  for (let left = 2; left > 0; left--) (await desk.next()).end(passed(1));
  await rejection;
  assertEquals([desk.running, desk.seen.length], [0, 3]);
  assertEquals(pool.ranking.map(({ server }) => server), [servers[1]]); // It was alone.
});

Deno.test("runRound() refuses a concurrency under which nothing would be probed", async () => {
  for (const concurrency of [0, -1, NaN]) {
    const probe = () => Promise.resolve(passed(1));
    const start = () => run(poolOf(serversOf(1)), probe, concurrency);
    await assertRejects(start, RangeError, "less than 1");
  }
});

Deno.test("dueAfter() takes up to a tenth off the interval, and never all of it", () => {
  assertEquals([0, 0.5, 1 - 2 ** -53].map((random) => dueAfter(1000, random)), [1000, 950, 900]);
  assertEquals(dueAfter(1, 0.9999), 1);
  assertEquals(dueAfter(2 ** 31 - 1, 0), 2 ** 31 - 1);
});
