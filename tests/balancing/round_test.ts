import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { jitteredInterval } from "../../lib/balancing/health_checker.ts";
import type { Server } from "../../lib/balancing/list/server.ts";
import { OwnLine } from "../../lib/balancing/own_line.ts";
import { POLICIES } from "../../lib/balancing/policies.ts";
import { Round } from "../../lib/balancing/round.ts";
import type { Outcome } from "../../lib/balancing/health.ts";
import { ChoosingPool } from "../support/choosing_pool.ts";
import { failed, HeldProbes, passed, serversOf } from "../support/servers.ts";

const REFUSED = failed("refused", 5);
const RESET = failed("the connection was reset", 5, "time");
const UNREACHABLE: Outcome = {
  ...{ kind: "untestable", reason: "the host cannot be reached" },
  ...{ isUnreachable: true, at: 5 },
};
const NO_NETWORK: Outcome = { kind: "untestable", reason: "the network is away", at: 5 };

/** A pool, and rounds whose tests end as their script says; waiting takes no time. */
class Stage {
  readonly servers: Server[];
  readonly pool: ChoosingPool;
  readonly logged: string[] = [];
  /** What each test of a server finds, in turn, and then for ever the last. */
  script: Record<string, Outcome[]> = {};
  probes: string[] = [];
  clock = 0;
  paused = 0;
  concurrency = 1;
  /** How time passes while nothing else happens. */
  wait = (ms: number): Promise<void> => {
    this.clock += ms;
    return Promise.resolve();
  };

  constructor(count: number, fall = 1, rise = 0) {
    this.servers = serversOf(count);
    this.pool = new ChoosingPool(this.servers, POLICIES.rank(), { fall, rise });
  }

  /** All servers have passed a round. */
  static async tested(count: number, fall = 1, rise = 0): Promise<Stage> {
    const stage = new Stage(count, fall, rise);
    await stage.run(
      Object.fromEntries(stage.servers.map(({ hostname }) => [hostname, [passed(1)]])),
    );
    return stage;
  }

  async run(
    script: Record<string, Outcome[]>,
    which: "untested" | "all" = "all",
  ): Promise<string[]> {
    this.script = { ...this.script, ...script };
    this.logged.length = 0;
    this.probes = [];
    const round = this.round((server) => {
      this.probes.push(server.hostname);
      const outcomes = this.script[server.hostname] ?? [passed(1)];
      return Promise.resolve(outcomes.length > 1 ? outcomes.shift()! : outcomes[0]!);
    });
    await round.run(which);
    return [...this.logged];
  }

  round(probe: (server: Server) => Promise<Outcome>): Round {
    return new Round(this.pool, {
      probe,
      concurrency: this.concurrency,
      clock: () => this.clock,
      pausedMs: () => this.paused,
      wait: this.wait,
      log: {
        server: ({ hostname }, event) => {
          if (event.kind === "retested") this.logged.push(`${hostname} retested`);
          if (event.kind === "failing" || event.kind === "out") {
            this.logged.push(`${hostname} ${event.kind}: ${event.reason}`);
          }
        },
        trouble: (event) => {
          const names = event.kind === "untestable"
            ? ` ${event.servers.map(({ hostname }) => hostname)}: ${event.reason}`
            : "";
          this.logged.push(`${event.kind}${names}`);
        },
      },
    }, new OwnLine());
  }

  get available(): string {
    return this.pool.records
      .flatMap(({ server, state }) => state.kind === "available" ? server.hostname : []).join(" ");
  }
}

Deno.test("Round probes every server once, never more at a time than allowed", async () => {
  for (const [size, concurrency] of [[7, 3], [3, 3], [2, 8], [4, 1], [5, Infinity]] as const) {
    const stage = new Stage(size);
    stage.concurrency = concurrency;
    const heldProbes = new HeldProbes();
    const round = stage.round(heldProbes.probe).run("all");
    await settle();
    assertEquals(heldProbes.running, Math.min(size, concurrency));
    for (const _ of stage.servers) (await heldProbes.next()).end(passed(1));
    await round;
    assertEquals(heldProbes.seen, stage.servers);
    assertEquals(heldProbes.mostRunning, Math.min(size, concurrency));
  }
});

