import { assertEquals } from "@std/assert";
import { SilenceWatch } from "../../lib/download/silence_watch.ts";

Deno.test("SilenceWatch calls for another server after the least silence that counts", () => {
  const silence = new SilenceWatch(2000);
  assertEquals(silence.begin(10_000), 12_000);
  assertEquals(silence.silentMs(12_100), 2100);
});

Deno.test("SilenceWatch waits four times as long as the longest silence before", () => {
  const silence = new SilenceWatch(2000);
  for (const [since, until] of [[0, 100], [100, 400], [400, 500]] as const) {
    silence.begin(since);
    silence.end(until);
  }
  assertEquals(silence.begin(1000), 3000, "1200 ms is less than what counts");
  silence.end(2000);
  assertEquals(silence.begin(3000), 7000);
});

Deno.test("SilenceWatch calls again less often each time, from the next wait on as at first", () => {
  const silence = new SilenceWatch(2000);
  silence.begin(0);
  assertEquals([2000, 4000, 8000].map((now) => silence.again(now)), [4000, 8000, 16_000]);
  silence.end(100);
  assertEquals(silence.begin(20_000), 22_000);
});
