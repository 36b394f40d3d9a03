import { assertEquals } from "@std/assert";
import { WorkerPool } from "../../lib/process/worker_pool.ts";
import type { Worker, WorkerEnd } from "../../lib/process/worker_process.ts";
import type { Message } from "../../lib/process/worker_protocol.ts";

/** A worker that listens at once, and lasts until the test ends it. */
class FakeWorker implements Worker {
  readonly listening = Promise.resolve("listening on http://127.0.0.1:4711");
  readonly #ended = Promise.withResolvers<WorkerEnd>();
  readonly ended = this.#ended.promise;
  /** All that it is told, in order. */
  readonly heard: string[] = [];

  constructor(readonly pid: number) {}

  send(message: Message): Promise<void> {
    this.heard.push("content" in message ? String(message.content) : message.kind);
    return Promise.resolve();
  }

  kill(): void {
    this.ends();
  }

  ends(): void {
    this.#ended.resolve({ code: 1, signal: null });
  }
}

/** What a worker of the test can be sent by. */
type Send = (content: unknown) => Promise<void>;

/** WorkerPool that listen, and those that were hired until now. */
async function workersOf(count: number, subscribe: (send: Send) => () => void) {
  const hired: FakeWorker[] = [];
  const workers = new WorkerPool({
    ...{ count, subscribe },
    spawn: () => {
      hired.push(new FakeWorker(hired.length));
      return hired.at(-1)!;
    },
    info: () => {},
    now: () => 0,
    drainMs: 1,
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

Deno.test("WorkerPool let each that is hired be sent lines, before all else, until it ends", async () => {
  const open = new Set<Send>();
  const { workers, hired, heard } = await workersOf(2, (send) => {
    open.add(send);
    void send(`of ${open.size}`);
    return () => open.delete(send);
  });
  const tellAll = (line: string) => open.forEach((send) => void send(line));
  assertEquals(heard(), [["of 1"], ["of 2"]]);
  tellAll("b is out");
  hired[0]!.ends();
  await settle();
  assertEquals([open.size, heard()], [
    2,
    [["of 1", "b is out"], ["of 2", "b is out"], ["of 2"]],
  ]);
  await workers.renew();
  tellAll("c is new"); // Those that are drained get it as well.
  assertEquals([open.size, heard().slice(1)], [4, [
    ["of 2", "b is out", "drain", "c is new"],
    ["of 2", "drain", "c is new"],
    ["of 3", "c is new"],
    ["of 4", "c is new"],
  ]]);
});