Deno.test("Round starts the next probe when any one ends, not only the first", async () => {
  const stage = new Stage(3);
  stage.concurrency = 2;
  const heldProbes = new HeldProbes();
  const round = stage.round(heldProbes.probe).run("all");
  const [first, second] = [await heldProbes.next(), await heldProbes.next()];
  second.end(passed(1));
  const third = await heldProbes.next();
  assertEquals(third.server, stage.servers[2]);
  third.end(passed(1));
  first.end(passed(1));
  await round;
});

Deno.test("Round sends no clients to a server that failed, once another has passed, and ranks at its end", async () => {
  const stage = await Stage.tested(3);
  const { pool, servers } = stage;
  const shares = () => pool.chooser.byShare.map((server) => servers.indexOf(server)).sort();
  const heldProbes = new HeldProbes();
  const round = stage.round(heldProbes.probe).run("all");
  (await heldProbes.next()).end(REFUSED);
  const second = await heldProbes.next();
  assertEquals(shares(), [0, 1, 2]); // All may have failed for one cause.
  second.end(passed(3));
  const third = await heldProbes.next();
  assertEquals(shares(), [1, 2]);
  assertEquals(pool.ranking.map(({ sample }) => sample.elapsedMs), [1, 1, 1]);
  third.end(passed(2));
  (await heldProbes.next()).end(REFUSED);
  await round;
  assertEquals(pool.ranking.map(({ server }) => server), [servers[1], servers[2]]);
});

Deno.test("Round does not probe a server that is out, and ends at once when none is left", async () => {
  const stage = await Stage.tested(2);
  await stage.run({ s0: [REFUSED] });
  await stage.run({});
  assertEquals(stage.probes, ["s1"]);
  await stage.run({ s1: [REFUSED] });
  await stage.run({});
  assertEquals(stage.probes, []);
});

Deno.test("Round passes on a probe's error after the other probes", async () => {
  const stage = new Stage(3);
  stage.concurrency = 2;
  const heldProbes = new HeldProbes();
  const round = stage.round(heldProbes.probe).run("all");
  const bug = new Error("bug in a probe");
  const rejection = assertRejects(() => round, Error, bug.message);
  (await heldProbes.next()).reject(bug);
  for (let left = 2; left > 0; left--) (await heldProbes.next()).end(passed(1));
  await rejection;
  assertEquals([heldProbes.running, heldProbes.seen.length], [0, 3]);
});

Deno.test("Round refuses a concurrency under which no server would be probed", () => {
  for (const concurrency of [0, -1, NaN]) {
    const stage = new Stage(1);
    stage.concurrency = concurrency;
    assertThrows(() => stage.round(() => Promise.resolve(passed(1))), RangeError, "less than 1");
  }
});

Deno.test("Round looks at a server once more, a moment later, before it leaves for good", async () => {
  const stage = await Stage.tested(2);
  assertEquals(await stage.run({ s0: [RESET, passed(1)] }), ["s0 retested"]);
  assertEquals([stage.probes, stage.clock], [["s0", "s1", "s0"], 1000]);
  assertEquals(await stage.run({ s0: [RESET] }), ["s0 out: the connection was reset"]);
  assertEquals(stage.available, "s1");
});

Deno.test("Round needs no second look where a server may return, or was refused and never passed", async () => {
  const fresh = new Stage(2);
  assertEquals(await fresh.run({ s1: [REFUSED, passed(1)] }), ["s1 out: refused"]);
  const patient = await Stage.tested(2, 1, 2);
  const found = await patient.run({ s1: [RESET, passed(1)] });
  assertEquals(found, ["s1 out: the connection was reset"]);
  const stubborn = await Stage.tested(2, 3);
  assertEquals(await stubborn.run({ s1: [RESET] }), ["s1 failing: the connection was reset"]);
  assertEquals(stubborn.probes, ["s0", "s1"]);
});

