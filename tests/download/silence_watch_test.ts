import { assertEquals } from "@std/assert";
import { SilenceWatch } from "../../lib/download/relief.ts";

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

Deno.test("SilenceWatch lets a part go no sooner than after as long as it took to come", () => {
  for (const [took, due] of [[1000, 4000], [7000, 7000]] as const) {
    const begunAt = 5000;
    const silence = new SilenceWatch(2000, 4000, begunAt);
    const since = begunAt + took;
    silence.begin(since);
    assertEquals([due - 1, due].map((ms) => silence.mayStartOver(since + ms)), [false, true]);
    const asked = [since + 2000];
    while (asked.at(-1)! < since + 8000) asked.push(silence.again(asked.at(-1)!));
    assertEquals(asked.includes(since + due), true, asked.join());
  }
});

Deno.test("SilenceWatch never lets a part go of which it does not know how long it took", () => {
  const silence = new SilenceWatch(2000);
  silence.begin(0);
  assertEquals(silence.mayStartOver(Number.MAX_SAFE_INTEGER), false);
  assertEquals([2000, 4000].map((now) => silence.again(now)), [4000, 8000]);
});
