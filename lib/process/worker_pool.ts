import { SingleRun } from "./single_run.ts";
import type { Worker, WorkerEnd } from "./worker_process.ts";

/** How long a new worker may take until it listens, where many start at once. */
const START_MS = 30_000;

/** The same for one that starts alone. */
const PROMPT_MS = 10_000;

/** What a pool of workers is made of. */
export interface WorkerPoolOptions {
  /** How many workers listen. */
  readonly count: number;
  /** Starts a worker that listens on a port, 0 for any free one; throws if it cannot. */
  readonly spawn: (port: number) => Worker;
  /**
   * Given how to send updates to each new worker, before all else, and its process id; what it returns
   * is called when the worker has ended.
   */
  readonly subscribe?:
    | ((send: (content: unknown) => Promise<void>, pid: number) => () => void)
    | undefined;
  /** Logs what happens to workers. */
  readonly info: (message: string) => void;
  readonly monotonicMs: () => number;
  /** How long one that was replaced may take for what is under way, in ms; then it is killed. */
  readonly drainMs: number;
  /** Settles after so many ms. Never rejects. */
  readonly pause: (ms: number) => Promise<void>;
}

/** Keeps a number of workers listening on one port: each that ends is replaced. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  /** The current workers; one that was replaced is in no place. */
  readonly #places: Worker[] = [];
  readonly #alive = new Set<Worker>();
  readonly #listening = new Set<Worker>();
  /** Workers that were killed because they did not listen within so many ms. */
  readonly #late = new WeakMap<Worker, number>();
  readonly #started = Promise.withResolvers<void>();
  #port = 0;
  #isStopping = false;
  readonly #restarting = new SingleRun(() => this.#replaceAll(), this.#started.promise);

  /** Starts nothing. */
  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  /**
   * Starts one worker and, once it listens, all others on the same port. Waits until they listen, at
   * most 10 s. A worker that hangs is killed and replaced.
   *
   * @param port 0 for any free one
   * @returns the line in which the first worker says where it listens; how it ended, if it did not
   * @throws as `spawn`, for the first worker
   */
  async start(port: number): Promise<string | WorkerEnd> {
    let first = this.#spawn(port, PROMPT_MS);
    let line = await first.listening;
    while (line === undefined) {
      const end = await first.ended;
      if (!this.#late.has(first) || this.#isStopping) return end;
      const pauseMs = nextPauseMs(0, START_MS);
      this.#options.info(`${this.#lateText(first)}; the next one starts in ${pauseMs} ms`);
      await this.#options.pause(pauseMs);
      if (this.#isStopping) return end;
      first = this.#spawn(port);
      line = await first.listening;
    }
    this.#port = Number(/[0-9]+$/.exec(line)?.[0]);
    this.#keep(0, first);
    for (let place = 1; place < this.#options.count && !this.#isStopping; place++) {
      this.#keep(place, this.#spawn(this.#port));
    }
    const all = Promise.all(this.#places.map(({ listening }) => listening));
    await Promise.race([all, this.#options.pause(PROMPT_MS)]);
    this.#started.resolve();
    return line;
  }

  /** Whether at least one worker listens and is not to stop. */
  get isListening(): boolean {
    return !this.#isStopping && this.#places.some((worker) => this.#listening.has(worker));
  }

  /**
   * Replaces the workers one by one, each once its successor listens. If a successor does not listen,
   * the others stay. Begins after `start`; a call during a restart starts another one after it. Never
   * rejects.
   */
  rollingRestart(): Promise<void> {
    return this.#restarting.again();
  }

  /** Lets all workers finish open requests; kills those that have not ended after so many ms. */
  async drain(withinMs: number): Promise<void> {
    this.#isStopping = true;
    for (const worker of this.#alive) void worker.send({ kind: "stop" });
    const ended = Promise.all([...this.#alive].map(({ ended }) => ended));
    await Promise.race([ended, this.#options.pause(withinMs)]);
    this.kill();
    await ended;
  }

  kill(): void {
    this.#isStopping = true;
    for (const worker of this.#alive) worker.kill();
  }

  #spawn(port: number, withinMs = START_MS): Worker {
    const worker = this.#options.spawn(port);
    const unsubscribe = this.#options.subscribe?.(
      (content) => worker.send({ kind: "update", content }),
      worker.pid,
    );
    this.#alive.add(worker);
    this.#options.pause(withinMs).then(() => {
      if (this.#listening.has(worker) || !this.#alive.has(worker)) return;
      this.#late.set(worker, withinMs);
      worker.kill();
    });
    worker.listening.then((line) => {
      if (line !== undefined && this.#alive.has(worker)) this.#listening.add(worker);
    });
    worker.ended.then(() => {
      unsubscribe?.();
      this.#alive.delete(worker);
      this.#listening.delete(worker);
    });
    return worker;
  }

  /** As `#spawn`; logs an error instead of throwing it. */
  #trySpawn(): Worker | undefined {
    try {
      return this.#spawn(this.#port);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.info(`a worker cannot be started: ${reason}`);
      return undefined;
    }
  }

  /** Puts a worker in a place, and another one whenever it ends, until `#replaceAll` takes over. */
  async #keep(place: number, worker: Worker): Promise<void> {
    const { monotonicMs, pause, info } = this.#options;
    this.#places[place] = worker;
    const isDone = () => this.#isStopping || this.#places[place] !== worker;
    for (let pauseMs = 0;;) {
      const startedMs = monotonicMs();
      const end = await worker.ended;
      if (isDone()) return;
      pauseMs = nextPauseMs(pauseMs, monotonicMs() - startedMs);
      const what = this.#late.has(worker)
        ? this.#lateText(worker)
        : `worker ${worker.pid} ended ${endText(end)}`;
      info(`${what}; the next one starts in ${pauseMs} ms`);
      await pause(pauseMs);
      if (isDone()) return;
      worker = this.#places[place] = this.#trySpawn() ?? worker;
    }
  }

  #lateText(worker: Worker): string {
    const seconds = (this.#late.get(worker) ?? START_MS) / 1000;
    return `worker ${worker.pid} did not listen within ${seconds} s and was killed`;
  }

  async #replaceAll(): Promise<void> {
    for (let place = 0; place < this.#places.length && !this.#isStopping; place++) {
      const successor = this.#trySpawn();
      const line = await successor?.listening;
      if (this.#isStopping) return;
      if (successor === undefined || line === undefined) {
        return this.#options.info("the new worker does not listen; the others go on");
      }
      const old = this.#places[place]!;
      this.#keep(place, successor);
      void old.send({ kind: "drain" });
      this.#options.pause(this.#options.drainMs).then(() => old.kill());
    }
    if (!this.#isStopping) this.#options.info("all workers were replaced");
  }
}

function endText({ code, signal }: WorkerEnd): string {
  return signal === null ? `with status ${code}` : `by ${signal}`;
}

const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 5000;

/** After a worker lasted so long, the pause is the first one again. */
const STEADY_MS = 10_000;

/**
 * The pause before the next start, in ms: 5 at first, then doubled up to 5 s.
 *
 * @param previousMs the pause before the last start; 0 for none
 * @param lastedMs how long the worker lasted
 */
export function nextPauseMs(previousMs: number, lastedMs: number): number {
  if (previousMs === 0 || lastedMs >= STEADY_MS) return FIRST_PAUSE_MS;
  return Math.min(LONGEST_PAUSE_MS, previousMs * 2);
}
