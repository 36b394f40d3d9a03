/**
 * The status of the farm, as the admin pages, JSON and metrics show it. Durations are in
 * milliseconds, points in time in milliseconds since the epoch, in JSON in ISO 8601; null stands for
 * what is unknown or does not apply. The names are those of the JSON, which are promises to programs.
 *
 * @module
 */

import type { Validity } from "../process/certificate.ts";
import type { Stop } from "../process/signals.ts";
import type { Action, ActionKind } from "./actions.ts";
import { ArrivalDispersion } from "./arrival_dispersion.ts";
import { type ReportedLoad, throughputOf, type TransferStatus } from "./health.ts";
import type { ServerShortfall } from "./file_checks/file_catalog.ts";
import type { FileChecks, FilesStatus } from "./file_checks/file_checks.ts";
import type { LoadChecker, LoadChecksStatus } from "./load_checks/load_checker.ts";
import type { TierName } from "./tiers.ts";
import type { HealthChecker, RoundsStatus } from "./health_checker.ts";
import type { Operations } from "./operations.ts";
import type { ExcludedReason, ServerRecord } from "./member.ts";
import type { Pool } from "./pool.ts";
import type { Change, RecentChanges } from "./recent_changes.ts";
import type { RequestCounters } from "./request_counters.ts";
import type { ServerList } from "./server_list.ts";

/** The status of one server. */
export interface ServerStatus {
  /** The authority where it is tested: its name in logs. */
  readonly name: string;
  readonly publicUrl: string;
  /** The entry of the list by which it was found in DNS; null if it is listed itself. */
  readonly foundBy: string | null;
  /** `untested` means that nothing is known yet. */
  readonly state: "untested" | "available" | "out";
  /** Why it is out, or why its last test failed though it is not out yet. */
  readonly reason: string | null;
  /** When it entered that state; null while it is untested. */
  readonly since: number | null;
  /** Why it gets no clients; null if it may be picked. */
  readonly excludedReason: ExcludedReason | null;
  /** The fraction of all requests that is meant for it. */
  readonly share: number;
  /** Of its latest transfer that counts; null before the first. */
  readonly throughputBytesPerSecond: number | null;
  /** Whether the timeout ended that transfer before its content was complete. */
  readonly partial: boolean;
  /** The latest tests, the oldest first, at most 60. */
  readonly transfers: readonly TransferStatus[];
  /** Clients sent there since the balancer began. */
  readonly redirects: number;
  /** By the list or an action: more than 0, up to 1000. */
  readonly weight: number;
  /** Only available servers of the lowest number get clients. */
  readonly priority: number;
  /** Whether it is tested, but gets no new clients. */
  readonly isDrained: boolean;
  /** Progress of its slow start after it was out, from 0 to 1. */
  readonly climb: number;
  /** Files that clients ask for and it lacks or has in another version; null if none are checked. */
  readonly files: ServerShortfall | null;
  /** What it said last of its load; null if it says nothing. */
  readonly load: ReportedLoad | null;
  /** What operators have ordered; `weight` and `isDrained` are as these have it. */
  readonly actions: readonly ActionStatus[];
}

/** An action that is in force. */
export interface ActionStatus {
  readonly action: ActionKind;
  /** The weight that it gives; null for other actions. */
  readonly weight: number | null;
  /** As the operator wrote it. */
  readonly reason: string | null;
  readonly since: number;
  /** When it ends by itself; null if it has to be taken back. */
  readonly until: number | null;
}

