import { assertEquals } from "@std/assert";
import { LogThrottle } from "../../lib/log/logger.ts";

Deno.test("LogThrottle tells so many an interval, with records, whatever the clock does", () => {
  const told: unknown[][] = [];
  const seldom = new LogThrottle((...it) => told.push(it), 100, 2);
  for (const now of [0, 1, 2, 3, 100, 50]) seldom.info(`at ${now}`, now, { now });
  assertEquals(told, [
    ["at 0", { now: 0 }],
    ["at 1", { now: 1 }],
    ["at 100 (and 2 more before)", { now: 100, more: 2 }],
    ["at 50", { now: 50 }],
  ]);
});

Deno.test("LogThrottle tells one message an interval, and how many it did not tell", () => {
  const told: string[] = [];
  const seldom = new LogThrottle((message) => told.push(message), 100);
  for (const now of [0, 1, 99, 100, 250]) seldom.info(`at ${now}`, now);
  assertEquals(told, ["at 0", "at 100 (and 2 more before)", "at 250"]);
});
