import { assertEquals } from "@std/assert";
import { escapeControls } from "../../../lib/log/console.ts";
import { ProgressLines } from "../../../lib/download/display/progress_lines.ts";

Deno.test("ProgressLines tells at each tick how far downloads are, also those that get nothing", () => {
  const lines: string[] = [];
  const progress = new ProgressLines((line) => lines.push(line));
  const told = () => lines.splice(0).map((line) => line.startsWith("{") ? JSON.parse(line) : line);
  const server = "s:1";
  for (let now = 0; now <= 900; now += 100) {
    progress.update("a", { received: now * 10, length: 20_000, server }, now);
  }
  progress.update("b", { received: 5, length: undefined, server: "2 servers" }, 900);
  assertEquals(told(), []);
  progress.tick(900);
  const a = { event: "progress", file: "a", bytes: 9000, length: 20_000, server };
  assertEquals(told(), [
    { ...a, bytesPerSecond: 10_000, secondsLeft: 2 },
    {
      ...{ event: "progress", file: "b", bytes: 5, length: null, server: "2 servers" },
      ...{ bytesPerSecond: null, secondsLeft: null },
    },
  ]);
  progress.tick(1900);
  assertEquals(told().map(({ bytesPerSecond }) => bytesPerSecond), [4737, 0]);
  progress.end("b");
  assertEquals(told(), []);
  progress.update("a", { received: 20_000, length: 20_000, server }, 2000);
  progress.end("a");
  const [{ bytes, secondsLeft }] = told();
  assertEquals([bytes, secondsLeft], [20_000, 0]);
  progress.say("saved a");
  progress.tick(3000);
  assertEquals(told(), ["saved a"]);
});

Deno.test("ProgressLines writes JSON that stays JSON when controls in it are escaped", () => {
  const lines: string[] = [];
  const progress = new ProgressLines((line) => lines.push(escapeControls(line)));
  const name = "a\x7f\x85\u202e";
  progress.update(name, { received: 1, length: 1, server: "s:1" }, 0);
  progress.end(name);
  assertEquals(lines.map((line) => JSON.parse(line).file), [name]);
});
