/**
 * The link between the balancer and its workers: lines of JSON. Workers test nothing themselves;
 * they are sent which servers may be picked and what tests found, and report how many clients they
 * redirected.
 *
 * @module
 */

import { standardOutput } from "../log/access_log.ts";
import { LAST_LINES_MS, type LineWriter } from "../log/line_writer.ts";
import type { HttpServer } from "../process/http_server.ts";
import { fired, stopSignal } from "../process/signals.ts";
import { writeReport } from "../process/worker_protocol.ts";
import type { Chooser, PoolObserver } from "./chooser.ts";
import { applyListing, probeKey, type Server } from "./list/server.ts";
import type { Candidate } from "./policy.ts";
import type { Counts, RequestCounters } from "./request_counters.ts";
import type { TransferSample } from "./sample.ts";

/** A change of the pool, as workers are sent it. */
export interface PoolUpdate {
  /** Tests passed before the candidates changed. */
  readonly measured: Measured;
  /** Authorities of servers that may no longer be picked, after the candidates. */
  readonly left: readonly string[];
  /** The servers that may be picked, after those tests; absent if unchanged. */
  readonly candidates?: readonly Candidate[];
  /** Tests passed since. */
  readonly measuredSince: Measured;
}

/** Samples by the authorities of their servers. */
export type Measured = readonly (readonly [authority: string, sample: TransferSample])[];

/** Writes an update as a line of text. */
export function writePoolUpdate(update: PoolUpdate): string {
  return JSON.stringify(update);
}

/** Writes what a worker has counted as a line of text. */
export function writeCounts(counts: Counts): string {
  return JSON.stringify(counts);
}

/** Reads what `writeCounts` wrote; undefined for anything else. */
export function readCounts(text: string): Counts | undefined {
  try {
    const { redirects, unavailable }: Counts = JSON.parse(text);
    const counts = [...Object.values(redirects), unavailable];
    return counts.every(Number.isInteger) ? { redirects, unavailable } : undefined;
  } catch {
    return undefined;
  }
}

/** A server that may be picked, and its latest samples. */
interface Known {
  readonly server: Server;
  /** Of the candidate. */
  readonly ofRound: TransferSample;
  /** The latest inside a round. */
  measured: TransferSample | undefined;
}

/**
 * Passes pool updates on to an observer in a worker. Policies know servers and samples by identity,
 * so a server or sample that is sent again becomes the same object.
 */
export class PoolSubscriber {
  readonly #observer: PoolObserver;
  readonly #clock: () => number;
  /** By authority, of which a list keeps one server. */
  #byAuthority: ReadonlyMap<string, Known> = new Map();

  /** Knows no server yet. @param clock that of `PickRequest` */
  constructor(observer: PoolObserver, clock: () => number) {
    this.#observer = observer;
    this.#clock = clock;
  }

  /** Applies a line that `writePoolUpdate` wrote. */
  read(text: string): void {
    const { measured, left, candidates, measuredSince }: PoolUpdate = JSON.parse(text);
    const monotonicMs = this.#clock();
    this.#measure(measured, monotonicMs);
    if (candidates !== undefined) this.#observer.update(this.#known(candidates), monotonicMs);
    this.#measure(measuredSince, monotonicMs);
    for (const authority of left) {
      const known = this.#byAuthority.get(authority);
      if (known !== undefined) this.#observer.left(known.server);
    }
  }

  #measure(measured: Measured, monotonicMs: number): void {
    for (const [authority, sample] of measured) {
      const known = this.#byAuthority.get(authority);
      if (known === undefined) continue;
      known.measured = sample;
      this.#observer.measured(known.server, sample, monotonicMs);
    }
  }

  #known(candidates: readonly Candidate[]): Candidate[] {
    const byAuthority = new Map<string, Known>();
    const known = candidates.map((candidate) => {
      const before = this.#byAuthority.get(candidate.server.authority);
      const server = sameOrNew(before?.server, candidate.server);
      const told = [before?.ofRound, before?.measured];
      const sample = told.find((it) => isSame(it, candidate.sample)) ?? candidate.sample;
      byAuthority.set(server.authority, { server, ofRound: sample, measured: before?.measured });
      return { ...candidate, server, sample };
    });
    this.#byAuthority = byAuthority;
    return known;
  }
}

/** The known server, updated; the sent one if it is probed differently. */
function sameOrNew(before: Server | undefined, told: Server): Server {
  if (before === undefined || probeKey(before) !== probeKey(told)) return told;
  applyListing(before, told);
  return before;
}

function isSame(a: TransferSample | undefined, b: TransferSample): boolean {
  return a?.bytes === b.bytes && a.elapsedMs === b.elapsedMs && a.at === b.at;
}

/** Sends a line of text and settles once it is accepted. Never rejects. */
export type Send = (line: string) => Promise<void>;

