/**
 * The load of a server with workers: each knows its own and, from its parent, that of all others.
 *
 * @module
 */

import type { Load } from "../http/load_report.ts";
import { LAST_LINES_MS, type LineWriter } from "../log/line_writer.ts";
import { LoadMeter, NO_LOAD } from "../net/load_meter.ts";
import { SingleRun } from "./single_run.ts";
import { workerPort, writeMessage } from "./worker_protocol.ts";

/** Time between two measurements while there is something to measure, in ms. */
const TICK_MS = 250;

/** Reports that arrive within so many ms are passed on together. */
const TOGETHER_MS = 100;

/** As a report of a worker has it, or an update for one. */
interface LoadMessage {
  readonly load: Load;
}

/** The load in a message; undefined if it has none. */
function readLoad(content: unknown): Load | undefined {
  const { load } = (content ?? {}) as Partial<LoadMessage>;
  const values = [load?.openTransfers, load?.pendingBytes, load?.bytesPerSecond];
  return values.every((it) => typeof it === "number") ? load : undefined;
}

/** Calls back after some ms. @returns cancels that */
type Schedule = (call: () => void, ms: number) => () => void;

function schedule(call: () => void, ms: number): () => void {
  const timer = setTimeout(call, ms);
  return () => clearTimeout(timer);
}

/** How a process measures its load. */
export interface ServerLoadOptions {
  /** Monotonic, in ms. */
  readonly clock: () => number;
  readonly schedule: Schedule;
  /** Reports a load that has changed, to the parent; false if that is not possible now. */
  readonly report: (load: Load) => boolean;
}

/** Measures the load in this process; a worker reports it to its parent. */
export function serverLoad(output: LineWriter): ServerLoad {
  const isWorker = workerPort() !== undefined;
  const report = (load: Load) => {
    if (!isWorker) return true;
    if (output.isFull) return false;
    output.write(writeMessage({ kind: "report", content: { load } satisfies LoadMessage }));
    void output.flush(LAST_LINES_MS); // Lines of the log may wait.
    return true;
  };
  return new ServerLoad({ clock: () => performance.now(), schedule, report });
}

/** The load of a server, in one of its processes. Costs nothing while nothing is sent. */
export class ServerLoad {
  /** Measures this process. */
  readonly meter: LoadMeter = new LoadMeter();
  readonly #options: ServerLoadOptions;
  #others: Load = NO_LOAD;
  #reported: Load = NO_LOAD;
  #cancel = () => {};

  constructor(options: ServerLoadOptions) {
    this.#options = options;
    this.meter.onBegun = this.#begin;
  }

  /** The present load of all processes together. */
  readonly now = (): Load => {
    const { openTransfers, pendingBytes, bytesPerSecond } = this.meter.measure(
      this.#options.clock(),
    );
    return {
      openTransfers: openTransfers + this.#others.openTransfers,
      pendingBytes: pendingBytes + this.#others.pendingBytes,
      bytesPerSecond: bytesPerSecond + this.#others.bytesPerSecond,
    };
  };

  /** Takes what the parent says of the other workers. */
  readonly learn = (content: unknown): void => {
    this.#others = readLoad(content) ?? this.#others;
  };

  /** Measures and reports no more. */
  close(): void {
    this.meter.onBegun = undefined;
    this.#cancel();
  }

  readonly #begin = (): void => {
    this.meter.onBegun = undefined;
    this.meter.measure(this.#options.clock());
    this.#cancel = this.#options.schedule(this.#tick, TICK_MS);
  };

  readonly #tick = (): void => {
    const load = this.meter.measure(this.#options.clock());
    const { openTransfers, bytesPerSecond } = load;
    const isReported = isSame(load, this.#reported) || this.#options.report(load);
    if (isReported) this.#reported = load;
    if (isReported && openTransfers === 0 && bytesPerSecond === 0) this.meter.onBegun = this.#begin;
    else this.#cancel = this.#options.schedule(this.#tick, TICK_MS);
  };
}

function isSame(a: Load, b: Load): boolean {
  return a.openTransfers === b.openTransfers && a.pendingBytes === b.pendingBytes &&
    a.bytesPerSecond === b.bytesPerSecond;
}

/** A worker, and what was said of the others. */
interface Subscriber {
  /** Its own load. */
  load: Load;
  told: Load;
  readonly send: (content: LoadMessage) => Promise<void>;
  readonly sending: SingleRun;
}

/**
 * Tells each worker, a few times a second while something changes, the load of all others together. A
 * worker that has not read its last update is sent nothing; afterwards it gets the latest.
 */
export class LoadPublisher {
  readonly #schedule: Schedule;
  /** By process id. */
  readonly #workers = new Map<number, Subscriber>();
  #isDue = false;

  constructor(scheduled: Schedule = schedule) {
    this.#schedule = scheduled;
  }

  /** Sends a worker updates from now on. @returns ends that, and forgets its load */
  readonly subscribe = (
    send: (content: unknown) => Promise<void>,
    pid: number,
  ): () => void => {
    const sending = new SingleRun(() => this.#bringUpToDate(worker));
    const worker: Subscriber = { load: NO_LOAD, told: NO_LOAD, send, sending };
    this.#workers.set(pid, worker);
    void sending.again();
    return () => {
      if (this.#workers.get(pid) === worker) this.#workers.delete(pid);
      this.#publishSoon();
    };
  };

  /** Takes a worker's report. */
  readonly onReport = (content: unknown, pid: number): void => {
    const load = readLoad(content);
    const worker = this.#workers.get(pid);
    if (load === undefined || worker === undefined) return;
    worker.load = load;
    this.#publishSoon();
  };

  #publishSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#schedule(() => {
      this.#isDue = false;
      for (const { sending } of this.#workers.values()) void sending.again();
    }, TOGETHER_MS);
  }

  async #bringUpToDate(worker: Subscriber): Promise<void> {
    const load = this.#loadBeside(worker);
    if (isSame(load, worker.told)) return;
    worker.told = load;
    await worker.send({ load });
  }

  #loadBeside(worker: Subscriber): Load {
    const sum = { ...NO_LOAD };
    for (const other of this.#workers.values()) {
      if (other === worker) continue;
      sum.openTransfers += other.load.openTransfers;
      sum.pendingBytes += other.load.pendingBytes;
      sum.bytesPerSecond += other.load.bytesPerSecond;
    }
    return sum;
  }
}
