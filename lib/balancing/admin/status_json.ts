/**
 * How the farm stands as JSON: `/status.json` and the events of `/events`. The names are promises to
 * those who read them by programs. Moments are in ISO 8601, UTC; null stands for what is not known
 * or does not apply, so that every name is always there.
 *
 * @module
 */

import type { TransferStatus } from "../sample.ts";
import type { FarmStatus, RoundStatus, ServerStatus } from "../status.ts";

/** One test of a server: what it transferred, or why it failed. */
export type TransferDocument =
  | {
    readonly at: string | null;
    readonly elapsedMs: number;
    /** Content that arrived. */
    readonly bytes: number;
    /** Whether the time for it was over before the content was whole. */
    readonly partial: boolean;
  }
  | { readonly at: string | null; readonly reason: string };

/** One server. */
export interface ServerDocument {
  /** Host and port where it is tested. */
  readonly name: string;
  /** What clients are sent to. */
  readonly publicUrl: string;
  /** The entry of the list by which it was found in DNS; null when it is listed itself. */
  readonly foundBy: string | null;
  /** `untested` is neither good nor bad: nobody knows yet. */
  readonly state: "untested" | "available" | "out";
  /** Why it is out, or what its last test failed for though it is not out yet. */
  readonly reason: string | null;
  /** Since when it has been in that state; null while it is untested. */
  readonly since: string | null;
  /** The fraction of all requests that is meant for it. */
  readonly share: number;
  /** That of its latest transfer that counts; null before the first. */
  readonly throughputBytesPerSecond: number | null;
  /** Whether the time for that transfer was over before its content was whole. */
  readonly partial: boolean;
  /** The latest tests, the oldest first; at most 60, in a large farm fewer. */
  readonly transfers: readonly TransferDocument[];
  /** Clients that were sent there. */
  readonly redirects: number;
  /** What the list says of it: more than 0, up to 1000. */
  readonly weight: number;
  /** Servers of a number above the lowest that is available get nobody: they are backups. */
  readonly priority: number;
  /** Whether it gets no new clients, though it is tested. */
  readonly isDrained: boolean;
  /** How far it has come back after it was out, from 0 to 1. */
  readonly climb: number;
}

/** The rounds of tests. */
export interface RoundsDocument {
  /** Those that have ended. */
  readonly count: number;
  /** Whether one is under way. */
  readonly isUnderWay: boolean;
  /** When the last one ended. */
  readonly endedAt: string | null;
  /** How long the last one took. */
  readonly elapsedMs: number | null;
  /** When the next one begins. */
  readonly nextAt: string | null;
}

/** All of it. */
export interface StatusDocument {
  /** When this was true. */
  readonly at: string | null;
  /** That of the program. */
  readonly version: string;
  /** When the balancer began. */
  readonly startedAt: string | null;
  /** The name of the policy. */
  readonly policy: string;
  /** Time between rounds. */
  readonly intervalMs: number;
  /** Processes that redirect. */
  readonly workers: number;
  /** Whether somebody listens for clients. */
  readonly isListening: boolean;
  /** Whether it finishes what is under way and takes nobody any more. */
  readonly isStopping: boolean;
  /** How the rounds go. */
  readonly rounds: RoundsDocument;
  /** Clients that were redirected. */
  readonly redirects: number;
  /** Clients that were told that no server is available. */
  readonly unavailable: number;
  /** Clients in each of the last seconds, the latest last. */
  readonly clientsPerSecond: readonly number[];
  /** In the order of the list. */
  readonly servers: readonly ServerDocument[];
}

/** Decimals of what may be small: shares in a large farm, weights out of DNS. */
const FRACTION_DIGITS = 6;

/** Servers in one piece: making it takes about 1 ms. */
const PIECE_SERVERS = 50;

/** Tests of all servers together, more or less, and of each at least. */
const MANY_TRANSFERS = 10_000;
const FEWEST_TRANSFERS = 5;

/**
 * The document of a status as JSON text, piece by piece. The first piece is `at` and nothing else, so
 * that two documents can be compared without it. In a large farm it has fewer of the latest tests.
 */
export function* statusPieces(status: FarmStatus): Generator<string, void> {
  const { servers } = status;
  yield `{"at":${JSON.stringify(isoTime(status.at))},`;
  let piece = `${JSON.stringify(totalsOf(status)).slice(1, -1)},"servers":[`;
  const most = Math.max(FEWEST_TRANSFERS, Math.floor(MANY_TRANSFERS / servers.length));
  for (let start = 0; start < servers.length; start += PIECE_SERVERS) {
    const documents = servers.slice(start, start + PIECE_SERVERS).map((server) => {
      return JSON.stringify(serverDocument(server, most));
    });
    piece += (start > 0 ? "," : "") + documents.join(",");
    if (start + PIECE_SERVERS >= servers.length) break;
    yield piece;
    piece = "";
  }
  yield `${piece}]}`;
}

function totalsOf(status: FarmStatus): Omit<StatusDocument, "at" | "servers"> {
  return {
    version: status.version,
    startedAt: isoTime(status.startedAt),
    policy: status.policy,
    intervalMs: status.intervalMs,
    workers: status.workers,
    isListening: status.isListening,
    isStopping: status.isStopping,
    rounds: roundsDocument(status.rounds),
    redirects: status.redirects,
    unavailable: status.unavailable,
    clientsPerSecond: status.perSecond,
  };
}

function roundsDocument(rounds: RoundStatus): RoundsDocument {
  return {
    count: rounds.count,
    isUnderWay: rounds.isUnderWay,
    endedAt: isoTime(rounds.endedAt),
    elapsedMs: rounded(rounds.elapsedMs),
    nextAt: isoTime(rounds.nextAt),
  };
}

function serverDocument(server: ServerStatus, mostTransfers: number): ServerDocument {
  return {
    name: server.name,
    publicUrl: server.publicUrl,
    foundBy: server.foundBy ?? null,
    state: server.state,
    reason: server.reason ?? null,
    since: server.state === "untested" ? null : isoTime(server.since),
    share: rounded(server.share, FRACTION_DIGITS),
    throughputBytesPerSecond: rounded(server.throughput),
    partial: server.isPartial,
    transfers: server.transfers.slice(-mostTransfers).map(transferDocument),
    redirects: server.redirects,
    weight: rounded(server.weight, FRACTION_DIGITS),
    priority: server.priority,
    isDrained: server.isDrained,
    climb: rounded(server.climb, FRACTION_DIGITS),
  };
}

function transferDocument(transfer: TransferStatus): TransferDocument {
  const at = isoTime(transfer.at);
  if ("reason" in transfer) return { at, reason: transfer.reason };
  const { elapsedMs, bytes, isPartial = false } = transfer;
  return { at, elapsedMs: rounded(elapsedMs), bytes, partial: isPartial };
}

/** Without the digits that mean nothing. */
function rounded(value: number, digits?: number): number;
function rounded(value: number | undefined, digits?: number): number | null;
function rounded(value: number | undefined, digits = 3): number | null {
  return value === undefined ? null : Math.round(value * 10 ** digits) / 10 ** digits;
}

/** Nothing that is shown happened in 1970: what says so was never set. */
function isoTime(epochMs: number | undefined): string | null {
  if (epochMs === undefined || !(epochMs > 0)) return null;
  const date = new Date(epochMs);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
