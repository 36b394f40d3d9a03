import { assertEquals, assertRejects } from "@std/assert";
import { nextPauseMs, WorkerPool, type WorkerPoolOptions } from "../../lib/process/worker_pool.ts";
import type { Worker, WorkerEnd } from "../../lib/process/worker_process.ts";
import type { Message } from "../../lib/process/worker_protocol.ts";

/** A worker that does what the test says. */
class FakeWorker implements Worker {
  readonly #listening = Promise.withResolvers<string | undefined>();
  readonly #ended = Promise.withResolvers<WorkerEnd>();
  readonly listening = this.#listening.promise;
  readonly ended = this.#ended.promise;
  readonly commands: string[] = [];
  readonly updates: unknown[] = [];

  constructor(readonly pid: number, readonly port: number) {}

  listens(): void {
    this.#listening.resolve("listening on http://127.0.0.1:4711");
  }

  ends(code = 1, signal: Deno.Signal | null = null): void {
    this.#listening.resolve(undefined);
    this.#ended.resolve({ code, signal });
  }

  send(message: Message): Promise<void> {
    if (message.kind === "update") this.updates.push(message.content);
    else this.commands.push(message.kind);
    return Promise.resolve();
  }

  kill(): void {
    this.commands.push("kill");
    this.ends(137, "SIGKILL");
  }
}

/** For a new one to listen, and for one that was replaced to end. */
const PROMPT_MS = 10_000;
const START_MS = 30_000;
const DRAIN_MS = 12_345;

/** A pool of which the test is the system: the time stands still unless it is moved. */
class Stage {
  readonly spawned: FakeWorker[] = [];
  readonly logged: string[] = [];
  readonly pauses: number[] = [];
  /** Those that pass only when they are logged to. */
  readonly deadlines: { readonly ms: number; readonly pass: () => void }[] = [];
  now = 0;
  failure: Error | undefined;
  /** Whether a pause is over at once. */
  isHasty = true;
  readonly workers: WorkerPool;

  constructor(count: number, subscribe?: WorkerPoolOptions["subscribe"]) {
    this.workers = new WorkerPool({
      count,
      subscribe,
      spawn: (port) => {
        if (this.failure !== undefined) throw this.failure;
        const worker = new FakeWorker(this.spawned.length, port);
        this.spawned.push(worker);
        return worker;
      },
      info: (message) => this.logged.push(message),
      monotonicMs: () => this.now,
      drainMs: DRAIN_MS,
      pause: (ms) => {
        if ([PROMPT_MS, START_MS, DRAIN_MS].includes(ms)) {
          return new Promise((resolve) => this.deadlines.push({ ms, pass: resolve }));
        }
        this.pauses.push(ms);
        return this.isHasty ? Promise.resolve() : new Promise(() => {});
      },
    });
  }

  /** All of them listening. */
  static async started(count: number, subscribe?: WorkerPoolOptions["subscribe"]): Promise<Stage> {
    const stage = new Stage(count, subscribe);
    const started = stage.workers.start(0);
    await stage.listen(...Array(count).keys());
    await started;
    return stage;
  }

  /** These listen, one after the other. */
  async listen(...indices: number[]): Promise<void> {
    for (const index of indices) {
      await settle();
      this.spawned[index]!.listens();
    }
    await settle();
  }

  /** The time is over in which those that were started until now are to listen. */
  passStart(): void {
    for (const { ms, pass } of this.deadlines.splice(0)) if (ms !== DRAIN_MS) pass();
  }

  /** As much of it as one alone takes at the most. */
  passPrompt(): void {
    for (const { ms, pass } of this.deadlines) if (ms === PROMPT_MS) pass();
  }

  commands(): string[][] {
    return this.spawned.map(({ commands }) => commands);
  }
}

/** Lets all go on that waits for nothing but promises. */
async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}

Deno.test("WorkerPool starts one on the port and the others on the one that it got", async () => {
  const stage = new Stage(3);
  const started = stage.workers.start(0);
  assertEquals(stage.spawned.length, 1);
  await stage.listen(0);
  assertEquals(stage.spawned.map(({ port }) => port), [0, 4711, 4711]);
  await stage.listen(1);
  await stage.listen(2);
  assertEquals(await started, "listening on http://127.0.0.1:4711");
});

Deno.test("WorkerPool gives up when the first one never listens", async () => {
  const stage = new Stage(2);
  const started = stage.workers.start(80);
  stage.spawned[0]!.ends(2);
  assertEquals(await started, { code: 2, signal: null });
  assertEquals([stage.spawned.length, stage.logged], [1, []]);
  stage.failure = new Error("no");
  await assertRejects(() => stage.workers.start(80), Error, "no");
});

