import { assertEquals } from "@std/assert";
import { SpeedWatch } from "../../lib/download/speed.ts";

Deno.test("SpeedWatch judges each window by itself", () => {
  const watch = new SpeedWatch(100, 1000, 0);
  assertEquals(watch.isTooSlow(0, 999), false);
  assertEquals(watch.isTooSlow(100, 1000), false);
  assertEquals(watch.isTooSlow(500, 1500), false);
  assertEquals(watch.isTooSlow(0, 2000), false);
  assertEquals(watch.isTooSlow(99, 3000), true);
});

Deno.test("SpeedWatch takes the speed over a window that lasted longer", () => {
  const watch = new SpeedWatch(100, 1000, 0);
  assertEquals(watch.isTooSlow(399, 4000), true);
  assertEquals(watch.isTooSlow(400, 8000), false);
});
