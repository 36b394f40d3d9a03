/**
 * A load of clients that download as client.ts does, and what became of their downloads.
 *
 * @module
 */

import { AttemptLog } from "../../lib/download/attempts.ts";
import { Connections } from "../../lib/download/requests/connections.ts";
import type { Observer, RetryRules } from "../../lib/download/context.ts";
import { download } from "../../lib/download/download.ts";
import { DownloadError } from "../../lib/download/download_error.ts";
import { fetchFile } from "../../lib/download/fetch_file.ts";
import { NameClaims } from "../../lib/download/output/file_name.ts";
import { StreamOutput } from "../../lib/download/output/output.ts";
import { Sources } from "../../lib/download/sources.ts";
import { parseTypedUri } from "../../lib/download/requests/target_uri.ts";
import { PLAIN_SAVING, plainSettings } from "../support/downloading.ts";
import { seededRandom } from "../support/random.ts";

/** What became of one download. */
export interface DownloadResult {
  /** From the first request to the balancer until the end, in seconds. */
  readonly seconds: number;
  /** Attempts that failed. */
  readonly failedTries: number;
  /** Why it was given up; undefined when it was not. */
  readonly reason: string | undefined;
  /** Whether it ended with other content than was asked for. */
  readonly isWrong: boolean;
}

/** Counts of downloads, and the times of those that came to their end. */
export class DownloadCounts {
  /** Attempts that failed. */
  failedTries = 0;
  /** Downloads that ended with other content. */
  wrong = 0;
  /** Why downloads were given up. */
  readonly reasons: string[] = [];
  /** Of downloads that were not given up, in seconds. */
  readonly times: number[] = [];

  add({ seconds, failedTries, reason, isWrong }: DownloadResult): void {
    this.failedTries += failedTries;
    if (isWrong) this.wrong++;
    if (reason === undefined) this.times.push(seconds);
    else this.reasons.push(reason);
  }
}

/** Far more downloads than one client gets done, so that no two draw the same numbers. */
const SEEDS_APART = 1_000_003;

/**
 * Lets clients download without a pause until the signal fires; downloads that are under way then
 * come to their end. The same seed gives each client the same random numbers.
 */
export async function keepDownloading(
  { clients, seed, over }: {
    readonly clients: number;
    readonly seed: number;
    readonly over: AbortSignal;
  },
  downloadOne: (random: () => number, client: number) => Promise<void>,
): Promise<void> {
  await Promise.all(Array.from({ length: clients }, async (_, client) => {
    const random = seededRandom(seed + SEEDS_APART * (client + 1));
    while (!over.aborted) await downloadOne(random, client);
  }));
}

/** What client.ts does with a file without options. */
const FILE_RULES = {
  mayContinue: false,
  keepsExisting: false,
  keepsTime: false,
  followsDisposition: false,
  wantsSha256: false,
};

/** What a client waits for, and notes. */
export interface ClientHooks extends Pick<RetryRules, "wait">, Pick<Observer, "onResponse"> {
  /** How long a server may be silent, in ms. */
  readonly timeoutMs: number;
}

/** Downloads a URL to a file as client.ts does; `isRight` judges the file once it is whole. */
export async function downloadToFile(
  url: string,
  path: string,
  { timeoutMs, wait, onResponse }: ClientHooks,
  isRight: () => Promise<boolean>,
): Promise<DownloadResult> {
  const connections = new Connections(timeoutMs);
  const plain = plainSettings(connections, timeoutMs);
  const settings = {
    ...plain,
    retry: { ...plain.retry, wait },
    observer: { ...plain.observer, onResponse },
  };
  try {
    const job = { uri: parseTypedUri(url), name: path, sha256: undefined };
    const run = { claims: new NameClaims(), open: new Map() };
    const { failure, failedTries, seconds } = await fetchFile(job, settings, FILE_RULES, run);
    const isWrong = failure === undefined && !await isRight();
    return { seconds, failedTries, reason: failure?.message, isWrong };
  } finally {
    connections.close();
  }
}

/** Downloads a URL that has so many bytes, and keeps nothing of it: no disk takes part. */
export async function downloadToNowhere(
  url: string,
  bytes: number,
  timeoutMs: number,
): Promise<DownloadResult> {
  const start = performance.now();
  const attempts = new AttemptLog();
  const connections = new Connections(timeoutMs);
  const result = (reason: string | undefined, isWrong: boolean): DownloadResult => ({
    seconds: (performance.now() - start) / 1000,
    failedTries: attempts.failures,
    reason,
    isWrong,
  });
  const nowhere = new StreamOutput("nowhere", {
    write: (octets) => Promise.resolve(octets.length),
    close: () => {},
  });
  try {
    const sources = new Sources([parseTypedUri(url)]);
    const context = { sources, attempts, ...plainSettings(connections, timeoutMs) };
    const downloaded = await download(context, nowhere, PLAIN_SAVING);
    return result(undefined, downloaded.bytes !== bytes);
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    return result(error.message, false);
  } finally {
    connections.close();
  }
}
