import type { FilesStatus } from "../../../lib/balancing/file_checks/file_checks.ts";
import type { TransferStatus } from "../../../lib/balancing/health.ts";
import type { WhyDocument } from "../../../lib/balancing/why.ts";
import type { FarmStatus, ServerStatus } from "../../../lib/balancing/status.ts";

/** The moment at which a made-up farm is looked at: 2026-01-02T03:04:05Z. */
export const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);

/** An available server, but for what is given. */
export function serverStatus(more: Partial<ServerStatus> = {}): ServerStatus {
  const name = more.name ?? "web1:8000";
  return {
    name,
    publicUrl: `http://${name}`,
    foundBy: null,
    state: "available",
    reason: null,
    since: NOW - 125_000,
    excludedReason: null,
    share: 0.5,
    throughputBytesPerSecond: 2_500_000,
    partial: false,
    transfers: [{ at: NOW - 65_000, elapsedMs: 400, bytes: 1_048_576, partial: false }, {
      at: NOW - 5000,
      elapsedMs: 419.5,
      bytes: 1_048_576,
      partial: false,
    }],
    redirects: 12,
    weight: 1,
    priority: 0,
    isDrained: false,
    climb: 1,
    files: null,
    load: null,
    actions: [],
    ...more,
  };
}

/** Nobody knows yet how it is. */
export function untested(more: Partial<ServerStatus> = {}): ServerStatus {
  return serverStatus({
    ...{ state: "untested", since: null, excludedReason: "untested", share: 0 },
    ...{ throughputBytesPerSecond: null, transfers: [], redirects: 0 },
    ...more,
  });
}

/** It is out. */
export function out(reason: string, more: Partial<ServerStatus> = {}): ServerStatus {
  const transfers: TransferStatus[] = [
    { at: NOW - 65_000, elapsedMs: 400, bytes: 1_048_576, partial: false },
    { at: NOW - 5000, reason },
  ];
  return serverStatus({
    ...{ state: "out", reason, since: NOW - 5000, excludedReason: "out", share: 0, transfers },
    ...more,
  });
}

/** What is known of 400 files, but for what is given. */
export function filesStatus(more: Partial<FilesStatus> = {}): FilesStatus {
  const checks = { has: 1200, lacks: 12, unclear: 2, unanswered: 1 };
  return { mode: "after", checks, known: 400, lacking: 12, differing: 3, ...more };
}

/** A farm of these servers, but for what is given. */
export function farmStatus(
  servers: readonly ServerStatus[] = [serverStatus()],
  more: Partial<FarmStatus> = {},
): FarmStatus {
  return {
    version: "1.2.3",
    startedAt: NOW - 3_600_000,
    at: NOW,
    policy: "rank",
    intervalMs: 300_000,
    workers: 1,
    isListening: true,
    isDraining: false,
    isStopping: false,
    certificate: null,
    rounds: {
      count: 12,
      isUnderWay: false,
      endedAt: NOW - 5000,
      elapsedMs: 812.5,
      nextAt: NOW + 295_000,
    },
    redirects: 1234,
    unavailable: 0,
    missing: 0,
    tiers: null,
    files: null,
    loadChecks: null,
    clientsPerSecond: [0, 3, 5],
    actionsTaken: 4,
    changes: [{ at: NOW - 60_000, server: "web1:8000", event: "out", text: "is out: refused" }],
    dispersion: 1.25,
    servers,
    ...more,
  };
}

/** What a client would be answered, but for what is given. */
export function whyDocument(more: Partial<WhyDocument> = {}): WhyDocument {
  return {
    client: "192.0.2.1",
    target: "/",
    place: null,
    tiers: [{ name: "all", servers: ["web1:8000"] }],
    tier: "all",
    answer: "redirect",
    servers: [{ name: "web1:8000", probability: 1, reason: null, failure: null, since: null }],
    ...more,
  };
}
