/**
 * What a worker is let know about the farm, and what it reports, as lines of text.
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

/** What a worker is let know. */
export interface PoolUpdate {
  /** Tests that passed before the candidates were told, by the names of their servers. */
  readonly measured: Measured;
  /** The names of servers that may not be picked any more, after the candidates. */
  readonly left: readonly string[];
  /** The servers that may be picked, after those tests; absent when they are as they were. */
  readonly candidates?: readonly Candidate[];
  /** Tests that passed since. */
  readonly measuredSince: Measured;
}

/** Samples by the names of their servers. */
export type Measured = readonly (readonly [name: string, sample: TransferSample])[];

/** PoolUpdate as a line of text. */
export function writePoolUpdate(news: PoolUpdate): string {
  return JSON.stringify(news);
}

/** What a worker has counted, as a line of text. */
export function writeCounts(counts: Counts): string {
  return JSON.stringify(counts);
}

/** What `writeCounts` wrote; undefined for anything else. */
export function readCounts(text: string): Counts | undefined {
  try {
    const { redirects, unavailable }: Counts = JSON.parse(text);
    const counts = [...Object.values(redirects), unavailable];
    return counts.every(Number.isInteger) ? { redirects, unavailable } : undefined;
  } catch {
    return undefined;
  }
}

/** A server that may be picked, and what was told of it. */
interface Known {
  readonly server: Server;
  /** That of the candidate. */
  readonly ofRound: TransferSample;
  /** The latest test in the middle of a round. */
  measured: TransferSample | undefined;
}

/**
 * Hands on to an observer in a worker what its parent writes. Policies know servers and samples by
 * identity, so what is told again is the same object every time.
 */
export class PoolSubscriber {
  readonly #observer: PoolObserver;
  readonly #clock: () => number;
  /** Names are unique, since a list keeps one server for each place. */
  #byName: ReadonlyMap<string, Known> = new Map();

  /** Knows of nobody yet. @param clock that of `PickRequest` */
  constructor(observer: PoolObserver, clock: () => number) {
    this.#observer = observer;
    this.#clock = clock;
  }

  /** Takes in a line, as `writePoolUpdate` wrote it. */
  read(text: string): void {
    const { measured, left, candidates, measuredSince }: PoolUpdate = JSON.parse(text);
    const monotonicMs = this.#clock();
    this.#measure(measured, monotonicMs);
    if (candidates !== undefined) this.#observer.update(this.#known(candidates), monotonicMs);
    this.#measure(measuredSince, monotonicMs);
    for (const name of left) {
      const known = this.#byName.get(name);
      if (known !== undefined) this.#observer.left(known.server);
    }
  }

  #measure(measured: Measured, monotonicMs: number): void {
    for (const [name, sample] of measured) {
      const known = this.#byName.get(name);
      if (known === undefined) continue;
      known.measured = sample;
      this.#observer.measured(known.server, sample, monotonicMs);
    }
  }

  #known(candidates: readonly Candidate[]): Candidate[] {
    const byName = new Map<string, Known>();
    const known = candidates.map((candidate) => {
      const before = this.#byName.get(candidate.server.authority);
      const server = sameOrNew(before?.server, candidate.server);
      const told = [before?.ofRound, before?.measured];
      const sample = told.find((it) => isSame(it, candidate.sample)) ?? candidate.sample;
      byName.set(server.authority, { server, ofRound: sample, measured: before?.measured });
      return { ...candidate, server, sample };
    });
    this.#byName = byName;
    return known;
  }
}

/** The server that was told before, as it is told now; a new one where that is another one. */
function sameOrNew(before: Server | undefined, told: Server): Server {
  if (before === undefined || probeKey(before) !== probeKey(told)) return told;
  applyListing(before, told);
  return before;
}

function isSame(a: TransferSample | undefined, b: TransferSample): boolean {
  return a?.bytes === b.bytes && a.elapsedMs === b.elapsedMs && a.at === b.at;
}

/** Sends a line of text, and settles once it was taken. Never rejects. */
export type Send = (line: string) => Promise<void>;

/** Changes within so many ms are sent together, since a farm that dies does so server by server. */
const TOGETHER_MS = 20;

/** A worker, and what it was sent. */
interface Subscriber {
  readonly send: Send;
  /** The version that it knows, or is being sent. */
  version: number;
  isSending: boolean;
}

/** What was found about a server in the middle of a round. */
interface Change<T> {
  readonly value: T;
  readonly version: number;
}

/**
 * Lets workers, which test nothing themselves, know which servers may be picked. What a worker has
 * not read yet is not repeated: it gets the latest state once it has read what was sent before. So
 * one that does not read costs no more than one message.
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
   * @param callSoon calls back once other changes have had time to come
   */
  constructor(
    callSoon: (call: () => void) => void = (call) => setTimeout(call, TOGETHER_MS),
  ) {
    this.#callSoon = callSoon;
  }

  /**
   * From now on a worker is sent how things stand, at once, and what changes.
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
    const names = new Set(candidates.map(({ server }) => server.authority));
    for (const name of this.#measured.keys()) if (!names.has(name)) this.#measured.delete(name);
    this.#publishSoon();
  }

  /** A server may not be picked any more. */
  left({ authority }: Server): void {
    this.#left.set(authority, { value: true, version: ++this.#version });
    this.#publishSoon();
  }

  /** A test has passed in the middle of a round. */
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
        const line = this.#newsSince(subscriber.version);
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

  #newsSince(version: number): string {
    const { value: candidates, version: told } = this.#candidates;
    const samples = (after: number, until: number) =>
      [...this.#measured].flatMap(([name, change]) =>
        change.version > after && change.version <= until ? [[name, change.value] as const] : []
      );
    const measured = samples(version, told);
    const measuredSince = samples(Math.max(version, told), Infinity);
    const left = [...this.#left].flatMap(([name, change]) => change.version > version ? name : []);
    return told > version
      ? writePoolUpdate({ measured, candidates, measuredSince, left })
      : writePoolUpdate({ measured, measuredSince, left });
  }
}

/** How often a worker reports, in ms. */
const REPORT_MS = 1000;

/**
 * What a worker does: it redirects to whom its parent lets it know of, and reports how many clients
 * went where, until its parent stops it.
 *
 * @param chooser is told who may be picked
 * @param counters of the clients of the server; it is emptied by each report
 * @param openServer begins to listen, once a server can be picked; its access log goes to the output given
 * to where the reports go
 * @throws {CommandError} when it is not possible to listen
 */
export async function runWorker(
  chooser: Chooser,
  counters: RequestCounters,
  openServer: (output: LineWriter) => HttpServer,
): Promise<void> {
  const reader = new PoolSubscriber(chooser, () => performance.now());
  const greeted = Promise.withResolvers<void>();
  const stop = stopSignal(undefined, (news) => {
    reader.read(news);
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
 * Reports what was counted since the last report. Where so much waits for the parent that a report
 * would be dropped there is none: the counters keeps it all for the next one.
 */
export function report(counters: RequestCounters, output: LineWriter): void {
  if (!output.isFull) output.write(writeReport(writeCounts(counters.take())));
}
