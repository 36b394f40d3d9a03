import { assertEquals, assertThrows } from "@std/assert";
import { TryError } from "../../lib/download/download_error.ts";
import { PaceMeter, SpeedWatch } from "../../lib/download/speed.ts";

const assertTooSlow = (watch: SpeedWatch, bytes: number, at: number) =>
  assertThrows(() => watch.add(bytes, at, "a:1"), TryError, "a:1: it sent less than 100 bytes a");

Deno.test("SpeedWatch judges each window by itself", () => {
  const watch = new SpeedWatch(100, 1000, 0);
  watch.add(0, 999, "a:1");
  watch.add(100, 1000, "a:1");
  watch.add(500, 1500, "a:1");
  watch.add(0, 2000, "a:1");
  assertTooSlow(watch, 99, 3000);
});

Deno.test("SpeedWatch takes the speed over a window that lasted longer", () => {
  const watch = new SpeedWatch(100, 1000, 0);
  assertTooSlow(watch, 399, 4000);
  watch.add(400, 8000, "a:1");
});

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
