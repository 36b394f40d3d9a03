/**
 * The link between the balancer and its workers: lines of JSON. Workers test nothing themselves;
 * they are sent which servers may be picked and what tests found, and report how many clients they
 * redirected.
 *
 * @module
 */

import { LAST_LINES_MS, type LineWriter } from "../log/line_writer.ts";
import { fired, stopSignals } from "../process/signals.ts";
import { SingleRun } from "../process/single_run.ts";
import { writeMessage } from "../process/worker_protocol.ts";
import type { PoolObserver } from "./chooser.ts";
import type { ReportedLoad, TransferSample } from "./health.ts";
import type { Candidate } from "./policies/policy.ts";
import type { WorkerFiles } from "./file_checks/file_checks.ts";
import { readFileUpdate } from "./file_checks/file_link.ts";
import type { Redirection } from "./redirection.ts";
import { inEachSecond } from "./seconds.ts";
import type { Counts, RequestCounters } from "./request_counters.ts";
import { TIER_NAMES } from "./tiers.ts";

/** A change of the pool, as workers are sent it. */
export interface PoolUpdate {
  /** Tests passed before the candidates changed. */
  readonly measured: Measured;
  /** Ids of servers that may no longer be picked, after the candidates. */
  readonly left: readonly number[];
  /** The available servers, after those tests; absent if unchanged. */
  readonly candidates?: readonly Candidate[];
  /** Tests passed since. */
  readonly measuredSince: Measured;
  /** What servers said last of their load. */
  readonly reported: Reported;
}

/** Samples by the ids of their servers. */
export type Measured = readonly (readonly [id: number, sample: TransferSample])[];

/** Reports by the ids of their servers. */
export type Reported = readonly (readonly [id: number, load: ReportedLoad])[];

/**
 * Validates the content of an update: the shape of all that a worker computes with.
 *
 * @throws {TypeError} if it is none
 */
export function readPoolUpdate(content: unknown): PoolUpdate {
  const { measured, measuredSince, reported, left, candidates } = (content ?? {}) as Partial<
    PoolUpdate
  >;
  const isUpdate = isListById(measured, isSample) && isListById(measuredSince, isSample) &&
    isListById(reported, isLoad) && isListOf(left, Number.isInteger) &&
    (candidates === undefined || isListOf(candidates, isCandidate));
  if (!isUpdate) throw new TypeError("A worker was sent a malformed update");
  return content as PoolUpdate;
}

function isListOf(value: unknown, isItem: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isItem);
}

function isListById(value: unknown, isItem: (item: unknown) => boolean): boolean {
  return isListOf(value, (it) => Array.isArray(it) && Number.isInteger(it[0]) && isItem(it[1]));
}

function isLoad(value: unknown): boolean {
  const { at, ...load } = (value ?? {}) as Partial<ReportedLoad>;
  const { openTransfers, pendingBytes, bytesPerSecond, utilization } = load;
  return typeof at === "number" &&
    [openTransfers, pendingBytes, bytesPerSecond, utilization].every((it) =>
      it === null || typeof it === "number"
    );
}

function isSample(value: unknown): boolean {
  const sample = value as Partial<TransferSample> | null;
  return [sample?.bytes, sample?.elapsedMs, sample?.at].every((it) => typeof it === "number");
}

function isCandidate(value: unknown): boolean {
  const candidate = value as Partial<Candidate> | null;
  const { id, hostname, authority, publicUrl, publicAuthority } = candidate?.server ?? {};
  return Number.isInteger(id) && isSample(candidate?.sample) &&
    [hostname, authority, publicUrl, publicAuthority].every((it) => typeof it === "string") &&
    [candidate?.weight, candidate?.slowStart].every((it) => typeof it === "number");
}

