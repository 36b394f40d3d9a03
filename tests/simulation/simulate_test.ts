import { assert, assertEquals } from "@std/assert";
import type { World } from "./continents.ts";
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
