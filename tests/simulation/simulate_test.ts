import { assert, assertEquals } from "@std/assert";
import type { World } from "./continents.ts";
import { changesOf, OPENING, type Scenario, scenarioOf } from "./scenario.ts";
import { simulate } from "./simulate.ts";
import { Rival, RIVAL_NAMES } from "./rivals.ts";
import { oracle, type StrategyMaker, strategyOf, strategyWith } from "./strategy.ts";
import { seededRandom } from "../support/random.ts";

const small = scenarioOf(10, 0.7, { end: OPENING + 7_200_000 });

Deno.test("simulate() gives the same every time", () => {
  assertEquals(simulate(small, strategyOf("expected")), simulate(small, strategyOf("expected")));
});

Deno.test("simulate() finds expected near the oracle, and before the others", () => {
  const { mean } = simulate(small, oracle);
  const expected = simulate(small, strategyOf("expected")).mean;
  assert(expected < 1.5 * mean);
  for (const name of ["speed", "rank", "round-robin"] as const) {
    assert(simulate(small, strategyOf(name)).mean > expected, name);
  }
});

Deno.test("simulate() finds downloads shorter where clients stay on their continent", () => {
  const world: World = { continents: 2, speedWithin: 20_000, speedAcross: 2_000 };
  for (const name of ["rank", "speed", "expected"] as const) {
    const [without, tiered] = [false, true].map((hasTiers) =>
      simulate({ ...small, world }, strategyOf(name, { hasTiers }))
    );
    assert(tiered!.mean < 0.9 * without!.mean, name);
    assert(tiered!.p99 < without!.p99, name);
  }
});

// Not with `speed`, which smooths measurements from a tier's first client on.
Deno.test("simulate() finds the same with tiers where all are on one continent", () => {
  for (const name of ["rank", "expected"] as const) {
    const [without, tiered] = [false, true].map((hasTiers) =>
      simulate(small, strategyOf(name, { hasTiers }))
    );
    assertEquals(tiered, without);
  }
});

Deno.test("simulate() finds expected with reports near the oracle, for short files too", () => {
  const cases: readonly [meanBytes: number, limit: number, end: number][] = [
    [600e6, 1.2, 1_800_000],
    [60e6, 1.2, 600_000],
    [10e6, 1.2, 300_000],
  ];
  for (const [meanBytes, limit, end] of cases) {
    const scenario = scenarioOf(100, 0.7, { meanBytes, end: OPENING + end });
    const { mean } = simulate(scenario, oracle);
    const expected = simulate(scenario, strategyOf("expected")).mean;
    assert(expected < limit * mean, `${meanBytes}: ${expected / mean} times the oracle`);
    assert(simulate({ ...scenario, checks: 0 }, strategyOf("expected")).mean > expected);
  }
});

Deno.test("simulate() finds expected before what other load balancers do", () => {
  const scenario = scenarioOf(100, 0.7, { meanBytes: 60e6, end: OPENING + 600_000 });
  const expected = simulate(scenario, strategyOf("expected"));
  for (const name of RIVAL_NAMES) {
    const rival = simulate(scenario, strategyWith(() => new Rival(name, seededRandom(7))));
    assert(rival.mean > 1.2 * expected.mean && rival.p99 > 1.2 * expected.p99, name);
  }
});

Deno.test("simulate() finds four balancers that know nothing of each other before one oracle", () => {
  for (const shared of [{ balancers: 4 }, { workers: 4 }]) {
    const scenario = scenarioOf(100, 0.7, {
      ...shared,
      meanBytes: 60e6,
      end: OPENING + 600_000,
    });
    const { mean } = simulate(scenario, strategyOf("expected"));
    assert(mean < 1.2 * simulate(scenario, oracle).mean);
  }
});

/** Clients sent to the server that falls to a tenth, beyond its due: before, and 2 s after a report. */
function excessOfFallen(scenario: Scenario): [before: number, after: number] {
  const { fallAt = 0 } = scenario, changes = changesOf(scenario), fallen = changes.at(-1)!;
  const picks: number[] = [];
  let all = 0, reportedAt = Infinity;
  const onReport = (server: number, now: number) => {
    if (server === fallen.server && now > fallAt) reportedAt = Math.min(reportedAt, now);
  };
  const make: StrategyMaker = (...parts) => {
    const strategy = strategyOf("expected", { onReport })(...parts);
    return {
      tick: (now) => strategy.tick(now),
      shareError: 0,
      choose: (arrival, now) => {
        const server = strategy.choose(arrival, now);
        all++;
        if (server === fallen.server) picks.push(now);
        return server;
      },
    };
  };
  simulate(scenario, make);
  const speeds = changes.slice(0, -1).reduce((sum, { speed }) => sum + speed, 0);
  const due = all / (scenario.end - OPENING) * fallen.speed / speeds;
  const excess = (from: number, ms: number) =>
    picks.filter((at) => at >= from && at < from + ms).length / ms - due;
  return [excess(fallAt - 20_000, 20_000), excess(reportedAt + 2000, 5000)];
}

Deno.test("simulate() finds that few clients are sent to a server 2 s after it fell to a tenth", () => {
  for (const seed of [1, 2, 3]) {
    const fallAt = OPENING + 60_000, end = fallAt + 20_000;
    const [before, after] = excessOfFallen(
      scenarioOf(100, 0.7, { meanBytes: 10e6, fallAt, end, seed }),
    );
    assert(before > 0 && after < before / 2, `${seed}: ${before}, then ${after} a ms`);
  }
});