/** Validates the content of a report; undefined if it is none. */
export function readCounts(content: unknown): Counts | undefined {
  const counts = (content ?? {}) as Partial<Counts>;
  const { redirects, unavailable, missing, tiers, zones } = counts;
  const isCounts = [redirects, tiers, zones].every((it) => typeof it === "object" && it !== null) &&
    [unavailable, missing, ...Object.values(redirects!)].every(Number.isInteger) &&
    TIER_NAMES.every((tier) => Number.isInteger(tiers![tier])) &&
    Object.values(zones!).every((it) => Array.isArray(it) && it.every(Number.isInteger));
  return isCounts ? counts as Counts : undefined;
}

/**
 * Passes an update on to an observer in a worker.
 *
 * @param monotonicMs on the clock of `PickRequest`
 * @param epochMs the same time since the epoch
 */
export function applyPoolUpdate(
  { measured, left, candidates, measuredSince, reported }: PoolUpdate,
  observer: PoolObserver,
  monotonicMs: number,
  epochMs: number,
): void {
  for (const [id, sample] of measured) observer.measured(id, sample, monotonicMs);
  if (candidates !== undefined) observer.update(candidates, monotonicMs);
  for (const [id, sample] of measuredSince) observer.measured(id, sample, monotonicMs);
  for (const [id, load] of reported) {
    observer.reported(id, load, monotonicMs - Math.max(0, epochMs - load.at));
  }
  for (const id of left) observer.left(id);
}

/** Sends an update and settles once it is accepted. Never rejects. */
export type Send = (update: PoolUpdate) => Promise<void>;

/** Changes within so many ms are sent together: servers that fail together do so one by one. */
const TOGETHER_MS = 20;

/** A worker, and what it was sent. */
interface Subscriber {
  readonly send: Send;
  version: number;
  readonly sending: SingleRun;
}

/** A value and the version in which it changed. */
interface Change<T> {
  readonly value: T;
  readonly version: number;
}

/** The latest values of servers. Those that changed since a version are found without the others. */
class Changes<T> {
  readonly #latest = new Map<number, Change<T>>();
  /** Every change, the oldest first, with values that were replaced since. */
  #log: (readonly [id: number, version: number])[] = [];

  set(id: number, value: T, version: number): void {
    this.#latest.set(id, { value, version });
    this.#log.push([id, version]);
    if (this.#log.length > 2 * this.#latest.size + 1) this.#compact();
  }

  retain(ids: ReadonlySet<number>): void {
    for (const id of this.#latest.keys()) if (!ids.has(id)) this.#latest.delete(id);
    this.#compact();
  }

  /** Values that changed after one version and not after another one, by id. */
  between(after: number, until: number): (readonly [id: number, value: T])[] {
    const found: (readonly [id: number, value: T])[] = [];
    for (let i = this.#log.length - 1; i >= 0 && this.#log[i]![1] > after; i--) {
      const [id, version] = this.#log[i]!;
      const change = this.#latest.get(id);
      if (change?.version === version && version <= until) found.push([id, change.value]);
    }
    return found.reverse();
  }

  #compact(): void {
    this.#log = this.#log.filter(([id, version]) => this.#latest.get(id)?.version === version);
  }
}

/**
 * Publishes the pool to workers. A worker that has not read its last update is sent nothing;
 * afterwards it gets the latest state. So a worker that does not read costs the memory of one update.
 */
export class PoolPublisher implements PoolObserver {
  readonly #callSoon: (call: () => void) => void;
  readonly #subscribers = new Set<Subscriber>();
  #version = 0;
  #candidates: Change<readonly Candidate[]> = { value: [], version: 0 };
  readonly #measured = new Changes<TransferSample>();
  readonly #reported = new Changes<ReportedLoad>();
  /** The versions in which servers left, by their ids. */
  readonly #left = new Map<number, number>();
  #isDue = false;

  /** @param callSoon calls back once more changes have had time to happen */
  constructor(
    callSoon: (call: () => void) => void = (call) => setTimeout(call, TOGETHER_MS),
  ) {
    this.#callSoon = callSoon;
  }

