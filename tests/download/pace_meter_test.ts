import { assertEquals } from "@std/assert";
import { PaceMeter } from "../../lib/download/speed.ts";

Deno.test("PaceMeter tells the speed of the last seconds", () => {
  const meter = new PaceMeter();
  assertEquals(meter.measure(0, 1000), undefined);
  assertEquals(meter.measure(50, 1100), undefined);
  assertEquals(meter.measure(1000, 2000), 1000);
  for (let now = 3000; now <= 20_000; now += 1000) meter.measure(1000 + now, now);
  assertEquals(meter.measure(1000 + 21_000, 21_000), 1000);
});

Deno.test("PaceMeter forgets what was before a download began anew, or went on", () => {
  const meter = new PaceMeter();
  meter.measure(1000, 0);
  meter.measure(5000, 1000);
  meter.measure(0, 2000);
  assertEquals(meter.measure(100, 3000), 100);
});
