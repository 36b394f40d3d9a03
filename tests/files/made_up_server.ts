import type { ServerStatus } from "../../lib/files/server_status.ts";

const NOW = Date.UTC(2026, 0, 2);

/** A status with all that can be known. */
export function madeUpServer(more: Partial<ServerStatus> = {}): ServerStatus {
  return {
    ...{ at: NOW, version: "1.2.3", startedAt: NOW - 5000, workers: 2 },
    ...{ isListening: true, isDraining: false, isStopping: false, connections: 3 },
    load: { openTransfers: 1, pendingBytes: 70, bytesPerSecond: 1 / 3, utilization: 1 / 3 },
    responses: { 200: 5, 404: 1 },
    sentBytes: 1234,
    cache: { hits: 4, misses: 1, entries: 1, bytes: 10 },
    descriptors: { open: 20, limit: 1024 },
    certificate: { validFrom: NOW - 1000, expiresAt: NOW + 1000 },
    ...more,
  };
}
