/**
 * What of a balancer is kept in its state: servers as tests found them, and what is counted.
 *
 * @module
 */

import type { Chooser } from "../chooser.ts";
import { CHECK_RESULTS, type CheckResult, type FileChecks } from "../file_checks/file_checks.ts";
import type { HealthFacts, ServerState, TransferSample, TransferStatus } from "../health.ts";
import type { Operations } from "../operations.ts";
import type { HealthChecker, PastRounds } from "../health_checker.ts";
import type { ServerFacts } from "../member.ts";
import type { Pool } from "../pool.ts";
import type { RecentChanges } from "../recent_changes.ts";
import type { Counts, RequestCounters } from "../request_counters.ts";
import { testsShown } from "../status.ts";
import { readCounts } from "../worker_link.ts";
import type { StatePart } from "./state_keeper.ts";

/** Who knows what is kept. */
export interface StateSources {
  readonly pool: Pool;
  readonly checker: HealthChecker;
  readonly counters: RequestCounters;
  readonly operations: Operations;
  readonly changes: RecentChanges;
  /** Knows files; undefined if none are asked about. */
  readonly files: FileChecks | undefined;
}

/** All that is kept of a balancer. */
export function stateParts(
  { pool, checker, counters, operations, changes, files }: StateSources,
): StatePart[] {
  return [
    serversPart(pool, () => performance.now()),
    countersPart(counters, pool.chooser),
    roundsPart(checker),
    actionsPart(operations),
    changesPart(changes),
    ...(files === undefined ? [] : [fileChecksPart(files)]),
  ];
}

/** What tests found of the servers. A server that is not listed is forgotten. */
export function serversPart(pool: Pool, clock: () => number): StatePart {
  let saved: { readonly revision: number; readonly facts: object } | undefined;
  return {
    name: "servers",
    save: () => {
      const { revision } = pool;
      if (saved?.revision === revision) return saved.facts;
      const facts: Record<string, ServerFacts> = {};
      const all = pool.facts;
      const tests = testsShown(all.size);
      for (const [key, { health, transfers }] of all) {
        facts[key] = { health, transfers: transfers.slice(-tests) };
      }
      saved = { revision, facts };
      return facts;
    },
    restore: (facts) => pool.restore(readServers(facts), clock()),
  };
}

/** Clients by the server that they were redirected to, by tier, and those that were not. */
export function countersPart(counters: RequestCounters, chooser: Chooser): StatePart {
  let adopted: Counts | undefined;
  return {
    name: "clients",
    save: () => counters.counts,
    restore: (facts) => {
      const counts = readCounts(facts);
      if (counts === undefined) throw new TypeError("No counts of clients");
      counters.adopt(growth(counts, adopted));
      adopted = counts;
      // What was counted before is no share of the last two rounds.
      for (let round = 0; round < 2; round++) chooser.endRound();
    },
  };
}

/** What operators have ordered of servers: it holds however long the balancer was away. */
export function actionsPart(operations: Operations): StatePart {
  return {
    name: "actions",
    isLasting: true,
    save: () => operations.save(),
    restore: (facts) => operations.restore(facts),
  };
}

/** What became of servers lately. */
export function changesPart(changes: RecentChanges): StatePart {
  return {
    name: "changes",
    isLasting: true,
    save: () => changes.latest,
    restore: (facts) => {
      if (!changes.restore(facts)) throw new TypeError("No changes of servers");
    },
  };
}

/** The rounds that have ended. */
export function roundsPart(checker: HealthChecker): StatePart {
  let adopted = 0;
  return {
    name: "rounds",
    save: () => {
      const { count, endedAt, elapsedMs } = checker.rounds;
      return { count, endedAt, elapsedMs };
    },
    restore: (facts) => {
      const past = facts as PastRounds | null;
      const isPast = isCount(past?.count) && [past?.endedAt, past?.elapsedMs].every(isTimeOrNull);
      if (!isPast) throw new TypeError("No rounds");
      checker.adopt({ ...past!, count: Math.max(0, past!.count - adopted) });
      adopted = past!.count;
    },
  };
}

/** Questions about files by their results. */
export function fileChecksPart(files: FileChecks): StatePart {
  const adopted: Record<CheckResult, number> = { has: 0, lacks: 0, unclear: 0, unanswered: 0 };
  return {
    name: "fileChecks",
    save: () => files.results,
    restore: (facts) => {
      const results = (facts ?? {}) as Record<CheckResult, number>;
      if (!CHECK_RESULTS.every((it) => isCount(results[it]))) throw new TypeError("No results");
      const more = { ...adopted };
      for (const it of CHECK_RESULTS) {
        more[it] = Math.max(0, results[it] - adopted[it]);
        adopted[it] = results[it];
      }
      files.adopt(more);
    },
  };
}

/** What was counted since the same process was asked before. */
function growth(now: Counts, before: Counts | undefined): Counts {
  if (before === undefined) return { ...now, zones: {} };
  const less = <Name extends string>(
    all: Readonly<Record<Name, number>>,
    old: Readonly<Record<Name, number>>,
  ) => {
    const names = Object.keys(all) as Name[];
    const grown = names.map((name) => [name, Math.max(0, all[name] - (old[name] ?? 0))]);
    return Object.fromEntries(grown) as Record<Name, number>;
  };
  return {
    redirects: less(now.redirects, before.redirects),
    unavailable: Math.max(0, now.unavailable - before.unavailable),
    missing: Math.max(0, now.missing - before.missing),
    tiers: less(now.tiers, before.tiers),
    zones: {},
  };
}

/** @throws {TypeError} if they are malformed */
function readServers(facts: unknown): ReadonlyMap<string, ServerFacts> {
  const servers = Object.entries((facts ?? {}) as Record<string, ServerFacts | null>);
  const isKnown = ([, server]: [string, ServerFacts | null]) =>
    isHealth(server?.health) && Array.isArray(server!.transfers) &&
    server!.transfers.every(isTransfer);
  if (!servers.every(isKnown)) throw new TypeError("No servers");
  return new Map(servers as [string, ServerFacts][]);
}

function isHealth(facts: HealthFacts | null | undefined): boolean {
  const { state, streak, pauseRounds, roundsLeft, slowStart } = facts ?? {};
  return isState(state) && [streak, pauseRounds].every(isCount) && Number.isInteger(roundsLeft) &&
    isAmount(slowStart) && slowStart <= 1;
}

function isState(state: ServerState | null | undefined): boolean {
  switch (state?.kind) {
    case "untested":
      return true;
    case "available":
      return isAmount(state.since) && isSample(state.sample);
    case "out":
      return isAmount(state.since) && typeof state.reason === "string";
    default:
      return false;
  }
}

function isSample(sample: TransferSample | null | undefined): boolean {
  const { bytes, elapsedMs, at, isPartial } = sample ?? {};
  return [bytes, elapsedMs, at].every(isAmount) &&
    ["undefined", "boolean"].includes(typeof isPartial);
}

function isTransfer(transfer: TransferStatus | null): boolean {
  if (transfer === null || !isAmount(transfer.at)) return false;
  if ("reason" in transfer) return typeof transfer.reason === "string";
  const { bytes, elapsedMs, partial } = transfer;
  return isAmount(bytes) && isAmount(elapsedMs) && typeof partial === "boolean";
}

function isTimeOrNull(value: number | null | undefined): boolean {
  return value === null || isAmount(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && value as number >= 0;
}

function isAmount(value: unknown): value is number {
  return Number.isFinite(value) && value as number >= 0;
}