Deno.test("WorkerPool replaces one that ends, later and later when it ends soon", async () => {
  const stage = await Stage.started(2);
  for (const lastedMs of [60_000, 0, 0, 10_000]) {
    stage.now += lastedMs;
    stage.spawned.at(-1)!.ends();
    await settle();
  }
  assertEquals(stage.pauses, [5, 10, 20, 5]);
  assertEquals(stage.spawned.length, 6);
  assertEquals(stage.logged[0], "worker 1 ended with status 1; the next one starts in 5 ms");
  stage.spawned[0]!.ends(137, "SIGKILL");
  await settle();
  assertEquals(stage.logged.at(-1), "worker 0 ended by SIGKILL; the next one starts in 5 ms");
});

Deno.test("WorkerPool tries again when one cannot be started", async () => {
  const stage = await Stage.started(1);
  stage.failure = new Error("no memory");
  // Once it can be started again.
  stage.workers.rollingRestart();
  await settle();
  assertEquals(stage.logged, [
    "a worker cannot be started: no memory",
    "the new worker does not listen; the others go on",
  ]);
  stage.failure = undefined;
  stage.spawned[0]!.ends();
  await settle();
  assertEquals(stage.spawned.length, 2);
});

Deno.test("WorkerPool.rollingRestart() replaces one by one, each once its successor listens", async () => {
  const stage = await Stage.started(2);
  const restarted = stage.workers.rollingRestart();
  await settle();
  assertEquals([stage.spawned.length, stage.commands()], [3, [[], [], []]]);
  await stage.listen(2);
  assertEquals([stage.spawned.length, stage.commands()], [4, [["drain"], [], [], []]]);
  stage.spawned[0]!.ends(0); // It is not replaced again.
  await stage.listen(3);
  await restarted;
  assertEquals(stage.commands(), [["drain"], ["drain"], [], []]);
  assertEquals(stage.logged, ["all workers were replaced"]);
  stage.spawned[3]!.ends();
  await settle();
  assertEquals(stage.spawned.length, 5);
});

Deno.test("WorkerPool.rollingRestart() keeps the old ones when a successor does not listen", async () => {
  const stage = await Stage.started(2);
  const restarted = stage.workers.rollingRestart();
  await settle();
  stage.spawned[2]!.ends();
  await restarted;
  assertEquals(stage.commands(), [[], [], []]);
  assertEquals(stage.logged, ["the new worker does not listen; the others go on"]);
});

Deno.test("WorkerPool.rollingRestart() during a restart starts one more after it", async () => {
  const stage = await Stage.started(1);
  const restarted = stage.workers.rollingRestart();
  await settle();
  stage.workers.rollingRestart();
  stage.workers.rollingRestart();
  await stage.listen(1, 2);
  await restarted;
  assertEquals(stage.commands(), [["drain"], ["drain"], []]);
});

Deno.test("WorkerPool.rollingRestart() during the start waits for its end", async () => {
  const stage = new Stage(2);
  const started = stage.workers.start(0);
  const restarted = stage.workers.rollingRestart();
  stage.workers.rollingRestart();
  await stage.listen(0);
  assertEquals([stage.spawned.length, stage.logged], [2, []]);
  await stage.listen(1);
  await started;
  await stage.listen(2, 3);
  await restarted;
  assertEquals(stage.commands(), [["drain"], ["drain"], [], []]);
  assertEquals(stage.logged, ["all workers were replaced"]);
});

Deno.test("WorkerPool.isListening counts neither those that have ended nor those that are to listen", async () => {
  const stage = new Stage(2);
  const { workers, spawned } = stage;
  workers.start(0);
  const isListening = async () => {
    await settle();
    return workers.isListening;
  };
  assertEquals(await isListening(), false);
  spawned[0]!.listens();
  assertEquals(await isListening(), true);
  spawned[0]!.ends();
  assertEquals([await isListening(), spawned.length], [false, 3]);
  spawned[1]!.listens();
  assertEquals(await isListening(), true);
  spawned[1]!.ends();
  assertEquals([await isListening(), spawned.length], [false, 4]);
  spawned[2]!.listens();
  assertEquals(await isListening(), true);
  const stopped = workers.drain(1);
  assertEquals(await isListening(), false);
  await stopped;
});

Deno.test("WorkerPool.drain() stops all, kills those that do not end, and replaces none", async () => {
  const stage = await Stage.started(2);
  stage.isHasty = false;
  const stopped = stage.workers.drain(1234);
  assertEquals(stage.commands(), [["stop"], ["stop"]]);
  for (const worker of stage.spawned) worker.ends(0);
  await stopped;
  assertEquals([stage.pauses, stage.spawned.length, stage.logged], [[1234], 2, []]);

  const stubborn = await Stage.started(2);
  await stubborn.workers.drain(1234);
  assertEquals(stubborn.commands(), [["stop", "kill"], ["stop", "kill"]]);
});

Deno.test("WorkerPool.rollingRestart() gives up a new one that hangs, and lets the old ones go on", async () => {
  const stage = await Stage.started(2);
  const restarted = stage.workers.rollingRestart();
  await settle();
  stage.passStart();
  await restarted;
  assertEquals(stage.spawned.map(({ commands }) => commands), [[], [], ["kill"]]);
});

