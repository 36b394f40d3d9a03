/**
 * Why a client would be sent to a server, and not to another one: computed by what redirects.
 *
 * @module
 */

import type { Chooser, Explanation } from "./chooser.ts";
import { type FileRouter, MISSING } from "./file_checks/file_router.ts";
import type { PickRequest } from "./policies/policy.ts";
import type { ExcludedReason, ServerRecord } from "./member.ts";
import type { Pool } from "./pool.ts";
import type { Place } from "./location/location.ts";
import type { TierName } from "./tiers.ts";

/** Why a server is not chosen, beside what excludes it for all clients. */
export type NotChosenReason =
  | ExcludedReason
  | "lacks-file"
  | "other-version"
  | "file-unknown"
  | "other-tier"
  | "not-chosen";

/** One server, as far as a request is concerned. */
export interface ServerVerdict {
  /** The authority where it is tested: its name in logs. */
  readonly name: string;
  /** How likely it is to be chosen, from 0 to 1. */
  readonly probability: number;
  /** Why it is not chosen; null if it may be. */
  readonly reason: NotChosenReason | null;
  /** What failed, and since when, if it is out. */
  readonly failure: string | null;
  readonly since: string | null;
}

/** What a client would be answered, and why. */
export interface WhyDocument {
  readonly client: string;
  readonly target: string;
  /** Where the client is; null if that is not known. */
  readonly place: Place | null;
  /** Its tiers, the nearest first, with the names of their servers. */
  readonly tiers: readonly { readonly name: TierName; readonly servers: readonly string[] }[];
  /** The tier that is used; null if no server can be chosen. */
  readonly tier: TierName | null;
  /** A redirect, 404 since all servers lack the file, or 503 since no server is available. */
  readonly answer: "redirect" | "missing" | "unavailable";
  readonly servers: readonly ServerVerdict[];
}

/** Explains what a client would be answered. */
export type Explain = (client: string, target: string) => WhyDocument;

/** What redirects. */
export interface WhySources {
  readonly pool: Pool;
  readonly chooser: Chooser;
  /** Knows files, if servers are asked about them. */
  readonly files: FileRouter | undefined;
}

/** Explains what a client would be answered. Nothing is picked and nothing is counted. */
export function explain(
  client: string,
  target: string,
  { pool, chooser, files }: WhySources,
): WhyDocument {
  const row = files?.rowOf(target);
  const request: PickRequest = {
    client,
    target,
    random: 0,
    monotonicMs: performance.now(),
    bytes: row === undefined ? undefined : files?.bytesOf(row),
  };
  const found = files === undefined
    ? chooser.explaining.pick(request)
    : files.explain(request, row);
  const explanation = found === MISSING ? undefined : found;
  const tiers = chooser.tiersOf(client);
  return {
    client,
    target,
    place: chooser.placeOf(client) ?? null,
    tiers: tiers.map(({ name, group }) => ({
      name,
      servers: group.candidates.map(({ server }) => server.authority),
    })),
    tier: explanation?.tier ?? null,
    answer: found === MISSING ? "missing" : found === undefined ? "unavailable" : "redirect",
    servers: pool.records.map((record) => verdictOn(record, explanation, row, { chooser, files })),
  };
}

function verdictOn(
  record: ServerRecord,
  explanation: Explanation | undefined,
  row: number | undefined,
  sources: Pick<WhySources, "chooser" | "files">,
): ServerVerdict {
  const { server, state } = record;
  const probability = explanation?.likely.get(server.id) ?? 0;
  const isOut = state.kind === "out";
  return {
    name: server.authority,
    probability,
    reason: probability > 0 ? null : reasonOf(record, explanation, row, sources),
    failure: isOut ? state.reason : null,
    since: isOut ? new Date(state.since).toISOString() : null,
  };
}

/** Why a server is not chosen: the first reason counts. */
function reasonOf(
  { server, excludedReason }: ServerRecord,
  explanation: Explanation | undefined,
  row: number | undefined,
  { files }: Pick<WhySources, "chooser" | "files">,
): NotChosenReason {
  const isReserve = excludedReason === "backup" || excludedReason === "lower-priority";
  if (excludedReason !== undefined && !isReserve) return excludedReason;
  const fault = row === undefined ? undefined : files?.faultOf(row, server.id);
  if (fault === "lacks-file" || fault === "other-version") return fault;
  if (explanation?.isNear(server.id) === false) return "other-tier";
  return excludedReason ?? fault ?? "not-chosen";
}