/** Changes within so many ms are sent together: servers that fail together do so one by one. */
const TOGETHER_MS = 20;

/** A worker, and what it was sent. */
interface Subscriber {
  readonly send: Send;
  /** The version that it has been sent. */
  version: number;
  isSending: boolean;
}

/** A value and the version in which it changed. */
interface Change<T> {
  readonly value: T;
  readonly version: number;
}

/**
 * Publishes the pool to workers. A worker that has not read its last line is sent nothing;
 * afterwards it gets the latest state. So a worker that does not read costs one line of memory.
 */
export class PoolPublisher implements PoolObserver {
  readonly #callSoon: (call: () => void) => void;
  readonly #subscribers = new Set<Subscriber>();
  #version = 0;
  #candidates: Change<readonly Candidate[]> = { value: [], version: 0 };
  readonly #measured = new Map<string, Change<TransferSample>>();
  readonly #left = new Map<string, Change<true>>();
  #isDue = false;

  /**
   * Has no subscriber yet.
   *
   * @param callSoon calls back once more changes have had time to happen
   */
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
    const subscriber = { send, version: -1, isSending: false };
    this.#subscribers.add(subscriber);
    void this.#bringUpToDate(subscriber);
    return () => this.#subscribers.delete(subscriber);
  };

  /** The candidates have changed. */
  update(candidates: readonly Candidate[]): void {
    this.#candidates = { value: candidates, version: ++this.#version };
    this.#left.clear();
    const authorities = new Set(candidates.map(({ server }) => server.authority));
    for (const authority of this.#measured.keys()) {
      if (!authorities.has(authority)) this.#measured.delete(authority);
    }
    this.#publishSoon();
  }

  /** A server may not be picked any more. */
  left({ authority }: Server): void {
    this.#left.set(authority, { value: true, version: ++this.#version });
    this.#publishSoon();
  }

  /** A test inside a round has passed. */
  measured({ authority }: Server, sample: TransferSample): void {
    this.#measured.set(authority, { value: sample, version: ++this.#version });
    this.#publishSoon();
  }

  #publishSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#callSoon(() => {
      this.#isDue = false;
      for (const subscriber of this.#subscribers) void this.#bringUpToDate(subscriber);
    });
  }

  async #bringUpToDate(subscriber: Subscriber): Promise<void> {
    if (subscriber.isSending) return;
    subscriber.isSending = true;
    try {
      while (subscriber.version < this.#version && this.#isSubscribed(subscriber)) {
        const line = this.#updateSince(subscriber.version);
        subscriber.version = this.#version;
        await subscriber.send(line);
      }
    } finally {
      subscriber.isSending = false;
    }
  }

  #isSubscribed(subscriber: Subscriber): boolean {
    return this.#subscribers.has(subscriber);
  }

  #updateSince(version: number): string {
    const { value: candidates, version: told } = this.#candidates;
    const samples = (after: number, until: number) =>
      [...this.#measured].flatMap(([authority, change]) =>
        change.version > after && change.version <= until
          ? [[authority, change.value] as const]
          : []
      );
    const measured = samples(version, told);
    const measuredSince = samples(Math.max(version, told), Infinity);
    const left = [...this.#left].flatMap(([authority, change]) =>
      change.version > version ? authority : []
    );
    return told > version
      ? writePoolUpdate({ measured, candidates, measuredSince, left })
      : writePoolUpdate({ measured, measuredSince, left });
  }
}

/** Time between reports, in ms. */
const REPORT_MS = 1000;

/**
 * Runs a worker: redirects to the servers that its parent sends it, and reports the clients of
 * each, until its parent stops it.
 *
 * @param chooser is updated with the pool
 * @param counters of the worker's clients; each report empties them
 * @param openServer begins to listen, after the first update; writes its access log to the output
 *     that the reports go to
 * @throws {CommandError} if it cannot listen
 */
export async function runWorker(
  chooser: Chooser,
  counters: RequestCounters,
  openServer: (output: LineWriter) => HttpServer,
): Promise<void> {
  const subscriber = new PoolSubscriber(chooser, () => performance.now());
  const greeted = Promise.withResolvers<void>();
  const stop = stopSignal(undefined, (update) => {
    subscriber.read(update);
    greeted.resolve();
  });
  await Promise.race([greeted.promise, fired(stop)]);
  const output = standardOutput();
  const server = openServer(output);
  server.announce();
  const reporting = setInterval(() => report(counters, output), REPORT_MS);
  await server.serveUntil(stop);
  await server.close(stop);
  clearInterval(reporting);
  report(counters, output);
  await output.flush(LAST_LINES_MS);
}

/**
 * Reports what was counted since the last report, unless the output is full: then the counters keep
 * it for the next one.
 */
export function report(counters: RequestCounters, output: LineWriter): void {
  if (!output.isFull) output.write(writeReport(writeCounts(counters.take())));
}
