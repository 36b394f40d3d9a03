import { assertEquals } from "@std/assert";
import { nextPauseMs } from "../../lib/process/worker_pool.ts";

Deno.test("nextPauseMs() grows from 5 ms to 5 s while what is started ends soon", () => {
  const pauses: number[] = [];
  for (let pauseMs = 0; pauses.length < 13;) pauses.push(pauseMs = nextPauseMs(pauseMs, 9999));
  assertEquals(pauses, [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5000, 5000, 5000]);
});

Deno.test("nextPauseMs() begins anew after what lasted for 10 s", () => {
  assertEquals(nextPauseMs(5000, 10_000), 5);
});
