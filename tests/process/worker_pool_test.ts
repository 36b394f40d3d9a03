import { assertEquals, assertRejects } from "@std/assert";
import { WorkerPool } from "../../lib/process/worker_pool.ts";
import { type Worker, type WorkerEnd, WorkerProcess } from "../../lib/process/worker_process.ts";
import type { Message } from "../../lib/process/worker_protocol.ts";

/** A worker that does what the test says. */
class FakeWorker implements Worker {
  readonly #listening = Promise.withResolvers<string | undefined>();
  readonly #ended = Promise.withResolvers<WorkerEnd>();
  readonly listening = this.#listening.promise;
  readonly ended = this.#ended.promise;
  readonly commands: string[] = [];

  constructor(readonly pid: number, readonly port: number) {}

  listens(): void {
    this.#listening.resolve("listening on http://127.0.0.1:4711");
  }

  ends(code = 1, signal: string | null = null): void {
    this.#listening.resolve(undefined);
    this.#ended.resolve({ code, signal });
  }

  send({ kind }: Message): Promise<void> {
    this.commands.push(kind);
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

/** WorkerPool of which the test is the system: the time stands still unless it is moved. */
class Stage {
  readonly hired: FakeWorker[] = [];
  readonly told: string[] = [];
  readonly pauses: number[] = [];
  /** Those that pass only when they are told to. */
  readonly deadlines: { readonly ms: number; readonly pass: () => void }[] = [];
  now = 0;
  failure: Error | undefined;
  /** Whether a pause is over at once. */
  isHasty = true;
  readonly workers: WorkerPool;

  constructor(count: number) {
    this.workers = new WorkerPool({
      count,
      spawn: (port) => {
        if (this.failure !== undefined) throw this.failure;
        const worker = new FakeWorker(this.hired.length, port);
        this.hired.push(worker);
        return worker;
      },
      info: (message) => this.told.push(message),
      now: () => this.now,
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
  static async started(count: number): Promise<Stage> {
    const stage = new Stage(count);
    const started = stage.workers.start(0);
    for (let i = 0; i < count; i++) {
      stage.hired[i]!.listens();
      await settle();
    }
    await started;
    return stage;
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
    return this.hired.map(({ commands }) => commands);
  }
}

/** Lets all go on that waits for nothing but promises. */
async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}

Deno.test("WorkerPool start one on the port and the others on the one that it got", async () => {
  const stage = new Stage(3);
  const started = stage.workers.start(0);
  assertEquals(stage.hired.length, 1);
  stage.hired[0]!.listens();
  await settle();
  assertEquals(stage.hired.map(({ port }) => port), [0, 4711, 4711]);
  stage.hired[1]!.listens();
  stage.hired[2]!.listens();
  assertEquals(await started, "listening on http://127.0.0.1:4711");
});

Deno.test("WorkerPool give up when the first one never listens", async () => {
  const stage = new Stage(2);
  const started = stage.workers.start(80);
  stage.hired[0]!.ends(2);
  assertEquals(await started, { code: 2, signal: null });
  assertEquals([stage.hired.length, stage.told], [1, []]);
  stage.failure = new Error("no");
  await assertRejects(() => stage.workers.start(80), Error, "no");
});

Deno.test("WorkerPool replace one that ends, later and later when it ends soon", async () => {
  const stage = await Stage.started(2);
  for (const lastedMs of [60_000, 0, 0, 10_000]) {
    stage.now += lastedMs;
    stage.hired.at(-1)!.ends();
    await settle();
  }
  assertEquals(stage.pauses, [5, 10, 20, 5]);
  assertEquals(stage.hired.length, 6);
  assertEquals(stage.told[0], "worker 1 ended with status 1; the next one starts in 5 ms");
  stage.hired[0]!.ends(137, "SIGKILL");
  await settle();
  assertEquals(stage.told.at(-1), "worker 0 ended by SIGKILL; the next one starts in 5 ms");
});

Deno.test("WorkerPool try again when one cannot be started", async () => {
  const stage = await Stage.started(1);
  stage.failure = new Error("no memory");
  // Once it can be started again.
  stage.workers.renew();
  await settle();
  assertEquals(stage.told, [
    "a worker cannot be started: no memory",
    "the new worker does not listen; the others go on",
  ]);
  stage.failure = undefined;
  stage.hired[0]!.ends();
  await settle();
  assertEquals(stage.hired.length, 2);
});

Deno.test("WorkerPool are renewed one by one, each once its successor listens", async () => {
  const stage = await Stage.started(2);
  const renewed = stage.workers.renew();
  await settle();
  assertEquals([stage.hired.length, stage.commands()], [3, [[], [], []]]);
  stage.hired[2]!.listens();
  await settle();
  assertEquals([stage.hired.length, stage.commands()], [4, [["drain"], [], [], []]]);
  stage.hired[0]!.ends(0); // It is not replaced again.
  stage.hired[3]!.listens();
  await renewed;
  assertEquals(stage.commands(), [["drain"], ["drain"], [], []]);
  assertEquals(stage.told, ["all workers were replaced"]);
  stage.hired[3]!.ends();
  await settle();
  assertEquals(stage.hired.length, 5);
});

Deno.test("WorkerPool stay when a successor does not listen", async () => {
  const stage = await Stage.started(2);
  const renewed = stage.workers.renew();
  await settle();
  stage.hired[2]!.ends();
  await renewed;
  assertEquals(stage.commands(), [[], [], []]);
  assertEquals(stage.told, ["the new worker does not listen; the others go on"]);
});

Deno.test("WorkerPool that are to be renewed meanwhile are renewed again afterwards", async () => {
  const stage = await Stage.started(1);
  const renewed = stage.workers.renew();
  await settle();
  stage.workers.renew();
  stage.workers.renew();
  for (const i of [1, 2]) {
    stage.hired[i]!.listens();
    await settle();
  }
  await renewed;
  assertEquals(stage.commands(), [["drain"], ["drain"], []]);
});

Deno.test("WorkerPool that are to be renewed while they start are renewed afterwards", async () => {
  const stage = new Stage(2);
  const started = stage.workers.start(0);
  const renewed = stage.workers.renew();
  stage.workers.renew();
  stage.hired[0]!.listens();
  await settle();
  assertEquals([stage.hired.length, stage.told], [2, []]);
  stage.hired[1]!.listens();
  await started;
  for (const i of [2, 3]) {
    await settle();
    stage.hired[i]!.listens();
  }
  await renewed;
  assertEquals(stage.commands(), [["drain"], ["drain"], [], []]);
  assertEquals(stage.told, ["all workers were replaced"]);
});

Deno.test("WorkerPool.isListening counts neither those that have ended nor those that are to listen", async () => {
  const stage = new Stage(2);
  const { workers, hired } = stage;
  workers.start(0);
  const isListening = async () => {
    await settle();
    return workers.isListening;
  };
  assertEquals(await isListening(), false);
  hired[0]!.listens();
  assertEquals(await isListening(), true);
  hired[0]!.ends();
  assertEquals([await isListening(), hired.length], [false, 3]);
  hired[1]!.listens();
  assertEquals(await isListening(), true);
  hired[1]!.ends();
  assertEquals([await isListening(), hired.length], [false, 4]);
  hired[2]!.listens();
  assertEquals(await isListening(), true);
  const stopped = workers.stop(1);
  assertEquals(await isListening(), false);
  await stopped;
});

Deno.test("WorkerPool are told to stop, killed when they do not, and not replaced", async () => {
  const stage = await Stage.started(2);
  stage.isHasty = false;
  const stopped = stage.workers.stop(1234);
  assertEquals(stage.commands(), [["stop"], ["stop"]]);
  for (const worker of stage.hired) worker.ends(0);
  await stopped;
  assertEquals([stage.pauses, stage.hired.length, stage.told], [[1234], 2, []]);

  const stubborn = await Stage.started(2);
  await stubborn.workers.stop(1234);
  assertEquals(stubborn.commands(), [["stop", "kill"], ["stop", "kill"]]);
});

Deno.test("WorkerPool.renew() gives up a new one that hangs, and lets the old ones go on", async () => {
  const stage = await Stage.started(2);
  const renewed = stage.workers.renew();
  await settle();
  stage.passStart();
  await renewed;
  assertEquals(stage.hired.map(({ commands }) => commands), [[], [], ["kill"]]);
});

Deno.test("WorkerPool kill a first one that hangs before it listens, and start another", async () => {
  const stage = new Stage(2);
  const started = stage.workers.start(80);
  for (const i of [0, 1]) {
    await settle();
    assertEquals(stage.hired.length, i + 1);
    stage.passStart();
  }
  await settle();
  stage.hired[2]!.listens();
  await settle();
  stage.hired[3]!.listens();
  assertEquals(await started, "listening on http://127.0.0.1:4711");
  const what = "s and was killed; the next one starts in 5 ms";
  assertEquals(stage.told, [
    `worker 0 did not listen within 10 ${what}`,
    `worker 1 did not listen within 30 ${what}`,
  ]);
  assertEquals(stage.commands(), [["kill"], ["kill"], [], []]);
  assertEquals(stage.hired.map(({ port }) => port), [80, 80, 80, 4711]);
});

Deno.test("WorkerPool have started when those listen that do not hang", async () => {
  const stage = new Stage(3);
  const started = stage.workers.start(0);
  stage.hired[0]!.listens();
  await settle();
  stage.hired[1]!.listens();
  await settle();
  const renewed = stage.workers.renew();
  await settle();
  assertEquals([stage.hired.length, stage.told], [3, []]);
  stage.passStart();
  await settle();
  const what = "did not listen within 30 s and was killed; the next one starts in 5 ms";
  assertEquals(await started, "listening on http://127.0.0.1:4711");
  assertEquals(stage.told, [`worker 2 ${what}`]);
  for (const worker of stage.hired) worker.listens();
  for (let i = 0; i < 3; i++) {
    await settle();
    for (const worker of stage.hired) worker.listens();
  }
  await renewed;
  assertEquals(stage.told.at(-1), "all workers were replaced");
});

Deno.test("Workers have started when one listens and others take long, which go on", async () => {
  const stage = new Stage(3);
  const started = stage.workers.start(0);
  stage.hired[0]!.listens();
  await settle();
  stage.hired[1]!.listens();
  await settle();
  let isStarted = false;
  started.then(() => isStarted = true);
  await settle();
  assertEquals(isStarted, false);
  stage.passPrompt();
  assertEquals(await started, "listening on http://127.0.0.1:4711");
  assertEquals([stage.told, stage.commands()], [[], [[], [], []]]);
  stage.passStart();
  await settle();
  assertEquals([stage.told.length, stage.commands().slice(0, 3)], [1, [[], [], ["kill"]]]);
});

Deno.test("Workers end when they are stopped while the first one hangs", async () => {
  const stage = new Stage(2);
  const started = stage.workers.start(0);
  await stage.workers.stop(0);
  assertEquals(await started, { code: 137, signal: "SIGKILL" });
  assertEquals([stage.hired.length, stage.told], [1, []]);
});

Deno.test("WorkerPool kill a real process that hangs before it listens", async () => {
  const codes = [
    "await new Promise(() => setInterval(() => {}, 1000));",
    `console.log("on :4711");
    await new Promise(() => setInterval(() => {}, 1000));`,
  ];
  const told: string[] = [];
  const pids: number[] = [];
  const late: (() => void)[] = [];
  const workers = new WorkerPool({
    count: 1,
    spawn: (port) => {
      const args = () => ["eval", "--quiet", codes[pids.length]!];
      const listeners = { onLines: () => {}, onErrorLines: (lines: string) => told.push(lines) };
      const worker = new WorkerProcess({ program: Deno.execPath(), args }, port, listeners);
      pids.push(worker.pid);
      return worker;
    },
    info: (message) => told.push(message),
    now: () => 0,
    drainMs: 0,
    pause: (ms) =>
      ms >= PROMPT_MS ? new Promise((resolve) => late.push(resolve)) : Promise.resolve(),
  });
  const started = workers.start(0);
  late[0]!();
  assertEquals(await started, "on :4711");
  await workers.stop(0);
  const what = "did not listen within 10 s and was killed; the next one starts in 5 ms";
  assertEquals([told, pids.length], [[`worker ${pids[0]} ${what}`], 2]);
});

Deno.test("WorkerPool.renew() kills an old one that does not end in time", async () => {
  const stage = await Stage.started(1);
  const renewed = stage.workers.renew();
  await settle();
  stage.hired[1]!.listens();
  await renewed;
  assertEquals(stage.hired[0]!.commands, ["drain"]);
  stage.deadlines.find(({ ms }) => ms === DRAIN_MS)!.pass();
  await settle();
  assertEquals(stage.hired[0]!.commands, ["drain", "kill"]);
});