Deno.test("Round lets a server that is restarted have clients again when it has passed", async () => {
  const stage = await Stage.tested(2);
  const { pool, servers } = stage;
  for (const outcome of [passed(1), NO_NETWORK]) {
    assertEquals(
      (await stage.run({ s1: [REFUSED, outcome, passed(1)] }))[0]?.slice(0, 3),
      outcome.kind === "passed" ? "s1 " : "unt",
    );
    assertEquals(new Set(pool.chooser.byShare), new Set(servers));
  }
});

Deno.test("Round holds a failure of all servers back until a second look has confirmed it", async () => {
  const stage = await Stage.tested(3, 1, 2);
  const restarted = {
    s0: [REFUSED, passed(1)],
    s1: [REFUSED, passed(1)],
    s2: [REFUSED, passed(1)],
  };
  assertEquals(await stage.run(restarted), [
    "allFailed",
    "s0 retested",
    "s1 retested",
    "s2 retested",
  ]);
  assertEquals(stage.available, "s0 s1 s2");
  const partly = { s0: [REFUSED], s1: [REFUSED, passed(1)], s2: [REFUSED] };
  assertEquals(await stage.run(partly), [
    ...["allFailed", "s1 retested", "s0 out: refused", "s2 out: refused"],
  ]);
  assertEquals(await stage.run({ s1: [REFUSED] }), ["allFailed", "s1 out: refused"]);
  assertEquals(stage.available, "");
});

Deno.test("Round looks at each server twice when all have failed, and at none three times", async () => {
  const stage = await Stage.tested(2);
  const restarted = { s0: [RESET, passed(1)], s1: [REFUSED, passed(1)] };
  assertEquals(await stage.run(restarted), ["s0 retested", "s1 retested"]);
  const found = await stage.run({ s0: [RESET], s1: [REFUSED] });
  assertEquals(stage.probes, ["s0", "s1", "s0", "s1"]);
  assertEquals(found, ["s0 out: the connection was reset", "s1 out: refused"]);
});

Deno.test("Round leaves servers as they are that could not be tested, and says so once", async () => {
  const stage = await Stage.tested(3);
  const away = { s0: [NO_NETWORK], s1: [NO_NETWORK], s2: [NO_NETWORK] };
  assertEquals(await stage.run(away), ["untestable s0,s1,s2: the network is away"]);
  assertEquals(stage.available, "s0 s1 s2");
});

Deno.test("Round blames an unreachable server only when another can be reached", async () => {
  const stage = await Stage.tested(3, 1, 1);
  const away = { s0: [UNREACHABLE], s1: [UNREACHABLE], s2: [UNREACHABLE] };
  assertEquals(await stage.run(away), ["untestable s0,s1,s2: the host cannot be reached"]);
  assertEquals(stage.available, "s0 s1 s2");
  assertEquals(await stage.run({ s1: [passed(1)], s2: [passed(1)] }), [
    "s0 out: the host cannot be reached",
  ]);
  const single = await Stage.tested(2);
  await single.run({ s0: [UNREACHABLE, passed(1)], s1: [passed(1)] });
  assertEquals([single.probes, single.available], [["s0", "s1", "s0"], "s0 s1"]);
});

Deno.test("Round runs a test again that a pause of this process has spoilt", async () => {
  const stage = await Stage.tested(1);
  const outcomes = [RESET, passed(7)];
  const round = stage.round(() => {
    if (outcomes.length === 2) stage.paused += 3000;
    return Promise.resolve(outcomes.shift()!);
  });
  stage.logged.length = 0;
  await round.run("all");
  assertEquals(stage.logged, ["paused"]);
  assertEquals(stage.pool.ranking[0]?.sample.elapsedMs, 7);

  const starved = stage.round(() => {
    stage.paused += 3000;
    return Promise.resolve(RESET);
  });
  stage.logged.length = 0;
  await starved.run("all");
  assertEquals(stage.logged, ["paused", "untestable s0: this process stood still"]);
  assertEquals(stage.available, "s0");
});

