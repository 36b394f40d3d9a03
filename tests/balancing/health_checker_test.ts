import { assertEquals, assertRejects } from "@std/assert";
import { FarmLog } from "../../lib/balancing/farm_log.ts";
import { HealthChecker } from "../../lib/balancing/health_checker.ts";
import { parseServer, type Server } from "../../lib/balancing/list/server.ts";
import { POLICIES } from "../../lib/balancing/policies.ts";
import type { Outcome } from "../../lib/balancing/health.ts";
import { ChoosingPool } from "../support/choosing_pool.ts";
import { failed, passed, passedAt, UNTESTABLE } from "../support/servers.ts";

/** A checker of servers that do what their name is mapped to. */
class Farm {
  readonly logged: string[] = [];
  readonly outcomes: Record<string, Outcome> = {};
  readonly checker: HealthChecker;
  probes = 0;

  constructor(entries: readonly string[], fall = 1, rise = 0) {
    const thresholds = { fall, rise };
    const pool = new ChoosingPool(entries.map(parseServer), POLICIES.rank(), thresholds);
    const log = new FarmLog((words) => void this.logged.push(words));
    this.checker = new HealthChecker(pool, {
      probe: (server: Server) => {
        this.probes++;
        return Promise.resolve(this.outcomes[server.hostname]!);
      },
      concurrency: 4,
      clock: () => 0,
      pausedMs: () => 0,
      wait: () => Promise.resolve(),
      epochMs: () => 0,
      log,
    });
  }

  /** What is told about one more round. */
  async round(outcomes: Readonly<Record<string, Outcome>> = {}): Promise<string[]> {
    Object.assign(this.outcomes, outcomes);
    this.logged.length = 0;
    await this.checker.round();
    return [...this.logged];
  }
}

Deno.test("HealthChecker says who is out and why, and the ranking, fastest first", async () => {
  const farm = new Farm(["a:1", "b:1", "c:1", "d:1"]);
  const outcomes = { a: passed(3), b: passed(1), c: failed("it answered 404"), d: UNTESTABLE };
  assertEquals(await farm.round(outcomes), [
    "a:1 is available: 1 kiB in 3.0 ms, 333 kiB/s",
    "b:1 is available: 1 kiB in 1.0 ms, 1000 kiB/s",
    "c:1 is out: it answered 404",
    "d:1 could not be tested: too many files are open here",
    "tested, fastest first: b:1 1.0 ms (66.7 %), a:1 3.0 ms (33.3 %); 2 of 4 are available",
  ]);
  assertEquals(await farm.round({ a: failed("x"), b: failed("x"), d: failed("x") }), [
    ...["d:1 is out: x", "a:1 is out: x", "b:1 is out: x", "no server is available"],
  ]);
});

Deno.test("HealthChecker names ten servers at most", async () => {
  const names = Array.from({ length: 12 }, (_, i) => `s${i}`);
  const farm = new Farm(names.map((name) => `${name}:1`));
  const logged = await farm.round(
    Object.fromEntries(names.map((name, i) => [name, passed(i + 1)])),
  );
  const said = logged.at(-1) ?? "";
  assertEquals(logged.length, 13);
  assertEquals(said.split(", ").length, 12);
  assertEquals(said.endsWith(", s9:1 10.0 ms (3.8 %), and 2 slower ones"), true, said);
});

Deno.test("HealthChecker counts what takes a server out and brings it back", async () => {
  const farm = new Farm(["a:1", "b:1"], 2, 2);
  await farm.round({ a: passed(1), b: passed(2) });
  assertEquals(await farm.round(), [
    "tested, fastest first: a:1 1.0 ms (66.7 %), b:1 2.0 ms (33.3 %)",
  ]);
  const first = async (outcome: Outcome) => (await farm.round({ a: outcome }))[0];
  assertEquals(await first(failed("x")), "a:1 has failed 1 of 2 tests that take it out: x");
  assertEquals(await first(failed("y", 1000)), "a:1 is out, after 2 failed tests in a row: y");
  assertEquals(await first(passed(1)), "a:1 has passed 1 of 2 tests that bring it back");
  assertEquals(
    await first(passedAt(201_000)),
    "a:1 is back after 3m 20s, with the lowest share at first: 1 kiB in 1.0 ms, 1000 kiB/s",
  );
});

Deno.test("HealthChecker names the odd one out once", async () => {
  const farm = new Farm(["a:1", "b:1", "c:1"]);
  const outcomes = { a: passed(1, 4, '"x"'), b: passed(1, 4, '"y"'), c: passed(1, 5, '"x"') };
  const warnings = (logged: string[]) => logged.filter((line) => line.includes("differs"));
  assertEquals(warnings(await farm.round({ ...outcomes, b: passed(1, 4, '"x"') })), [
    "c:1 differs from the farm: its test file has 5 bytes, not 4",
  ]);
  assertEquals(warnings(await farm.round()), []);
  assertEquals(warnings(await farm.round({ c: passed(1, 4, '"x"') })), []);
  assertEquals(warnings(await farm.round({ b: passed(1, 4, '"y"') })), [
    "b:1 differs from the farm: its test file has another ETag than the others",
  ]);
  assertEquals(
    warnings(await farm.round({ a: passed(1, 9), b: passed(1, 9), c: passed(1, 9) })),
    [],
  );
});

Deno.test("HealthChecker tells a drained server's test, and that nobody may be picked", async () => {
  const farm = new Farm(["a:1 drain"]);
  assertEquals(await farm.round({ a: passed(1) }), [
    "a:1 is available: 1 kiB in 1.0 ms, 1000 kiB/s",
    "tested, fastest first: a:1 1.0 ms (0.0 %); clients are sent to none: all of these are drained",
  ]);
});

Deno.test("HealthChecker never runs two rounds at a time", async () => {
  const farm = new Farm(["a:1", "b:1"]);
  Object.assign(farm.outcomes, { a: passed(1), b: passed(2) });
  await Promise.all([farm.checker.round(), farm.checker.round()]);
  assertEquals(farm.probes, 2);
  await farm.checker.round();
  assertEquals(farm.probes, 4);
});

Deno.test("HealthChecker goes on after a round that ended with an error", async () => {
  const farm = new Farm(["a:1"]);
  await assertRejects(() => farm.checker.round(), TypeError);
  assertEquals((await farm.round({ a: passed(1) })).length, 2);
});

Deno.test("HealthChecker.firstRound() looks again while no server has passed or failed for good", async () => {
  const looks = async (outcomes: readonly Outcome[], fall: number) => {
    const farm = new Farm(["a:1"], fall);
    const waiting = [...outcomes];
    Object.defineProperty(farm.outcomes, "a", {
      get: () => waiting.length > 1 ? waiting.shift() : waiting[0],
    });
    await farm.checker.firstRound();
    return [farm.probes, farm.logged.at(-1)];
  };
  const alone = "tested, fastest first: a:1 1.0 ms (100.0 %)";
  const refused = failed("refused");
  assertEquals(await looks([refused, passed(1)], 3), [2, alone]);
  assertEquals(await looks([UNTESTABLE, UNTESTABLE, passed(1)], 1), [3, alone]);
  assertEquals(await looks([refused, passed(1)], 1), [1, "no server is available"]);
  assertEquals(await looks([refused], 3), [3, "no server is available"]);
  assertEquals(await looks([UNTESTABLE], 1), [3, "no server is available"]);
  assertEquals(await looks([refused], 100), [10, "no server is available"]);
});
