/**
 * What a worker is let know about the farm, and what it reports, as lines of text.
 *
 * @module
 */

import type { Audience } from "./chooser.ts";
import type { Server } from "./list/server.ts";
import type { Candidate } from "./policy.ts";
import type { TransferSample } from "./sample.ts";
import type { Counts } from "./tally.ts";

/** What a worker is let know. */
export interface News {
  /** Tests that passed, by the names of their servers. */
  readonly measured: readonly (readonly [name: string, sample: TransferSample])[];
  /** Who may be picked, after those tests; absent when that is as it was. */
  readonly candidates?: readonly Candidate[];
}

/** News as a line of text. */
export function writeNews(news: News): string {
  return JSON.stringify(news);
}

/** What a worker has counted since it began, as a line of text. */
export function writeReport(counts: Counts): string {
  return JSON.stringify(counts);
}

/** What `writeReport` wrote. */
export function readReport(text: string): Counts {
  return JSON.parse(text);
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
 * Hands on to an audience in a worker what its parent writes. Policies know servers and samples by
 * identity, so what is told again is the same object every time.
 */
export class NewsReader {
  readonly #audience: Audience;
  readonly #clock: () => number;
  #servers: ReadonlyMap<string, Server> = new Map();
  #byName: ReadonlyMap<string, Known> = new Map();

  /** Knows of nobody yet. @param clock that of `PickRequest` */
  constructor(audience: Audience, clock: () => number) {
    this.#audience = audience;
    this.#clock = clock;
  }

  /** Takes in a line, as `writeNews` wrote it. */
  read(text: string): void {
    const { measured, candidates }: News = JSON.parse(text);
    const now = this.#clock();
    for (const [name, sample] of measured) {
      const known = this.#byName.get(name);
      if (known === undefined) continue;
      known.measured = sample;
      this.#audience.measured(known.server, sample, now);
    }
    if (candidates !== undefined) this.#audience.update(this.#known(candidates), now);
  }

  #known(candidates: readonly Candidate[]): Candidate[] {
    const servers = new Map<string, Server>();
    const byName = new Map<string, Known>();
    const known = candidates.map((candidate) => {
      const text = JSON.stringify(candidate.server);
      const server = this.#servers.get(text) ?? candidate.server;
      const before = this.#byName.get(server.authority);
      const told = [before?.ofRound, before?.measured];
      const sample = told.find((it) => isSame(it, candidate.sample)) ?? candidate.sample;
      servers.set(text, server);
      byName.set(server.authority, { server, ofRound: sample, measured: before?.measured });
      return { ...candidate, server, sample };
    });
    this.#servers = servers;
    this.#byName = byName;
    return known;
  }
}

function isSame(a: TransferSample | undefined, b: TransferSample): boolean {
  return a?.bytes === b.bytes && a.elapsedMs === b.elapsedMs && a.at === b.at;
}
