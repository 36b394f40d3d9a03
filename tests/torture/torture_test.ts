// A short part of `deno task torture`: of each scenario the first failures of a few kinds.

import { assert, assertEquals } from "@std/assert";
import { openScenarios } from "./scenarios.ts";
import type { Point } from "./points.ts";
import { torture } from "./torture.ts";

/** Points at which what matters most goes wrong, by the beginning of a scenario's name. */
const POINTS: Readonly<Record<string, readonly Point[]>> = {
  server: ["stat", "send"],
  balancer: ["connect"],
  "client: a resume": ["write", "rename"],
};

Deno.test("roles bear calls of the system that fail", async (t) => {
  await using opened = await openScenarios();
  for (const scenario of opened.scenarios) {
    const points = POINTS[scenario.name];
    if (points === undefined) continue;
    await t.step(scenario.name, async () => {
      const { failures, verdicts } = await torture(scenario, { most: 1, jobs: 2, points });
      assertEquals([...failures.keys()].sort(), [...points].sort());
      const wrong = verdicts.filter(({ problems }) => problems.length > 0);
      assert(wrong.length === 0, JSON.stringify(wrong, null, 2));
    });
  }
});