Deno.test("Round believes a refusal and a wrong answer in spite of a pause", async () => {
  for (const outcome of [REFUSED, failed("it answered 404")]) {
    const stage = await Stage.tested(2);
    let probes = 0;
    const round = stage.round((server) => {
      if (server === stage.servers[0]) return Promise.resolve(passed(1));
      stage.paused += 3000;
      probes++;
      return Promise.resolve(outcome);
    });
    await round.run("all");
    assertEquals([probes, stage.available], [2, "s0"]);
  }
});

/** A step of virtual time. */
const STEP_MS = 5;

Deno.test("Round tests a server again that was too slow beside others, without them", async () => {
  const sample = { bytes: 100_000, elapsedMs: 100, at: 0 };
  const slow: Outcome = { kind: "failed", reason: "too slow", fault: "slow", sample, at: 5 };
  const stage = await Stage.tested(3, 3, 2);
  assertEquals(await stage.run({ s1: [slow, passed(1)] }), ["s1 retested"]);
  assertEquals(await stage.run({ s1: [slow] }), ["s1 failing: too slow"]);
  assertEquals(stage.probes, ["s0", "s1", "s1", "s2"]);

  stage.concurrency = 3;
  stage.wait = () => new Promise((resolve) => setTimeout(resolve));
  const heldProbes = new HeldProbes();
  const round = stage.round(heldProbes.probe).run("all");
  const [first, second, third] = [
    await heldProbes.next(),
    await heldProbes.next(),
    await heldProbes.next(),
  ];
  second.end(slow);
  await settle();
  assertEquals(heldProbes.running, 2);
  first.end(passed(1));
  third.end(passed(1));
  const again = await heldProbes.next();
  assertEquals([again.server, heldProbes.running], [stage.servers[1], 1]);
  again.end(passed(1));
  await round;
});

Deno.test("Round passes over servers that were removed meanwhile, also before a second look", async () => {
  const stage = await Stage.tested(2);
  const heldProbes = new HeldProbes();
  stage.logged.length = 0;
  const round = stage.round(heldProbes.probe).run("all");
  (await heldProbes.next()).end(RESET);
  const [, stays] = stage.servers;
  stage.pool.replace([stays!], 0);
  (await heldProbes.next()).end(passed(1));
  await round;
  assertEquals([stage.logged, heldProbes.seen.length], [[], 2]);
});

/** Transfers over a line that all of them share, in virtual time. */
class SharedLine {
  now = 0;
  readonly #line: number;
  readonly #transfers = new Set<
    { left: number; limit: number; done: () => void; on: (n: number) => void }
  >();

  readonly #waits = new Set<{ until: number; done: () => void }>();

  /** @param line bytes per ms */
  constructor(line: number) {
    this.#line = line;
  }