/** The status of the balancer and all servers. */
export interface FarmStatus {
  readonly at: number;
  readonly version: string;
  readonly startedAt: number;
  readonly policy: string;
  readonly intervalMs: number;
  readonly workers: number;
  /** Whether clients can connect, to this process or to a worker. */
  readonly isListening: boolean;
  /** Whether it is about to stop, and still accepts clients. */
  readonly isDraining: boolean;
  /** Whether it finishes open requests and accepts no new ones. */
  readonly isStopping: boolean;
  /** When its certificate is valid; null without TLS. */
  readonly certificate: Validity | null;
  /** The rounds of tests, and when the next one begins. */
  readonly rounds: RoundsStatus & { readonly nextAt: number | null };
  readonly redirects: number;
  /** Clients answered with 503, since no server was available. */
  readonly unavailable: number;
  /** Clients that were told that all servers lack the file. */
  readonly missing: number;
  /** Clients redirected to a server of each tier; null if the places of clients do not matter. */
  readonly tiers: Readonly<Record<TierName, number>> | null;
  /** What is known of files; null if none are checked. */
  readonly files: FilesStatus | null;
  /** Questions to servers about their load; null if none are asked. */
  readonly loadChecks: LoadChecksStatus | null;
  /** Clients in each of the last seconds, the latest last, at most 300. */
  readonly clientsPerSecond: readonly number[];
  /** Actions that operators have taken since the balancer began, of any kind. */
  readonly actionsTaken: number;
  /** What has become of servers lately, the latest last, at most 50. */
  readonly changes: readonly Change[];
  /** Of the clients sent to servers in a second: above 1 they come in crowds; null if unknown. */
  readonly dispersion: number | null;
  readonly servers: readonly ServerStatus[];
}

/** What does not change while the balancer runs. */
export type StatusConstants = Pick<
  FarmStatus,
  "version" | "startedAt" | "policy" | "intervalMs" | "workers"
>;

/** Where a status comes from. */
export interface StatusSources {
  readonly pool: Pool;
  /** Knows whether there will be another round. */
  readonly list: ServerList;
  readonly checker: HealthChecker;
  readonly counters: RequestCounters;
  readonly operations: Pick<Operations, "taken">;
  readonly changes: Pick<RecentChanges, "latest">;
  /** Knows files; undefined if none are asked about. */
  readonly files?: FileChecks | undefined;
  /** Asks for the load of servers; undefined if that is not wanted. */
  readonly loads?: LoadChecker | undefined;
  /** Where clients connect. */
  readonly frontend: { readonly isListening: boolean };
  /** When the next round begins; undefined before that is settled. */
  readonly nextAt: () => number | undefined;
  readonly certificate?: { readonly validity: Validity } | undefined;
  readonly stop: Stop;
}

/** Seconds for which the number of clients is remembered. */
const MAX_SECONDS = 300;

/** Puts the status together. */
export class StatusCollector {
  readonly #sources: StatusSources;
  readonly #constants: StatusConstants;
  #clientsPerSecond: readonly number[] = [];
  #clients = 0;
  readonly #arrivals = new ArrivalDispersion();

  constructor(sources: StatusSources, constants: StatusConstants) {
    this.#sources = sources;
    this.#constants = constants;
  }

  /** Counts the clients of one more second; to be called once a second. */
  tick(): void {
    const { clients } = this.#sources.counters;
    this.#arrivals.endBin(this.#sources.counters.byServer);
    const latest = clients - this.#clients;
    this.#clientsPerSecond = [...this.#clientsPerSecond.slice(1 - MAX_SECONDS), latest];
    this.#clients = clients;
  }

  /** The status at this time, in milliseconds since the epoch. */
  status(epochMs: number): FarmStatus {
    const { pool, list, checker, counters, files, frontend, certificate, nextAt, stop } =
      this.#sources;
    const { loads, operations, changes } = this.#sources;
    const { shares } = pool.chooser;
    return {
      ...this.#constants,
      at: epochMs,
      isListening: frontend.isListening,
      isDraining: stop.draining.aborted && !stop.signal.aborted,
      isStopping: stop.signal.aborted,
      certificate: certificate?.validity ?? null,
      rounds: { ...checker.rounds, nextAt: (list.isTestable ? nextAt() : undefined) ?? null },
      redirects: counters.redirects,
      unavailable: counters.unavailable,
      missing: counters.missing,
      tiers: pool.chooser.hasTiers ? counters.byTier : null,
      files: files?.status ?? null,
      loadChecks: loads?.status ?? null,
      clientsPerSecond: this.#clientsPerSecond,
      actionsTaken: operations.taken,
      changes: changes.latest,
      dispersion: this.#arrivals.ratio ?? null,
      servers: pool.records.map((record) => {
        const redirects = counters.redirectsTo(record.server.authority);
        const share = shares.get(record.server.id) ?? 0;
        return serverStatus(record, share, redirects, files?.shortfallOf(record.server.id) ?? null);
      }),
    };
  }
}

