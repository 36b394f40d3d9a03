import { assertEquals } from "@std/assert";
import { Health, type Outcome, type Thresholds } from "../../lib/balancing/health.ts";
import { failed, passed, passedAt, UNTESTABLE } from "../support/servers.ts";

/** What becomes of a server that passes (`+`), fails (`-`) or cannot be tested (`?`), a round each. */
function course(thresholds: Thresholds, outcomes: string): string[] {
  const health = new Health(thresholds);
  return [...outcomes].map((outcome, at) => {
    if (!health.beginRound()) return "resting";
    const found = { "+": passed(1), "-": failed("refused", at), "?": UNTESTABLE }[outcome]!;
    const transition = health.record(found);
    health.endRound(0.5);
    return transition?.kind ?? health.state.kind;
  });
}

Deno.test("Health with --fall=1 takes a server out at its first failure, for good", () => {
  assertEquals(course({ fall: 1, rise: 0 }, "+-+"), ["available", "out", "resting"]);
  assertEquals(course({ fall: 1, rise: 0 }, "-++"), ["out", "resting", "resting"]);
});

Deno.test("Health with --fall bears failures that are not in a row", () => {
  const rounds = course({ fall: 3, rise: 0 }, "+--+---+");
  assertEquals(rounds, [
    ...["available", "failing", "failing", "available", "failing", "failing", "out", "resting"],
  ]);
});

Deno.test("Health keeps untested, available and out apart", () => {
  const thresholds = { fall: 2, rise: 0 };
  assertEquals(course(thresholds, "?-+"), ["untested", "failing", "available"]);
  const health = new Health(thresholds);
  health.record(failed("refused", 1));
  health.endRound(1);
  assertEquals(health.state, { kind: "untested" });
  health.record(failed("answered 404", 2));
  assertEquals(health.state, { kind: "out", reason: "answered 404", since: 2 });
});

Deno.test("Health counts a test that was impossible neither for nor against a server", () => {
  assertEquals(course({ fall: 2, rise: 0 }, "+-?-"), ["available", "failing", "available", "out"]);
  assertEquals(course({ fall: 1, rise: 2 }, "-+?+"), ["out", "recovering", "out", "returned"]);
});

Deno.test("Health with --rise lets a server return after so many passed tests in a row", () => {
  assertEquals(course({ fall: 1, rise: 1 }, "+-+"), ["available", "out", "returned"]);
  const rounds = course({ fall: 1, rise: 2 }, "-+-++++");
  assertEquals(rounds, [
    ...["out", "recovering", "out", "resting", "recovering", "returned", "available"],
  ]);
});

Deno.test("Health asks a server that is out less and less often, up to every tenth round", () => {
  const health = new Health({ fall: 1, rise: 1 });
  const asked: number[] = [];
  for (let round = 0; round < 60; round++) {
    if (!health.beginRound()) continue;
    asked.push(round);
    health.record(failed("refused"));
    health.endRound(1);
  }
  const pauses = asked.slice(1).map((round, i) => round - asked[i]!);
  assertEquals(pauses, [1, 2, 4, 8, 10, 10, 10, 10]);
});

Deno.test("Health begins a slow start at 0, and goes a step on with each round that is passed", () => {
  const health = new Health({ fall: 2, rise: 1 });
  const rises: number[] = [];
  for (const outcome of [passed(1), failed("x"), failed("x"), passed(1), passed(1), failed("x")]) {
    health.record(outcome);
    health.endRound(0.4);
    rises.push(Math.round(health.slowStart * 1000) / 1000);
  }
  for (let i = 0; i < 3; i++) {
    health.record(passed(1));
    health.endRound(0.4);
    rises.push(Math.round(health.slowStart * 1000) / 1000);
  }
  assertEquals(rises, [1, 1, 1, 0, 0.4, 0.4, 0.8, 1, 1]);
});

Deno.test("Health remembers since when a server is out, whatever the clock does", () => {
  const health = new Health({ fall: 1, rise: 2 });
  health.record(failed("refused", 1000));
  health.record(failed("answered 404", -5));
  assertEquals(health.state, { kind: "out", reason: "refused", since: 1000 });
});

Deno.test("Health.record() returns what has changed, with the numbers", () => {
  const health = new Health({ fall: 2, rise: 2 });
  const transitions = [passed(1), passed(1), failed("a", 3), failed("b", 4), UNTESTABLE]
    .concat(passed(1), failed("c", 7), passed(1), passedAt(9), passed(1))
    .map((outcome) => {
      const transition = health.record(outcome);
      health.endRound(1);
      return transition;
    });
  const sampleAt = (at: number) => ({ bytes: 1024, elapsedMs: 1, at });
  assertEquals(transitions, [
    ...[{ kind: "available", sample: sampleAt(0) } as const, undefined],
    { kind: "failing", reason: "a", streak: 1, fall: 2 },
    ...[{ kind: "out", reason: "b", streak: 2, fall: 2 } as const, undefined],
    ...[{ kind: "recovering", streak: 1, rise: 2 } as const, undefined],
    { kind: "recovering", streak: 1, rise: 2 },
    ...[{ kind: "returned", sample: sampleAt(9), streak: 2, outMs: 5 } as const, undefined],
  ]);
});

Deno.test("Health remembers since when a server is available, however often it passes", () => {
  const health = new Health({ fall: 2, rise: 1 });
  const since = (outcome: Outcome): unknown => {
    health.record(outcome);
    health.endRound(1);
    return "since" in health.state && [health.state.kind, health.state.since];
  };
  assertEquals(
    [
      ...[passedAt(1000), passedAt(2000), failed("x", 3000), UNTESTABLE, passedAt(4000)],
      ...[failed("x", 5000), failed("y", 6000), passedAt(7000), passedAt(8000)],
    ].map(since),
    [
      ...Array.from({ length: 6 }, () => ["available", 1000]),
      ...[["out", 6000], ["available", 7000], ["available", 7000]],
    ],
  );
});

Deno.test("Health lets one that has passed and fails in the same round not enter", () => {
  const health = new Health({ fall: 2, rise: 0 });
  health.record(passed(1));
  assertEquals(health.record(failed("x"))?.kind, "failing");
  health.endRound(1);
  assertEquals(health.state, { kind: "untested" });
});
