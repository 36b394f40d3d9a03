import { SingleRun } from "./single_run.ts";
import type { Worker, WorkerEnd } from "./worker_process.ts";

/** How long a new one may take until it listens, in ms: many may start at once. */
const START_MS = 30_000;

/** How long one that starts alone takes at the most, in ms, unless the machine is overloaded. */
const PROMPT_MS = 10_000;

/** What workers need beside themselves. */
export interface WorkersOptions {
  /** How many there are to be. */
  readonly count: number;
  /** Starts one that listens on a port, 0 for any free one; throws when it cannot. */
  readonly spawn: (port: number) => Worker;
  /** Given how to send updates to each new worker, before all else; what it returns ends that. */
  readonly subscribe?: (send: (content: unknown) => Promise<void>) => () => void;
  /** Logs what happens to workers. */
  readonly info: (message: string) => void;
  /** The time in ms, on a clock that never jumps. */
  readonly now: () => number;
  /** How long one that was replaced may take for what is under way, in ms; then it is killed. */
  readonly drainMs: number;
  /** Settles after so many ms. Never rejects. */
  readonly pause: (ms: number) => Promise<void>;
}

/** WorkerPool on one port, of which each that ends is replaced. */
export class WorkerPool {
  readonly #options: WorkersOptions;
  /** Those that are to listen; one that is at no place any more is drained. */
  readonly #places: Worker[] = [];
  readonly #alive = new Set<Worker>();
  /** Workers that run and listen. */
  readonly #listening = new Set<Worker>();
  /** Those that were killed since they did not listen, and within how many ms. */
  readonly #late = new WeakMap<Worker, number>();
  readonly #started = Promise.withResolvers<void>();
  #port = 0;
  #isStopping = false;
  readonly #renewal = new SingleRun(() => this.#renewAll(), this.#started.promise);

  /** Starts nothing yet. */
  constructor(options: WorkersOptions) {
    this.#options = options;
  }

  /**
   * Starts one, and once it listens all others on the same port, and waits until they listen too,
   * but not for long. One that hangs instead is killed, and followed by another.
   *
   * @param port 0 for any free one
   * @returns where the first one says that it listens; how it ended, when it never did
   * @throws {Error} when the first one cannot be started
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
    const all = Promise.all(this.#places.map(({ listening }) => listening)); // Or have been killed.
    await Promise.race([all, this.#options.pause(PROMPT_MS)]);
    this.#started.resolve();
    return line;
  }

  /** Whether at least one listens at the moment, and is to. */
  get isListening(): boolean {
    return !this.#isStopping && this.#places.some((worker) => this.#listening.has(worker));
  }

  /**
   * Replaces one after another, each once its successor listens. When one does not, the rest stay.
   * Asked for before all were started, it begins then; asked for while it is under way, it begins
   * anew afterwards. Never rejects.
   */
  renew(): Promise<void> {
    return this.#renewal.again();
  }

  /** Lets all finish what is under way; those that have not after so many ms are killed. */
  async stop(withinMs: number): Promise<void> {
    this.#isStopping = true;
    for (const worker of this.#alive) void worker.send({ kind: "stop" });
    const ended = Promise.all([...this.#alive].map(({ ended }) => ended));
    await Promise.race([ended, this.#options.pause(withinMs)]);
    this.kill();
    await ended;
  }

  /** Ends all at once. */
  kill(): void {
    this.#isStopping = true;
    for (const worker of this.#alive) worker.kill();
  }

  #spawn(port: number, withinMs = START_MS): Worker {
    const worker = this.#options.spawn(port);
    const unsubscribe = this.#options.subscribe?.((content) =>
      worker.send({ kind: "update", content })
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

  /** As `#spawn`, for when there are others; undefined when it cannot be started. */
  #hireOneMore(): Worker | undefined {
    try {
      return this.#spawn(this.#port);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.info(`a worker cannot be started: ${reason}`);
      return undefined;
    }
  }

  /** Fills a place, again whenever its worker has ended, until that was replaced otherwise. */
  async #keep(place: number, worker: Worker): Promise<void> {
    const { now, pause, info } = this.#options;
    this.#places[place] = worker;
    const isDone = () => this.#isStopping || this.#places[place] !== worker;
    for (let pauseMs = 0;;) {
      const since = now();
      const end = await worker.ended;
      if (isDone()) return;
      pauseMs = nextPauseMs(pauseMs, now() - since);
      const what = this.#late.has(worker)
        ? this.#lateText(worker)
        : `worker ${worker.pid} ended ${described(end)}`;
      info(`${what}; the next one starts in ${pauseMs} ms`);
      await pause(pauseMs);
      if (isDone()) return;
      worker = this.#places[place] = this.#hireOneMore() ?? worker;
    }
  }

  #lateText(worker: Worker): string {
    const seconds = (this.#late.get(worker) ?? START_MS) / 1000;
    return `worker ${worker.pid} did not listen within ${seconds} s and was killed`;
  }

  async #renewAll(): Promise<void> {
    for (let place = 0; place < this.#places.length && !this.#isStopping; place++) {
      const successor = this.#hireOneMore();
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

function described({ code, signal }: WorkerEnd): string {
  return signal === null ? `with status ${code}` : `by ${signal}`;
}

const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 5000;

/** What has lasted so long is started again as if it had never ended before. */
const STEADY_MS = 10_000;

/**
 * The pause before the next start, in ms: 5 at first, then twice as long each time up to 5 s.
 *
 * @param previousMs the pause before the last start; 0 when there was none
 * @param lastedMs how long it lasted since then
 */
export function nextPauseMs(previousMs: number, lastedMs: number): number {
  if (previousMs === 0 || lastedMs >= STEADY_MS) return FIRST_PAUSE_MS;
  return Math.min(LONGEST_PAUSE_MS, previousMs * 2);
}
