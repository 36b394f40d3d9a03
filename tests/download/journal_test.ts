import { assertEquals } from "@std/assert";
import { Journal } from "../../lib/download/report.ts";

const server = "s:1";

Deno.test("Journal says every 10 s how far a download is", async () => {
  await import("../../lib/download/screen.ts"); // Later it is loaded within a microtask.
  const lines: string[] = [];
  const journal = new Journal((line) => lines.push(line));
  for (let now = 0; now <= 25_000; now += 100) {
    journal.update("a", { received: now, length: 102_400, server }, now);
    journal.update("b", { received: 1, length: undefined, server }, now);
  }
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(lines, [
    "a: 9.8 kiB of 100 kiB from s:1",
    "b: 1 B from s:1",
    "a: 19.5 kiB of 100 kiB from s:1",
    "b: 1 B from s:1",
  ]);
});

Deno.test("Journal says at once what stays, and nothing of what has ended", async () => {
  const lines: string[] = [];
  const journal = new Journal((line) => lines.push(line));
  journal.update("a", { received: 1, length: 2, server }, 0);
  journal.update("a", { received: 1, length: 2, server }, 10_000);
  journal.say("done");
  journal.end("a");
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(lines, ["done"]);
});
