/**
 * The load of a server with workers: each knows its own and, from its parent, that of all others. The
 * parent knows what all of them count.
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

/** Time between two reports of counts, in ms. */
const COUNTS_MS = 1000;

/** Numbers by name, in groups. */
export interface Numbers {
  readonly [name: string]: number | Numbers;
}

/** What a process counts. Both kinds add up over processes; only totals outlive theirs. */
export interface Counts {
  /** Since the process began; they never fall. */
  readonly totals: Numbers;
  /** Now. */
  readonly levels: Numbers;
}

/** As an update for a worker has it. */
interface LoadMessage {
  readonly load: Load;
}

/** As a report of a worker has it. */
type LoadReport = LoadMessage | { readonly counts: Counts };

/** The load in a message; undefined if it has none. */
function readLoad(content: unknown): Load | undefined {
  const { load } = (content ?? {}) as Partial<LoadMessage>;
  const values = LOAD_MEMBERS.map((member) => load?.[member]);
  return values.every((it) => typeof it === "number") ? load : undefined;
}

const LOAD_MEMBERS = Object.keys(NO_LOAD) as (keyof Load)[];

/** Of two processes of a server. Both may be busy at the same time: at least one was for so long. */
function together(one: Load, other: Load): Load {
  return {
    openTransfers: one.openTransfers + other.openTransfers,
    pendingBytes: one.pendingBytes + other.pendingBytes,
    bytesPerSecond: one.bytesPerSecond + other.bytesPerSecond,
    utilization: Math.max(one.utilization, other.utilization),
  };
}

/** The counts in a message; undefined if it has none. */
function readCounts(content: unknown): Counts | undefined {
  const { counts } = (content ?? {}) as { counts?: Partial<Counts> };
  const parts = [counts?.totals, counts?.levels];
  return parts.every((it) => typeof it === "object" && it !== null) ? counts as Counts : undefined;
}

/** Adds numbers by their names; what only one of the two has stays. */
function sumOf(one: Numbers, other: Numbers): Numbers {
  const sum: Record<string, number | Numbers> = { ...one };
  for (const [name, value] of Object.entries(other)) {
    const known = sum[name];
    if (typeof value === "number") sum[name] = value + (typeof known === "number" ? known : 0);
    else if (typeof value === "object") {
      sum[name] = sumOf(typeof known === "object" ? known : {}, value);
    }
  }
  return sum;
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
  /**
   * Reports what has changed to the parent; false if that is not possible now. Undefined in a process
   * that has none.
   */
  readonly report: ((content: LoadReport) => boolean) | undefined;
}

/** Measures the load in this process; a worker reports it to its parent. */
export function serverLoad(output: LineWriter): ServerLoad {
  const report = (content: LoadReport) => {
    if (output.isFull) return false;
    output.write(writeMessage({ kind: "report", content }));
    void output.flush(LAST_LINES_MS); // Lines of the log may wait.
    return true;
  };
  const isWorker = workerPort() !== undefined;
  const clock = () => performance.now();
  return new ServerLoad({ clock, schedule, report: isWorker ? report : undefined });
}

/** The load of a server, in one of its processes. Costs nothing while nothing is sent. */
export class ServerLoad {
  /** Measures this process. */
  readonly meter: LoadMeter;
  readonly #options: ServerLoadOptions;
  #others: Load = NO_LOAD;
  #reported: Load = NO_LOAD;
  #cancel = () => {};
  #counts: (() => Counts) | undefined;
  #reportedCounts = "";
  #cancelCounts = () => {};

  constructor(options: ServerLoadOptions) {
    this.#options = options;
    this.meter = new LoadMeter(options.clock);
    this.meter.onBegun = this.#begin;
  }

