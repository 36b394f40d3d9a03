import { assert, assertEquals } from "@std/assert";
import { atOnce } from "../../lib/download/jobs.ts";

Deno.test("atOnce() has so many under way, and gives what came of them in their order", async () => {
  let underWay = 0;
  let most = 0;
  const results = await atOnce([3, 1, 2, 5, 4], 2, async (turns) => {
    most = Math.max(most, ++underWay);
    for (let i = 0; i < turns; i++) await Promise.resolve();
    underWay--;
    return turns * 10;
  });
  assertEquals(results, [30, 10, 20, 50, 40]);
  assertEquals(most, 2);
  assert((await atOnce([], 4, () => Promise.resolve(1))).length === 0);
});
