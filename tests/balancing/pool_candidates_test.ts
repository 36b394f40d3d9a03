import { assert, assertEquals } from "@std/assert";
import type { Thresholds } from "../../lib/balancing/health.ts";
import { parseServer, type Server } from "../../lib/balancing/list/server.ts";
import { POLICIES, POLICY_NAMES } from "../../lib/balancing/policies.ts";
import type { Candidate, Policy } from "../../lib/balancing/policies/policy.ts";
import { ChoosingPool } from "../support/choosing_pool.ts";
import { seededRandom } from "../support/random.ts";
import { failed, passed, pick, round } from "../support/servers.ts";

const a = parseServer("a:1");
const b = parseServer("b:1");
const c = parseServer("c:1");

function poolOf(servers: readonly Server[], thresholds?: Thresholds): ChoosingPool {
  return new ChoosingPool(servers, POLICIES.rank(), thresholds);
}

function sharesOf(pool: ChoosingPool): [Server, number][] {
  return pool.ranking.map(({ server, share }) => [server, share]);
}

Deno.test("Pool.pick() leaves out whom a request excludes while anyone else is left", () => {
  const pool = poolOf([a, b, c]);
  round(pool, new Map([[a, 20], [b, 30], [c, 10]]));
  const random = seededRandom(2);
  const isExcluded = (server: Server) => server !== a;
  for (let i = 0; i < 100; i++) assertEquals(pick(pool, random(), { isExcluded }), a);
  const everyone = Array.from(
    { length: 100 },
    () => pick(pool, random(), { isExcluded: () => true }),
  );
  assertEquals(new Set(everyone), new Set([a, b, c]));
});

Deno.test("Pool gives a drained server no clients, but tests it", () => {
  const drained = parseServer("d:1 drain");
  const pool = poolOf([drained, a]);
  round(pool, new Map([[drained, 1], [a, 2]]));
  assertEquals(sharesOf(pool), [[a, 1], [drained, 0]]);
  assertEquals(pool.beginRound(), [drained, a]);
  pool.record(a, failed("refused"), 0);
  assertEquals([pick(pool, 0), pool.isAvailable], [undefined, false]);
});

Deno.test("Pool gives a backup clients only while all others are out", () => {
  const backup = parseServer("z:1 backup");
  const drained = parseServer("d:1 drain");
  const pool = poolOf([backup, a, b, drained], { fall: 1, rise: 1 });
  const all = [[backup, 1], [a, 2], [b, 3], [drained, 1]] as const;
  round(pool, new Map(all));
  assertEquals(new Set([0, 0.5, 0.99].map((random) => pick(pool, random))), new Set([a, b]));
  const isExcluded = (server: Server) => server !== backup;
  assert(pick(pool, 0, { isExcluded }) !== backup);
  pool.record(a, failed("refused"), 0);
  assertEquals(pick(pool, 0), b);
  pool.record(b, failed("refused"), 0);
  assertEquals(pick(pool, 0), backup);
  round(pool, new Map(all));
  assert(pick(pool, 0) !== backup);
});

/** Keeps what it is told. */
class Listener implements Policy {
  candidates: readonly Candidate[] = [];
  readonly measuredIds: number[] = [];
  readonly times: number[] = [];

  update(candidates: readonly Candidate[], now: number): void {
    this.candidates = candidates;
    this.times.push(now);
  }
  measured(id: number, _: unknown, now: number): void {
    this.measuredIds.push(id);
    this.times.push(now);
  }
  pick(): Server | undefined {
    return this.candidates[0]?.server;
  }
  shares(): Map<number, number> {
    const { candidates } = this;
    const total = candidates.reduce((sum, { weight }) => sum + weight, 0);
    return new Map(candidates.map(({ server, weight }) => [server.id, weight / total]));
  }

  likely(): Map<number, number> {
    return this.shares();
  }

  part(): Policy {
    return new Listener();
  }
}

Deno.test("Pool tells its policy who may be picked, with weight, and each passed test", () => {
  const heavy = parseServer("h:1 weight=3");
  const policy = new Listener();
  const pool = new ChoosingPool([a, heavy], policy);
  pool.record(a, passed(5), 1);
  pool.record(heavy, passed(6), 2);
  pool.endRound(3);
  assertEquals(
    policy.candidates.map(({ server, weight, slowStart, sample }) => {
      return [server, weight, slowStart, sample.elapsedMs];
    }),
    [[a, 1, 1, 5], [heavy, 3, 1, 6]],
  );
  assertEquals(pool.chooser.byShare, [heavy, a]);
  pool.record(heavy, passed(7), 4);
  pool.record(a, failed("refused"), 5);
  assertEquals(policy.measuredIds, [a.id, heavy.id, heavy.id]);
  assertEquals(policy.times, [0, 1, 1, 2, 3, 4, 5]);
  assertEquals(pool.chooser.byShare, [heavy]);
});