  /** The present load of all processes together. */
  readonly now = (): Load => together(this.meter.measure(), this.#others);

  /** Takes what the parent says of the other workers. */
  readonly learn = (content: unknown): void => {
    this.#others = readLoad(content) ?? this.#others;
  };

  /** Reports counts to the parent, if there is one, once a second while they change and at the end. */
  reportCounts(counts: () => Counts): void {
    if (this.#options.report === undefined) return;
    this.#counts = counts;
    this.#cancelCounts = this.#options.schedule(this.#tickCounts, COUNTS_MS);
  }

  /** Measures no more, and reports the last counts. */
  close(): void {
    this.meter.onBegun = undefined;
    this.#cancel();
    this.#cancelCounts();
    if (this.#counts !== undefined) this.#reportCounts(this.#counts());
  }

  readonly #tickCounts = (): void => {
    this.#cancelCounts = this.#options.schedule(this.#tickCounts, COUNTS_MS);
    this.#reportCounts(this.#counts!());
  };

  #reportCounts(counts: Counts): void {
    const text = JSON.stringify(counts);
    if (text === this.#reportedCounts || !this.#options.report?.({ counts })) return;
    this.#reportedCounts = text;
  }

  readonly #begin = (): void => {
    this.meter.onBegun = undefined;
    this.meter.measure();
    this.#cancel = this.#options.schedule(this.#tick, TICK_MS);
  };

  readonly #tick = (): void => {
    const load = this.meter.measure();
    const { openTransfers, bytesPerSecond } = load;
    const { report } = this.#options;
    const isReported = report === undefined || isSame(load, this.#reported) || report({ load });
    if (isReported) this.#reported = load;
    if (isReported && openTransfers === 0 && bytesPerSecond === 0) this.meter.onBegun = this.#begin;
    else this.#cancel = this.#options.schedule(this.#tick, TICK_MS);
  };
}

function isSame(a: Load, b: Load): boolean {
  return LOAD_MEMBERS.every((member) => a[member] === b[member]);
}

/** A worker, and what was said of the others. */
interface Subscriber {
  /** Its own load. */
  load: Load;
  counts: Counts;
  told: Load;
  readonly send: (content: LoadMessage) => Promise<void>;
  readonly sending: SingleRun;
}

const NO_COUNTS: Counts = { totals: {}, levels: {} };

/**
 * Tells each worker, a few times a second while something changes, the load of all others together,
 * and knows what all of them count. A worker that has not read its last update is sent nothing; afterwards it gets the latest.
 */
export class LoadPublisher {
  readonly #schedule: Schedule;
  /** By process id. */
  readonly #workers = new Map<number, Subscriber>();
  /** The totals of workers that have ended. */
  #endedTotals: Numbers = {};
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
    const worker: Subscriber = {
      ...{ load: NO_LOAD, counts: NO_COUNTS, told: NO_LOAD, send, sending },
    };
    this.#workers.set(pid, worker);
    void sending.again();
    return () => {
      if (this.#workers.get(pid) === worker) this.#workers.delete(pid);
      this.#endedTotals = sumOf(this.#endedTotals, worker.counts.totals);
      this.#publishSoon();
    };
  };

  /** Takes a worker's report. */
  readonly onReport = (content: unknown, pid: number): void => {
    const worker = this.#workers.get(pid);
    if (worker === undefined) return;
    worker.counts = readCounts(content) ?? worker.counts;
    const load = readLoad(content);
    if (load === undefined) return;
    worker.load = load;
    this.#publishSoon();
  };

  /** The load of all workers together. */
  get load(): Load {
    return this.#loadBeside(undefined);
  }

  /** The counts of all workers together, up to a second old. */
  get counts(): Counts {
    const all = [...this.#workers.values()].map(({ counts }) => counts);
    return {
      totals: all.map(({ totals }) => totals).reduce(sumOf, this.#endedTotals),
      levels: all.map(({ levels }) => levels).reduce(sumOf, {}),
    };
  }

  /** The process ids of the workers. */
  get pids(): number[] {
    return [...this.#workers.keys()];
  }

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

  #loadBeside(worker: Subscriber | undefined): Load {
    return [...this.#workers.values()].filter((it) => it !== worker)
      .map(({ load }) => load).reduce(together, NO_LOAD);
  }
}
