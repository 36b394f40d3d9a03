import { assert, assertEquals } from "@std/assert";
import { columnsOf, progressLine, timeLeft } from "../../lib/download/screen.ts";

const MIB = 1024 * 1024;
const HALF = { received: 2 * MIB, length: 4 * MIB, server: "server:8000" };

Deno.test("progressLine() shows name, bar, percent, size, speed, time left and server", () => {
  assertEquals(
    progressLine("a.iso", HALF, MIB, 100, false),
    `a.iso  [${"█".repeat(17)}${
      "░".repeat(17)
    }]   50 %  2 MiB of 4 MiB  1 MiB/s  0:02 left  server:8000`,
  );
});

Deno.test("progressLine() fits every width, and has the most important last", () => {
  for (let columns = 1; columns < 200; columns++) {
    const line = progressLine("n".repeat(50), HALF, MIB, columns, false);
    assert([...line].length < Math.max(2, columns), `${columns}: ${line}`);
  }
  assertEquals(
    progressLine("a.iso", HALF, MIB, 40, false),
    "a.iso   50 %  2 MiB of 4 MiB  1 MiB/s",
  );
});

Deno.test("progressLine() fits every width as a terminal counts it", () => {
  const names = ["天地玄黃宇宙洪荒".repeat(4), "e\u0301".repeat(50), "🦕".repeat(20)];
  const server = "サーバー.example:8000";
  for (const name of names) {
    for (let columns = 4; columns < 150; columns++) {
      const line = progressLine(name, { ...HALF, server }, MIB, columns, false);
      assert(columnsOf(line) < columns, `${columns}: ${line}`);
    }
  }
  const line = progressLine("天地玄黃", HALF, undefined, 12, false);
  assertEquals(line, "天地…");
});

Deno.test("progressLine() colors the bar only where that is wanted", () => {
  const color = "\x1b[32m";
  assert(progressLine("a", HALF, MIB, 100, true).includes(color));
  assert(!progressLine("a", HALF, MIB, 100, false).includes("\x1b"));
});

Deno.test("progressLine() shows what has arrived when the length is not known", () => {
  const progress = { ...HALF, length: undefined };
  assertEquals(
    progressLine("a", progress, undefined, 80, false),
    "a  2 MiB  server:8000",
  );
});

Deno.test("progressLine() stays in its line, whatever the names", () => {
  const progress = { ...HALF, server: "\x1b[2J\n" };
  const line = progressLine("\x1b[2J\n\u202e", progress, 1, 300, false);
  // deno-lint-ignore no-control-regex -- it is them that must not come through
  assert(!/[\x00-\x1f\u202e]/.test(line), JSON.stringify(line));
});

Deno.test("timeLeft() is told in minutes or hours, if it can be", () => {
  assertEquals(timeLeft(0, 100, 10), "0:10 left");
  assertEquals(timeLeft(0, 7199, 1), "1:59:59 left");
  assertEquals(timeLeft(100, 100, 1), "0:00 left");
  assertEquals(timeLeft(0, undefined, 1), undefined);
  assertEquals(timeLeft(0, 100, 0), undefined);
  assertEquals(timeLeft(0, 1e9, 1), undefined);
});
