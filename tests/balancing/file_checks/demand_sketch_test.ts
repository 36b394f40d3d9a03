import { assert, assertEquals } from "@std/assert";
import { DemandSketch } from "../../../lib/balancing/file_checks/demand_sketch.ts";

Deno.test("DemandSketch.add() counts a text, beside others", () => {
  const sketch = new DemandSketch();
  const counts = [];
  for (let i = 0; i < 5; i++) counts.push(sketch.add("/a"), sketch.add(`/${i}`));
  assertEquals(counts, [1, 1, 2, 1, 3, 1, 4, 1, 5, 1]);
  for (let i = 0; i < 400; i++) sketch.add("/much");
  assertEquals(sketch.add("/much"), 255);
});

Deno.test("DemandSketch.add() tells what is wanted again and again from a flood of single texts", () => {
  const sketch = new DemandSketch();
  let most = 0, wanted = 0;
  for (let i = 0; i < 1_000_000; i++) {
    if (i % 10_000 === 0) wanted = sketch.add("/wanted");
    const count = sketch.add(`/random/${i}`);
    if (i > 900_000) most = Math.max(most, count);
  }
  assert(wanted > 20 && most < 10, `${wanted} ${most}`);
});
