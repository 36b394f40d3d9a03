import { assertThrows } from "@std/assert";
import { TryError } from "../../lib/download/download_error.ts";
import { SpeedWatch } from "../../lib/download/speed.ts";

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
