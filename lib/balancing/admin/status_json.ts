/**
 * The status as JSON: `/status.json` and the events of `/events`. It is a `FarmStatus` whose points
 * in time are in ISO 8601, UTC, and whose numbers have no more digits than mean something.
 *
 * @module
 */

import type { TransferStatus } from "../sample.ts";
import type { FarmStatus, ServerStatus } from "../status.ts";

/** Members that are points in time. */
export type TimeName = "at" | "startedAt" | "since" | "endedAt" | "nextAt";

/** A part of a status as it is read from JSON. */
export type StatusPart<T> = T extends object
  ? { readonly [K in keyof T]: K extends TimeName ? string | null : StatusPart<T[K]> }
  : T;

/** A status as it is read from JSON. */
export type StatusDocument = StatusPart<FarmStatus>;

/** Decimals of members that may be small. */
const FRACTION_DIGITS = 6;

/** Servers in one piece, which takes up to a few ms to make. */
const PIECE_SERVERS = 50;

/** Tests of all servers together, more or less, and the least of each. */
const MAX_TRANSFERS = 10_000;
const MIN_TRANSFERS = 5;

/**
 * Writes a status as JSON text, piece by piece. The first piece is `at` and nothing else, so that
 * two documents can be compared without it. In a large farm it has fewer of the latest tests.
 */
export function* statusPieces(status: FarmStatus): Generator<string, void> {
  const { servers } = status;
  yield `{"at":${JSON.stringify(isoTime(status.at))},`;
  let piece = `${JSON.stringify(totalsDocument(status)).slice(1, -1)},"servers":[`;
  const tests = Math.max(MIN_TRANSFERS, Math.floor(MAX_TRANSFERS / servers.length));
  for (let start = 0; start < servers.length; start += PIECE_SERVERS) {
    const documents = servers.slice(start, start + PIECE_SERVERS).map((server) => {
      return JSON.stringify(serverDocument(server, tests));
    });
    piece += (start > 0 ? "," : "") + documents.join(",");
    if (start + PIECE_SERVERS >= servers.length) break;
    yield piece;
    piece = "";
  }
  yield `${piece}]}`;
}

function totalsDocument(
  { at: _, servers: __, ...totals }: FarmStatus,
): Omit<StatusDocument, "at" | "servers"> {
  const { endedAt, elapsedMs, nextAt, ...rounds } = totals.rounds;
  return {
    ...totals,
    startedAt: isoTime(totals.startedAt),
    rounds: {
      ...rounds,
      endedAt: isoTime(endedAt),
      elapsedMs: elapsedMs && rounded(elapsedMs),
      nextAt: isoTime(nextAt),
    },
  };
}

function serverDocument(server: ServerStatus, tests: number): StatusPart<ServerStatus> {
  const { throughputBytesPerSecond } = server;
  return {
    ...server,
    since: isoTime(server.since),
    share: rounded(server.share, FRACTION_DIGITS),
    throughputBytesPerSecond: throughputBytesPerSecond && rounded(throughputBytesPerSecond),
    transfers: server.transfers.slice(-tests).map(transferDocument),
    weight: rounded(server.weight, FRACTION_DIGITS),
    climb: rounded(server.climb, FRACTION_DIGITS),
  };
}

function transferDocument(transfer: TransferStatus): StatusPart<TransferStatus> {
  const at = isoTime(transfer.at);
  if ("reason" in transfer) return { at, reason: transfer.reason };
  const { elapsedMs, bytes, partial } = transfer;
  return { at, elapsedMs: rounded(elapsedMs), bytes, partial };
}

function rounded(value: number, digits = 3): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}

/** A time that was never set, or is not a date, is null. */
function isoTime(epochMs: number | null): string | null {
  if (epochMs === null || !(epochMs > 0)) return null;
  const date = new Date(epochMs);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
