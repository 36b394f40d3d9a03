import { assertEquals } from "@std/assert";
import type { Worker, WorkerEnd } from "../../lib/run/worker.ts";
import { Workers } from "../../lib/run/workers.ts";

/** A worker that listens at once, and lasts until the test ends it. */
class FakeWorker implements Worker {
  readonly listening = Promise.resolve("listening on http://127.0.0.1:4711");
  readonly #ended = Promise.withResolvers<WorkerEnd>();
  readonly ended = this.#ended.promise;
  /** All that it is told, in order. */
  readonly heard: string[] = [];

  constructor(readonly pid: number) {}

  order(order: string): void {
    this.heard.push(`order ${order}`);
  }

  inform(news: string): void {
    this.heard.push(news);
  }

  kill(): void {
    this.ends();
  }

  ends(): void {
    this.#ended.resolve({ code: 1, signal: null });
  }
}

/** Workers that listen, and those that were hired until now. */
async function workersOf(count: number, greeting?: () => string | undefined) {
  const hired: FakeWorker[] = [];
  const workers = new Workers({
    ...{ count, ...(greeting && { greeting }) },
    hire: () => {
      hired.push(new FakeWorker(hired.length));
      return hired.at(-1)!;
    },
    tell: () => {},
    now: () => 0,
    retireMs: 1,
    // Those that were replaced, and those that start late, are left alone.
    pause: (ms) => ms === 5 ? Promise.resolve() : new Promise(() => {}),
  });
  await workers.start(0);
  return { workers, hired, heard: () => hired.map(({ heard }) => heard) };
}

/** Lets all go on that waits for nothing but promises. */
async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}

Deno.test("Workers greet each that is hired, before all else, with what is so then", async () => {
  let farm = "a, b";
  const { workers, hired, heard } = await workersOf(2, () => `these are ${farm}`);
  assertEquals(heard(), [["these are a, b"], ["these are a, b"]]);
  farm = "a";
  workers.inform("b is out");
  hired[0]!.ends();
  await settle();
  assertEquals(heard(), [
    ...[["these are a, b", "b is out"], ["these are a, b", "b is out"], ["these are a"]],
  ]);
  farm = "a, c";
  workers.inform("c is new");
  await workers.renew();
  assertEquals(heard().slice(1), [
    ["these are a, b", "b is out", "c is new", "order retire"],
    ["these are a", "c is new", "order retire"],
    ["these are a, c"],
    ["these are a, c"],
  ]);
});

Deno.test("Workers.inform() reaches all that have not ended, the retired as well", async () => {
  const { workers, hired, heard } = await workersOf(2);
  await workers.renew();
  hired[0]!.ends();
  await settle();
  workers.inform("b is out");
  assertEquals(heard(), [
    ...[["order retire"], ["order retire", "b is out"], ["b is out"], ["b is out"]],
  ]);
});

Deno.test("Workers greet nobody when there is nothing to say", async () => {
  for (const greeting of [undefined, () => undefined]) {
    const { workers, heard } = await workersOf(2, greeting);
    assertEquals(heard(), [[], []]);
    workers.inform("b is out");
    assertEquals(heard(), [["b is out"], ["b is out"]]);
  }
});
