import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Outcome, Pool } from "../../lib/balancing/pool.ts";
import { runRound } from "../../lib/balancing/round.ts";
import { parseServer, type Server } from "../../lib/balancing/server_list.ts";

/** A probe that the test ends by hand. */
interface StartedProbe {
  readonly server: Server;
  readonly end: (outcome: Outcome) => void;
  readonly reject: (error: Error) => void;
}

/** Hands out each probe that starts, in order, and counts those that run. */
class ProbeDesk {
  readonly #started: StartedProbe[] = [];
  #wake: () => void = () => {};
  running = 0;
  mostRunning = 0;
  readonly seen: Server[] = [];

  readonly probe = async (server: Server): Promise<Outcome> => {
    this.seen.push(server);
    this.mostRunning = Math.max(this.mostRunning, ++this.running);
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
    this.#started.push({ server, end: resolve, reject });
    this.#wake();
    try {
      return await promise;
    } finally {
      this.running--;
    }
  };

  /** The next probe that starts, at once if it has already. */
  async next(): Promise<StartedProbe> {
    for (;;) {
      const started = this.#started.shift();
      if (started) return started;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }
}

function passed(elapsedMs: number): Outcome {
  return { kind: "passed", sample: { bytes: 1, elapsedMs, at: 0 } };
}

const REFUSED: Outcome = { kind: "failed", reason: "refused", at: 5 };

function farm(size: number): Server[] {
  return Array.from({ length: size }, (_, index) => parseServer(`s${index}:80`));
}

Deno.test("runRound() probes every server once, never more at a time than allowed", async () => {
  for (const [size, concurrency] of [[7, 3], [3, 3], [2, 8], [4, 1], [5, Infinity]] as const) {
    const servers = farm(size);
    const desk = new ProbeDesk();
    const round = runRound(new Pool(servers), desk.probe, concurrency);
    assertEquals(desk.running, Math.min(size, concurrency));
    for (const _ of servers) (await desk.next()).end(passed(1));
    await round;
    assertEquals(desk.seen, servers);
    assertEquals(desk.mostRunning, Math.min(size, concurrency));
  }
});

Deno.test("runRound() starts the next probe when any one ends, not only the first", async () => {
  const servers = farm(3);
  const desk = new ProbeDesk();
  const round = runRound(new Pool(servers), desk.probe, 2);
  const [first, second] = [await desk.next(), await desk.next()];
  second.end(passed(1));
  const third = await desk.next();
  assertEquals(third.server, servers[2]);
  third.end(passed(1));
  first.end(passed(1));
  await round;
});

Deno.test("runRound() takes a failed server out at once and ranks when all are in", async () => {
  const servers = farm(3);
  const pool = new Pool(servers);
  for (const server of servers) pool.record(server, passed(10));
  pool.rank();
  const desk = new ProbeDesk();
  const round = runRound(pool, desk.probe, 1);

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
  const servers = farm(2);
  const pool = new Pool(servers);
  pool.record(servers[0]!, REFUSED);
  const desk = new ProbeDesk();
  const round = runRound(pool, desk.probe, 4);
  (await desk.next()).end(passed(1));
  await round;
  assertEquals(desk.seen, [servers[1]]);
});

Deno.test("runRound() ends at once when no server is left", async () => {
  const [only] = farm(1);
  assert(only);
  const pool = new Pool([only]);
  pool.record(only, REFUSED);
  await runRound(pool, () => Promise.reject(new Error("probed")), 4);
  assertEquals(pool.ranking, []);
});

Deno.test("runRound() passes on a probe's error after the other probes, unranked", async () => {
  const servers = farm(3);
  const pool = new Pool(servers);
  const desk = new ProbeDesk();
  const round = runRound(pool, desk.probe, 2);
  const bug = new Error("bug in a probe");
  const rejection = assertRejects(() => round, Error, bug.message);
  (await desk.next()).reject(bug);
  for (let left = 2; left > 0; left--) (await desk.next()).end(passed(1));
  await rejection;
  assertEquals([desk.running, desk.seen.length], [0, 3]);
  assertEquals(pool.ranking, []);
});

Deno.test("runRound() refuses a concurrency under which nothing would be probed", async () => {
  for (const concurrency of [0, -1, NaN]) {
    const run = () => runRound(new Pool(farm(1)), () => Promise.resolve(passed(1)), concurrency);
    await assertRejects(run, RangeError, "less than 1");
  }
});