  transfer(bytes: number, limit: number, on: (bytes: number) => void): Promise<void> {
    return new Promise((done) => this.#transfers.add({ left: bytes, limit, done, on }));
  }

  wait(ms: number): Promise<void> {
    return new Promise((done) => this.#waits.add({ until: this.now + ms, done }));
  }

  /** Lets time pass while something is transferred: what is left of the line is shared evenly. */
  async play(until: Promise<unknown>): Promise<void> {
    let isOver = false;
    until.finally(() => isOver = true);
    for (let idle = 0; !isOver && idle < 1000;) {
      await settle();
      idle = this.#transfers.size === 0 ? idle + 1 : 0;
      this.now += STEP_MS;
      for (const it of this.#waits) {
        if (it.until > this.now) continue;
        this.#waits.delete(it);
        it.done();
      }
      let [rest, count] = [this.#line, this.#transfers.size];
      for (const it of [...this.#transfers].sort((a, b) => a.limit - b.limit)) {
        const rate = Math.min(it.limit, rest / count--);
        rest -= rate;
        it.left -= rate * STEP_MS;
        it.on(rate * STEP_MS);
        if (it.left > 0) continue;
        this.#transfers.delete(it);
        it.done();
      }
    }
    assert(isOver, "It has come to a standstill");
  }
}

/** What rounds measure over an own line, in bytes per ms, and how many transfers each took. */
async function measured(
  speeds: readonly number[],
  line: number,
  concurrency: number,
  rounds: number,
) {
  const BYTES = 100_000;
  const servers = serversOf(speeds.length);
  const pool = new ChoosingPool(servers, POLICIES.rank(), { fall: 1, rise: 0 });
  const shared = new SharedLine(line);
  const ownLine = new OwnLine();
  const found: { speeds: number[]; transfers: number; ms: number }[] = [];
  for (let i = 0; i < rounds; i++) {
    let transfers = 0;
    const since = shared.now;
    const round = new Round(pool, {
      probe: async (server, on) => {
        transfers++;
        const begunAt = shared.now;
        await shared.transfer(BYTES, speeds[servers.indexOf(server)]!, on);
        return passed(shared.now - begunAt, BYTES);
      },
      ...{ concurrency, clock: () => shared.now, pausedMs: () => 0 },
      wait: (ms) => shared.wait(ms),
      log: { server: () => {}, trouble: () => {} },
    }, ownLine).run("all");
    await shared.play(round);
    const speedOf = new Map(
      pool.ranking.map(({ server, sample }) => [server, sample.bytes / sample.elapsedMs]),
    );
    const ms = shared.now - since;
    found.push({ speeds: servers.map((it) => Math.round(speedOf.get(it)!)), transfers, ms });
  }
  return found;
}

Deno.test("Round measures servers one by one that share an own line which is the bound", async () => {
  const speeds = [100, 50, 20, 20, 10, 5];
  for (const [line, expected] of [[30, [30, 30, 20, 20, 10, 5]], [100, speeds]] as const) {
    for (const concurrency of [4, 6]) {
      const rounds = await measured(speeds, line, concurrency, 30);
      for (const round of rounds) {
        round.speeds.forEach((speed, i) => {
          const [low, high] = [expected[i]! * 0.85, expected[i]! * 1.15];
          assert(speed >= low && speed <= high, `${round.speeds} over ${line}, ${concurrency}`);
        });
      }
      const transfers = rounds.slice(1).reduce((sum, round) => sum + round.transfers, 0);
      assert(transfers < 29 * 7, `${transfers} transfers`); // Most rounds need none twice.
    }
  }
});

Deno.test("Round measures few servers again where the own line is not the bound", async () => {
  const rounds = await measured([100, 50, 20, 20, 10, 5], 1000, 4, 10);
  assertEquals(rounds[0]!.transfers <= 8, true);
  assertEquals(rounds.slice(1).map(({ transfers }) => transfers), Array(9).fill(6));
});

Deno.test("Round over a large farm takes a few times as long as the own line needs, at most", async () => {
  const speeds = Array.from({ length: 200 }, (_, i) => 5 + i % 40);
  const rounds = await measured(speeds, 50, 4, 3);
  const least = 200 * 100_000 / 50;
  for (const { ms } of rounds) assert(ms < 4.2 * least, `${ms} of ${least}`);
});

Deno.test("jitteredInterval() takes up to a tenth off the interval, and never all of it", () => {
  const intervals = [0, 0.5, 1 - 2 ** -53].map((random) => jitteredInterval(1000, random));
  assertEquals(intervals, [1000, 950, 900]);
  assertEquals(jitteredInterval(1, 0.9999), 1);
  assertEquals(jitteredInterval(2 ** 31 - 1, 0), 2 ** 31 - 1);
});

/** Lets all go on that waits for nothing but promises. */
async function settle(): Promise<void> {
  for (let i = 0; i < 30; i++) await Promise.resolve();
}
