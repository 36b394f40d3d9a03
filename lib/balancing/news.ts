/**
 * What a worker is let know about the farm, and what it reports, as lines of text.
 *
 * @module
 */

import type { PoolObserver } from "./chooser.ts";
import { applyListing, probeKey, type Server } from "./list/server.ts";
import type { Candidate } from "./policy.ts";
import type { TransferSample } from "./sample.ts";
import type { Counts } from "./tally.ts";

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
