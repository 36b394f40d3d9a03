import { assertEquals, assertRejects } from "@std/assert";
import type { RoundEvent } from "../../lib/balancing/farm_log.ts";
import { HealthChecker } from "../../lib/balancing/health_checker.ts";
import { parseServer } from "../../lib/balancing/list/server.ts";
import { POLICIES } from "../../lib/balancing/policies.ts";
import { ChoosingPool } from "../support/choosing_pool.ts";
import { failed, HeldProbes, passed } from "../support/servers.ts";

/** A checker whose tests are ended by hand. */
class Stage {
  readonly heldProbes = new HeldProbes();
  readonly logged: string[] = [];
  readonly rounds: RoundEvent[] = [];
  readonly pool: ChoosingPool;
  readonly checker: HealthChecker;

  constructor(...entries: readonly string[]) {
    const thresholds = { fall: 2, rise: 1 };
    this.pool = new ChoosingPool(entries.map(parseServer), POLICIES.rank(), thresholds);
    this.checker = new HealthChecker(this.pool, {
      probe: this.heldProbes.probe,
      concurrency: 4,
      clock: () => 0,
      pausedMs: () => 0,
      wait: () => Promise.resolve(),
      epochMs: () => 0,
      log: {
        server: ({ authority }, { kind }) => this.logged.push(`${authority} ${kind}`),
        trouble: ({ kind }) => this.logged.push(kind),
        round: (event) => this.rounds.push(event),
      },
    });
  }

  list(...entries: readonly string[]): void {
    this.pool.replace(entries.map(parseServer), 0);
  }

  /** Lets so many tests pass that have begun or are about to; whose they are. */
  async pass(count: number, bytes = 1024): Promise<string> {
    const names: string[] = [];
    for (let i = 0; i < count; i++) {
      const { server, end } = await this.heldProbes.next();
      names.push(server.hostname);
      end(passed(1, bytes));
    }
    return names.join("");
  }

  get seen(): string {
    return this.heldProbes.seen.map(({ hostname }) => hostname).join("");
  }
}

Deno.test("HealthChecker.newcomers() tests only those that were never tested", async () => {
  const stage = new Stage("a:1", "b:1");
  const round = stage.checker.round();
  assertEquals([await stage.pass(2), stage.checker.rounds.isUnderWay], ["ab", true]);
  await round;
  assertEquals(stage.checker.rounds.isUnderWay, false);
  stage.list("a:1", "b:1", "c:1", "d:1");
  const newcomers = stage.checker.newcomers();
  assertEquals([await stage.pass(2), stage.checker.rounds.isUnderWay], ["cd", true]);
  await newcomers;
  assertEquals([stage.seen, stage.checker.rounds.isUnderWay], ["abcd", false]);
  assertEquals(stage.logged.slice(2), ["c:1 available", "d:1 available"]);
  assertEquals(stage.rounds.map(({ ranking, servers }) => [ranking.length, servers]), [
    ...[[2, 2], [4, 4]],
  ]);
});

Deno.test("HealthChecker.newcomers() waits for the round that is under way", async () => {
  const stage = new Stage("a:1");
  const round = stage.checker.round();
  const first = await stage.heldProbes.next();
  stage.list("a:1", "b:1");
  const newcomers = stage.checker.newcomers();
  await settle();
  assertEquals(stage.seen, "a");
  first.end(passed(1));
  assertEquals(await stage.pass(1), "b");
  await Promise.all([round, newcomers]);
  assertEquals([stage.seen, stage.rounds.length], ["ab", 2]);
});

Deno.test("HealthChecker.newcomers() tests nobody twice when it is asked for twice at once", async () => {
  const stage = new Stage("a:1", "b:1");
  const calls = [stage.checker.newcomers(), stage.checker.newcomers(), stage.checker.newcomers()];
  assertEquals(await stage.pass(2), "ab");
  await Promise.all(calls);
  assertEquals([stage.seen, stage.heldProbes.mostRunning], ["ab", 2]);
});