  /**
   * Sends a worker the state of the pool at once, and then its changes.
   *
   * @returns ends that
   */
  readonly subscribe = (send: Send): () => void => {
    const sending = new SingleRun(() => this.#bringUpToDate(subscriber));
    const subscriber: Subscriber = { send, version: -1, sending };
    this.#subscribers.add(subscriber);
    void sending.again();
    return () => this.#subscribers.delete(subscriber);
  };

  /** The candidates have changed. */
  update(candidates: readonly Candidate[]): void {
    this.#candidates = { value: candidates, version: ++this.#version };
    this.#left.clear();
    const ids = new Set(candidates.map(({ server }) => server.id));
    this.#measured.retain(ids);
    this.#reported.retain(ids);
    this.#publishSoon();
  }

  left(id: number): void {
    this.#left.set(id, ++this.#version);
    this.#publishSoon();
  }

  measured(id: number, sample: TransferSample): void {
    this.#measured.set(id, sample, ++this.#version);
    this.#publishSoon();
  }

  reported(id: number, load: ReportedLoad): void {
    this.#reported.set(id, load, ++this.#version);
    this.#publishSoon();
  }

  #publishSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#callSoon(() => {
      this.#isDue = false;
      for (const { sending } of this.#subscribers) void sending.again();
    });
  }

  async #bringUpToDate(subscriber: Subscriber): Promise<void> {
    if (subscriber.version === this.#version || !this.#subscribers.has(subscriber)) return;
    const update = this.#updateSince(subscriber.version);
    subscriber.version = this.#version;
    await subscriber.send(update);
  }

  #updateSince(version: number): PoolUpdate {
    const { value: candidates, version: changedIn } = this.#candidates;
    const measured = this.#measured.between(version, changedIn);
    const measuredSince = this.#measured.between(Math.max(version, changedIn), Infinity);
    const reported = this.#reported.between(version, Infinity);
    const left = [...this.#left].flatMap(([id, leftIn]) => leftIn > version ? [id] : []);
    return changedIn > version
      ? { measured, candidates, measuredSince, reported, left }
      : { measured, measuredSince, reported, left };
  }
}

/**
 * Runs a worker: redirects to the servers that its parent sends it, and reports the clients of
 * each, until its parent stops it.
 *
 * @param redirection is updated with the pool; each report empties its counters
 * @param files learns what its parent finds out
 * @param output for the access log and the reports
 * @throws {CommandError} if it cannot listen
 */
export async function runWorker(
  redirection: Redirection,
  files: WorkerFiles | undefined,
  output: LineWriter,
): Promise<void> {
  const { chooser, counters } = redirection;
  const greeted = Promise.withResolvers<void>();
  const observers = files === undefined ? [chooser] : [chooser, files];
  const onUpdate = (content: unknown) => {
    const fileUpdate = readFileUpdate(content);
    if (fileUpdate !== undefined) return files?.demand.learn(fileUpdate);
    const update = readPoolUpdate(content);
    for (const observer of observers) {
      applyPoolUpdate(update, observer, performance.now(), Date.now());
    }
    greeted.resolve();
  };
  const { signal: stop } = stopSignals({ onUpdate });
  await Promise.race([greeted.promise, fired(stop)]);
  const server = redirection.serverWith(files)(output);
  server.announce();
  const stopReporting = inEachSecond(() => report(counters, output), 0);
  await server.serveUntil(stop);
  await server.close(stop);
  files?.demand.close();
  stopReporting();
  report(counters, output);
  await output.flush(LAST_LINES_MS);
}

/**
 * Reports what was counted since the last report, unless the output is full: then the counters keep
 * it for the next one.
 */
export function report(counters: RequestCounters, output: LineWriter): void {
  if (!output.isFull) output.write(writeMessage({ kind: "report", content: counters.take() }));
}
