import { assert, assertEquals } from "@std/assert";
import { OPENING, scenarioOf } from "./scenario.ts";
import { simulate } from "./simulate.ts";
import { oracle, strategyOf } from "./strategy.ts";

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