Deno.test("HealthChecker.newcomers() never tests somebody twice at a time", async () => {
  const stage = new Stage("a:1");
  const round = stage.checker.round();
  const calls = [stage.checker.newcomers(), stage.checker.newcomers(), stage.checker.newcomers()];
  (await stage.heldProbes.next()).end(failed("refused"));
  await round;
  await stage.pass(1);
  await Promise.all(calls);
  assertEquals([stage.seen, stage.heldProbes.mostRunning], ["aa", 1]);
});

Deno.test("HealthChecker.newcomers() tests once more who failed, and is not out yet", async () => {
  const stage = new Stage("a:1");
  const failing = stage.checker.newcomers();
  (await stage.heldProbes.next()).end(failed("refused"));
  await failing;
  const passing = stage.checker.newcomers();
  await stage.pass(1);
  await passing;
  assertEquals(stage.logged, ["a:1 failing", "a:1 available"]);
});

Deno.test("HealthChecker.newcomers() does not compare test files, and a round then does", async () => {
  const stage = new Stage("a:1", "b:1", "c:1");
  const round = stage.checker.round();
  await stage.pass(3, 10);
  await round;
  stage.logged.length = 0;
  stage.list("a:1", "b:1", "c:1", "d:1", "e:1");
  const newcomers = stage.checker.newcomers();
  await stage.pass(1, 10);
  await stage.pass(1, 20);
  await newcomers;
  assertEquals(stage.logged, ["d:1 available", "e:1 available"]);
  const next = stage.checker.round();
  await stage.pass(4, 10);
  await stage.pass(1, 20);
  await next;
  assertEquals(stage.logged.slice(2), ["e:1 different"]);
});

Deno.test("HealthChecker.newcomers() goes on after a round that ended with an error", async () => {
  const stage = new Stage("a:1");
  const round = stage.checker.round();
  const bug = new Error("bug in a probe");
  const rejection = assertRejects(() => round, Error, bug.message);
  const newcomers = stage.checker.newcomers();
  (await stage.heldProbes.next()).reject(bug);
  await rejection;
  assertEquals(await stage.pass(1), "a");
  await newcomers;
  const again = stage.checker.newcomers();
  await again;
  assertEquals([stage.logged, stage.seen], [["a:1 available"], "aa"]);
});

Deno.test("HealthChecker passes over a test of a server that was removed meanwhile", async () => {
  const stage = new Stage("a:1", "b:1");
  const round = stage.checker.round();
  const [a, b] = [await stage.heldProbes.next(), await stage.heldProbes.next()];
  stage.list("b:1");
  a.end(failed("refused"));
  b.end(passed(1));
  await round;
  assertEquals(stage.logged, ["b:1 available"]);
  assertEquals(stage.rounds.map(({ ranking, servers }) => [ranking.length, servers]), [[1, 1]]);
});

Deno.test("HealthChecker passes over a test of a server that was listed again meanwhile", async () => {
  const stage = new Stage("a:1", "b:1");
  const round = stage.checker.round();
  const [a, b] = [await stage.heldProbes.next(), await stage.heldProbes.next()];
  stage.list("b:1");
  stage.list("a:1", "b:1");
  a.end(passed(1));
  b.end(passed(1));
  await round;
  assertEquals(stage.logged, ["b:1 available"]);
  assertEquals(stage.pool.records.map(({ state }) => state.kind), ["untested", "available"]);
});

Deno.test("HealthChecker.round() that is due while newcomers are tested comes after them", async () => {
  const stage = new Stage("a:1");
  const first = stage.checker.round();
  assertEquals(await stage.pass(1), "a");
  await first;
  stage.list("a:1", "b:1");
  const newcomers = stage.checker.newcomers();
  const round = stage.checker.round();
  assertEquals(await stage.pass(1), "b");
  await newcomers;
  assertEquals(await stage.pass(1) + await stage.pass(1), "ab");
  await round;
  assertEquals(stage.rounds.length, 3);
});

Deno.test("HealthChecker.newcomers() is no round where there are none", async () => {
  const stage = new Stage("a:1");
  const first = stage.checker.round();
  await stage.pass(1);
  await first;
  await stage.checker.newcomers();
  assertEquals([stage.rounds.length, stage.seen], [1, "a"]);
});

/** Lets all go on that waits for nothing but promises. */
async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}
