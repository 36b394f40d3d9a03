import { assert, assertEquals } from "@std/assert";
import { type RunClock, runFor } from "./run_for.ts";

Deno.test("runFor() runs load and faults at once, and waits for both after the time is over", async () => {
  const order: string[] = [];
  const untilOver = ({ over }: RunClock) =>
    new Promise<void>((resolve) => over.addEventListener("abort", () => resolve()));
  const { load, faults, seconds } = await runFor(0.02, async (clock) => {
    order.push("load begins");
    await untilOver(clock);
    order.push("load ends");
    return "load";
  }, async (clock) => {
    order.push("faults begin");
    await untilOver(clock);
    order.push("faults end");
    return "faults";
  });
  assertEquals([load, faults], ["load", "faults"]);
  assertEquals(order, ["load begins", "faults begin", "load ends", "faults end"]);
  assert(seconds > 0);
});

Deno.test("a clock's pauses end early when the time is over, and are none afterwards", async () => {
  const idle = () => Promise.resolve();
  const { load } = await runFor(0.02, async ({ pause, reach, over, elapsedMs }) => {
    await pause(0);
    const isOverBefore = over.aborted;
    await reach(1000);
    await pause(20_000);
    return { isOverBefore, isOverAfter: over.aborted, isEarly: elapsedMs() < 20_000 };
  }, idle);
  assertEquals(load, { isOverBefore: false, isOverAfter: true, isEarly: true });
});

Deno.test("a clock reaches parts of the time in their order", async () => {
  const { load } = await runFor(0.1, async ({ reach, elapsedMs, over }) => {
    await reach(0.5);
    return { elapsed: elapsedMs(), isOver: over.aborted };
  }, () => Promise.resolve());
  assert(load.elapsed >= 49 || load.isOver, `${load.elapsed} ms`);
});