Deno.test("WorkerPool kills a first one that hangs before it listens, and starts another", async () => {
  const stage = new Stage(2);
  const started = stage.workers.start(80);
  for (const i of [0, 1]) {
    await settle();
    assertEquals(stage.spawned.length, i + 1);
    stage.passStart();
  }
  await stage.listen(2, 3);
  assertEquals(await started, "listening on http://127.0.0.1:4711");
  const what = "s and was killed; the next one starts in 5 ms";
  assertEquals(stage.logged, [
    `worker 0 did not listen within 10 ${what}`,
    `worker 1 did not listen within 30 ${what}`,
  ]);
  assertEquals(stage.commands(), [["kill"], ["kill"], [], []]);
  assertEquals(stage.spawned.map(({ port }) => port), [80, 80, 80, 4711]);
});

Deno.test("WorkerPool.start() settles when those listen that do not hang", async () => {
  const stage = new Stage(3);
  const started = stage.workers.start(0);
  await stage.listen(0, 1);
  const restarted = stage.workers.rollingRestart();
  await settle();
  assertEquals([stage.spawned.length, stage.logged], [3, []]);
  stage.passStart();
  await settle();
  const what = "did not listen within 30 s and was killed; the next one starts in 5 ms";
  assertEquals(await started, "listening on http://127.0.0.1:4711");
  assertEquals(stage.logged, [`worker 2 ${what}`]);
  for (const worker of stage.spawned) worker.listens();
  for (let i = 0; i < 3; i++) {
    await settle();
    for (const worker of stage.spawned) worker.listens();
  }
  await restarted;
  assertEquals(stage.logged.at(-1), "all workers were replaced");
});

Deno.test("WorkerPool.start() settles when one listens and others take long, which go on", async () => {
  const stage = new Stage(3);
  const started = stage.workers.start(0);
  await stage.listen(0, 1);
  let isStarted = false;
  started.then(() => isStarted = true);
  await settle();
  assertEquals(isStarted, false);
  stage.passPrompt();
  assertEquals(await started, "listening on http://127.0.0.1:4711");
  assertEquals([stage.logged, stage.commands()], [[], [[], [], []]]);
  stage.passStart();
  await settle();
  assertEquals([stage.logged.length, stage.commands().slice(0, 3)], [1, [[], [], ["kill"]]]);
});

Deno.test("WorkerPool.drain() ends a start whose first worker hangs", async () => {
  const stage = new Stage(2);
  const started = stage.workers.start(0);
  await stage.workers.drain(0);
  assertEquals(await started, { code: 137, signal: "SIGKILL" });
  assertEquals([stage.spawned.length, stage.logged], [1, []]);
});

Deno.test("WorkerPool.rollingRestart() kills an old one that does not end in time", async () => {
  const stage = await Stage.started(1);
  const restarted = stage.workers.rollingRestart();
  await stage.listen(1);
  await restarted;
  assertEquals(stage.spawned[0]!.commands, ["drain"]);
  stage.deadlines.find(({ ms }) => ms === DRAIN_MS)!.pass();
  await settle();
  assertEquals(stage.spawned[0]!.commands, ["drain", "kill"]);
});

Deno.test("WorkerPool lets each worker be sent updates, before all else, until it ends", async () => {
  const open = new Set<(content: unknown) => Promise<void>>();
  const pids: number[] = [];
  const stage = await Stage.started(2, (send, pid) => {
    pids.push(pid);
    open.add(send);
    void send(`of ${open.size}`);
    return () => open.delete(send);
  });
  const sendAll = (content: string) => open.forEach((send) => void send(content));
  assertEquals(pids, [0, 1]);
  const updates = () => stage.spawned.map(({ updates }) => updates);
  assertEquals(updates(), [["of 1"], ["of 2"]]);
  sendAll("b is out");
  stage.spawned[0]!.ends();
  await settle();
  assertEquals([open.size, updates()], [2, [["of 1", "b is out"], ["of 2", "b is out"], ["of 2"]]]);
  const restarted = stage.workers.rollingRestart();
  await stage.listen(2, 3, 4);
  await restarted;
  sendAll("c is new"); // Those that are to end receive it as well.
  assertEquals([open.size, updates().slice(1)], [4, [
    ["of 2", "b is out", "c is new"],
    ["of 2", "c is new"],
    ["of 3", "c is new"],
    ["of 4", "c is new"],
  ]]);
});

Deno.test("nextPauseMs() grows from 5 ms to 5 s while what is started ends soon", () => {
  const pauses: number[] = [];
  for (let pauseMs = 0; pauses.length < 13;) pauses.push(pauseMs = nextPauseMs(pauseMs, 9999));
  assertEquals(pauses, [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5000, 5000, 5000]);
});

Deno.test("nextPauseMs() begins anew after what lasted for 10 s", () => {
  assertEquals(nextPauseMs(5000, 10_000), 5);
});
