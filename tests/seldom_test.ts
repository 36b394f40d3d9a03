import { assertEquals } from "@std/assert";
import { Seldom } from "../lib/seldom.ts";

Deno.test("Seldom tells one message an interval, and how many it did not tell", () => {
  const told: string[] = [];
  const seldom = new Seldom((message) => told.push(message), 100);
  for (const now of [0, 1, 99, 100, 250]) seldom.tell(`at ${now}`, now);
  assertEquals(told, ["at 0", "at 100 (and 2 more before)", "at 250"]);
});
