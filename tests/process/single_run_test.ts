import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { SingleRun } from "../../lib/process/single_run.ts";

/** Runs that the test ends. */
class Runs {
  readonly #ends: PromiseWithResolvers<void>[] = [];
  readonly single = new SingleRun(() => {
    const end = Promise.withResolvers<void>();
    this.#ends.push(end);
    return end.promise;
  });

  get count(): number {
    return this.#ends.length;
  }

  async end(error?: Error): Promise<void> {
    const end = this.#ends.at(-1)!;
    if (error === undefined) end.resolve();
    else end.reject(error);
    for (let i = 0; i < 10; i++) await Promise.resolve();
  }
}

Deno.test("SingleRun.join() starts a run only if none is in progress", async () => {
  const runs = new Runs();
  assertEquals([runs.count, runs.single.isRunning], [0, false]);
  const first = runs.single.join();
  assertStrictEquals(runs.single.join(), first);
  assertEquals([runs.count, runs.single.isRunning], [1, true]);
  await runs.end();
  await first;
  assertEquals([runs.count, runs.single.isRunning], [1, false]);
  const second = runs.single.join();
  await runs.end();
  await second;
  assertEquals(runs.count, 2);
});

Deno.test("SingleRun.again() during a run has one more follow, for all calls", async () => {
  const runs = new Runs();
  const calls = [runs.single.again(), runs.single.again(), runs.single.again()];
  let isSettled = false;
  const settled = Promise.all(calls).then(() => isSettled = true);
  await runs.end();
  assertEquals([runs.count, isSettled], [2, false]);
  calls.push(runs.single.join());
  await runs.end();
  await settled;
  assertEquals([runs.count, runs.single.isRunning], [2, false]);
});

Deno.test("SingleRun ends with an error, and can run again", async () => {
  const runs = new Runs();
  const error = new Error("bug in a task");
  const calls = [runs.single.again(), runs.single.again()];
  const rejections = calls.map((call) => assertRejects(() => call, Error, error.message));
  await runs.end(error);
  await Promise.all(rejections);
  assertEquals([runs.count, runs.single.isRunning], [1, false]);
  const next = runs.single.join();
  await runs.end();
  await next;
  assertEquals(runs.count, 2);
});

Deno.test("SingleRun runs a task that ends at once, or throws before it waits", async () => {
  let count = 0;
  const single = new SingleRun(() => {
    if (++count === 1) throw new Error("bug at once");
    return Promise.resolve();
  });
  await assertRejects(() => single.join(), Error, "bug at once");
  assertEquals(single.isRunning, false);
  await single.join();
  assertEquals([count, single.isRunning], [2, false]);
});

Deno.test("SingleRun waits before its first run, which calls until then share", async () => {
  let count = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const single = new SingleRun(() => Promise.resolve(void count++), promise);
  const calls = [single.again(), single.again(), single.join()];
  for (let i = 0; i < 10; i++) await Promise.resolve();
  assertEquals([count, single.isRunning], [0, true]);
  resolve();
  await Promise.all(calls);
  assertEquals(count, 1);
  await single.again();
  assertEquals(count, 2);
});