function serverStatus(
  { server, actions, state, slowStart, excludedReason, history, load }: ServerRecord,
  share: number,
  redirects: number,
  files: ServerShortfall | null,
): ServerStatus {
  const sample = state.kind === "available" ? state.sample : undefined;
  return {
    name: server.authority,
    publicUrl: server.publicUrl,
    foundBy: server.foundBy ?? null,
    state: state.kind,
    reason: (state.kind === "out" ? state.reason : history.lastFailure) ?? null,
    since: state.kind === "untested" ? null : state.since,
    excludedReason: excludedReason ?? null,
    share,
    throughputBytesPerSecond: sample === undefined ? null : throughputOf(sample) * 1000,
    partial: sample?.isPartial === true,
    transfers: history.transfers,
    redirects,
    weight: server.weight,
    priority: server.priority,
    isDrained: server.isDrained,
    climb: slowStart,
    files,
    load: load ?? null,
    actions: actions.map(actionStatus),
  };
}

function actionStatus(action: Action): ActionStatus {
  const { kind, reason, since, until } = action;
  return { action: kind, weight: kind === "weight" ? action.weight : null, reason, since, until };
}

/** The actions on these servers as JSON text: an array with a line for each. */
export function actionsText(records: readonly Pick<ServerRecord, "server" | "actions">[]): string {
  const lines = records.flatMap(({ server, actions }) =>
    actions.map((action) => textOf({ server: server.authority, ...actionStatus(action) }))
  );
  return `[${lines.join(",\n ")}]\n`;
}

/** Members that are points in time. */
const TIMES = [
  "at",
  "startedAt",
  "since",
  "endedAt",
  "nextAt",
  "validFrom",
  "expiresAt",
  "until",
] as const;

/** Members that are no whole numbers, and their decimals. */
const DECIMALS: Readonly<Record<string, number>> = {
  elapsedMs: 3,
  throughputBytesPerSecond: 3,
  bytesPerSecond: 3,
  utilization: 3,
  share: 6,
  dispersion: 3,
  weight: 6,
  climb: 6,
};

/** A part of a status as it is read from JSON. */
export type StatusPart<T> = T extends object ? {
    readonly [K in keyof T]: K extends typeof TIMES[number] ? string | null : StatusPart<T[K]>;
  }
  : T;

/** A status as it is read from JSON. */
export type StatusDocument = StatusPart<FarmStatus>;

/** Servers in one piece, which takes up to a few ms to make. */
const PIECE_SERVERS = 50;

/** Tests of all servers together, more or less, and the least of each. */
const MAX_TRANSFERS = 10_000;
const MIN_TRANSFERS = 5;

/** How many of its latest tests are told of each server. */
export function testsShown(servers: number): number {
  return Math.max(MIN_TRANSFERS, Math.floor(MAX_TRANSFERS / servers));
}

/**
 * Writes a status as JSON text, piece by piece. The first piece is `at` and nothing else, so that
 * two documents can be compared without it. In a large farm it has fewer of the latest tests.
 */
export function* statusPieces(status: FarmStatus): Generator<string, void> {
  const { at, servers, ...totals } = status;
  yield `${textOf({ at }).slice(0, -1)},`;
  let piece = `${textOf(totals).slice(1, -1)},"servers":[`;
  const tests = testsShown(servers.length);
  for (let start = 0; start < servers.length; start += PIECE_SERVERS) {
    const texts = servers.slice(start, start + PIECE_SERVERS).map((server) => {
      return textOf({ ...server, transfers: server.transfers.slice(-tests) });
    });
    piece += (start > 0 ? "," : "") + texts.join(",");
    if (start + PIECE_SERVERS >= servers.length) break;
    yield piece;
    piece = "";
  }
  yield `${piece}]}`;
}

function textOf(part: object): string {
  return JSON.stringify(part, (name, value: unknown) => {
    if ((TIMES as readonly string[]).includes(name)) return isoTime(value as number | null);
    const decimals = DECIMALS[name];
    if (decimals === undefined || typeof value !== "number") return value;
    return Math.round(value * 10 ** decimals) / 10 ** decimals;
  });
}

/** A time that was never set, or is not a date, is null. */
function isoTime(epochMs: number | null): string | null {
  if (epochMs === null || !(epochMs > 0)) return null;
  const date = new Date(epochMs);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