Deno.test("Pool ends a slow start in as many rounds as there are ranks, at most ten", () => {
  for (const [size, rounds] of [[1, 1], [2, 1], [3, 2], [6, 5], [11, 10], [200, 10]] as const) {
    const servers = Array.from({ length: size }, (_, i) => parseServer(`s${i}:1`));
    const policy = new Listener();
    const pool = new ChoosingPool(servers, policy, { fall: 1, rise: 1 });
    const all = new Map(servers.map((server) => [server, 1]));
    const climbOf = () => policy.candidates.find(({ server }) => server === servers[0])!.slowStart;
    round(pool, all);
    assertEquals(climbOf(), 1);
    round(pool, new Map([...all].slice(1)));
    round(pool, all);
    const rises = [climbOf()];
    while (rises.at(-1)! < 1) {
      round(pool, all);
      rises.push(climbOf());
    }
    assertEquals([rises[0], rises.length - 1], [0, rounds], `${size}`);
  }
});

/** Farms at the borders: how long each server's transfer takes, and who fails then. */
const BORDERS: readonly (readonly [elapsedMs: readonly number[], dead: readonly number[]])[] = [
  [[5], []],
  [[5, 9], []],
  [[5, 9], [0]],
  [[7, 7, 7, 7], []],
  [[0, 0, 0], []],
  [[1, 1e9, Number.MIN_VALUE], []],
  [Array.from({ length: 50 }, (_, i) => i + 1), Array.from({ length: 49 }, (_, i) => i)],
];

/** Times on a clock that stands still, jumps, or goes back though it should not. */
const CLOCKS: readonly (readonly number[])[] = [[0, 0, 0], [0, 1e12, 1e12], [5, -1e12, 1e15, 3]];

Deno.test("Pool always has somebody to pick, whatever the policy, the farm and the clock", () => {
  for (const name of POLICY_NAMES) {
    for (const [elapsedMs, dead] of BORDERS) {
      for (const clock of CLOCKS) {
        const servers = elapsedMs.map((_, i) => parseServer(`s${i}:1`));
        const pool = new ChoosingPool(servers, POLICIES[name](), { fall: 1, rise: 1 });
        const random = seededRandom(3);
        for (const [round, now] of clock.entries()) {
          for (const server of pool.beginRound()) {
            const i = servers.indexOf(server);
            const isDead = round > 0 && dead.includes(i);
            pool.record(server, isDead ? failed("refused") : passed(elapsedMs[i]!), now);
          }
          pool.endRound(now);
          for (let i = 0; i < 20; i++) {
            const server = pick(pool, random(), {
              monotonicMs: now,
              client: `192.0.2.${i}`,
              target: `/${i}`,
            });
            const isFit = server !== undefined &&
              !(round > 0 && dead.includes(servers.indexOf(server)));
            assert(isFit, `${name}: ${elapsedMs.length} servers, round ${round}`);
          }
          const total = pool.ranking.reduce((sum, { share }) => sum + share, 0);
          assert(Math.abs(total - 1) < 1e-9, `${name}: shares sum to ${total}`);
        }
      }
    }
  }
});

Deno.test("Pool.records says why each server gets no clients, if it gets none", () => {
  const entries = ["a:1", "b:1", "c:1 drain", "d:1 backup", "e:1", "f:1 backup,drain"];
  const servers = [...entries.map(parseServer), { ...parseServer("g:1"), priority: 1 }];
  const [first, second, , backup, fifth, , later] = servers;
  const pool = poolOf(servers, { fall: 1, rise: 1 });
  const reasons = () => pool.records.map(({ excludedReason }) => excludedReason ?? "-").join(" ");
  assertEquals(reasons(), "untested untested untested untested untested untested untested");
  for (const server of servers) if (server !== fifth) pool.record(server, passed(1), 0);
  pool.record(fifth!, failed("refused"), 0);
  pool.endRound(0);
  assertEquals(reasons(), "- - drained backup out drained lower-priority");
  pool.suspend(second!, 0);
  assertEquals(reasons(), "- suspended drained backup out drained lower-priority");
  pool.record(first!, failed("refused"), 0); // What is suspended is worse than a lower priority.
  assertEquals(reasons(), "out suspended drained backup out drained -");
  pool.record(later!, failed("refused"), 0);
  assertEquals(reasons(), "out suspended drained - out drained out");
  pool.record(backup!, failed("refused"), 0);
  assertEquals(reasons(), "out - drained out out drained out");
  assertEquals(pool.excludedReason(servers[2]!), "drained");
  assertEquals([second!, parseServer("a:1")].map((it) => pool.excludedReason(it)), [
    ...[undefined, undefined],
  ]);
});
