/**
 * The status of a server, as `/healthz`, `/status.json` and `/metrics` of `--admin` show it. Points in
 * time are in milliseconds since the epoch, in JSON in ISO 8601; null stands for what is unknown or
 * does not apply. The names are those of the JSON, which are promises to programs.
 *
 * @module
 */

import type { Load } from "../http/load_report.ts";
import type { Validity } from "../process/certificate.ts";
import type { HttpServer } from "../process/http_server.ts";
import type { Counts, ServerLoad } from "../process/load_link.ts";
import type { Stop } from "../process/signals.ts";

/** What is known of the cache of files. */
export interface CacheStatus {
  /** Requests answered from memory. */
  readonly hits: number;
  /** Requests for which a file was opened. */
  readonly misses: number;
  /** Files in memory, and their bytes. */
  readonly entries: number;
  readonly bytes: number;
}

/** What a process that serves files counts. */
export type ServerCounts = {
  readonly totals: {
    readonly sentBytes: number;
    /** By status code. */
    readonly responses: Readonly<Record<string, number>>;
    readonly cacheHits: number;
    readonly cacheMisses: number;
  };
  readonly levels: {
    readonly connections: number;
    readonly cacheEntries: number;
    readonly cacheBytes: number;
  };
};

/** The status of all processes of a server together. */
export interface ServerStatus {
  readonly at: number;
  readonly version: string;
  readonly startedAt: number;
  readonly workers: number;
  /** Whether clients can connect. */
  readonly isListening: boolean;
  /** Whether it is about to stop, and still accepts. */
  readonly isDraining: boolean;
  /** Whether it accepts no more. */
  readonly isStopping: boolean;
  /** Clients that are connected. */
  readonly connections: number;
  readonly load: Load;
  /** Responses since it began, by status code. */
  readonly responses: Readonly<Record<string, number>>;
  /** Content sent since it began. */
  readonly sentBytes: number;
  readonly cache: CacheStatus;
  /** Descriptors of the processes that serve; null where they cannot be known. */
  readonly descriptors: { readonly open: number; readonly limit: number } | null;
  /** When its certificate is valid; null without TLS. */
  readonly certificate: Validity | null;
}

/** The processes that serve: this one, or its workers. */
export interface ServingProcesses {
  readonly pids: readonly number[];
  readonly load: Load;
  /** As `ServerCounts`, as far as they have been reported. */
  readonly counts: Counts;
}

/** Where a status comes from. */
export interface ServerStatusSources {
  readonly processes: ServingProcesses;
  /** Where clients connect. */
  readonly frontend: { readonly isListening: boolean };
  readonly certificate: { readonly validity: Validity } | undefined;
  readonly stop: Stop;
  /** What does not change while the server runs. */
  readonly constants: Pick<ServerStatus, "version" | "startedAt" | "workers">;
}

/** This process, where it serves itself. */
export function thisProcess(
  server: Pick<HttpServer, "openConnections">,
  files: { readonly cache: CacheStatus },
  load: Pick<ServerLoad, "meter" | "now">,
): ServingProcesses & { readonly counts: ServerCounts } {
  return {
    pids: [Deno.pid],
    get load(): Load {
      return load.now();
    },
    get counts(): ServerCounts {
      const { bytes: sentBytes, responses } = load.meter.sent;
      const { hits: cacheHits, misses: cacheMisses, entries, bytes } = files.cache;
      return {
        totals: { sentBytes, responses, cacheHits, cacheMisses },
        levels: { connections: server.openConnections, cacheEntries: entries, cacheBytes: bytes },
      };
    },
  };
}

const NONE: ServerCounts = {
  totals: { sentBytes: 0, responses: {}, cacheHits: 0, cacheMisses: 0 },
  levels: { connections: 0, cacheEntries: 0, cacheBytes: 0 },
};

/** Puts the status together. */
export async function serverStatus(
  { processes, frontend, certificate, stop, constants }: ServerStatusSources,
  epochMs: number,
): Promise<ServerStatus> {
  const descriptors = await descriptorsOf(processes.pids);
  const counted = processes.counts as Partial<ServerCounts>;
  const { sentBytes, responses, cacheHits, cacheMisses } = { ...NONE.totals, ...counted.totals };
  const { connections, cacheEntries, cacheBytes } = { ...NONE.levels, ...counted.levels };
  return {
    at: epochMs,
    ...constants,
    isListening: frontend.isListening,
    isDraining: stop.draining.aborted && !stop.signal.aborted,
    isStopping: stop.signal.aborted,
    connections,
    load: processes.load,
    responses,
    sentBytes,
    cache: { hits: cacheHits, misses: cacheMisses, entries: cacheEntries, bytes: cacheBytes },
    descriptors,
    certificate: certificate?.validity ?? null,
  };
}

/** Members that are points in time. */
const TIMES = ["at", "startedAt", "validFrom", "expiresAt"];

/** Writes a status as JSON. */
export function statusText(status: ServerStatus): string {
  return JSON.stringify(status, (name, value: unknown) => {
    if (name === "bytesPerSecond") return Math.round(Number(value));
    if (name === "utilization") return Math.round(Number(value) * 1000) / 1000;
    return TIMES.includes(name) ? new Date(Number(value)).toISOString() : value;
  });
}

const ALL = "import read write net env sys run ffi".split(" ");

/** Deno lets only a process that is allowed everything read `/proc`, and may ask its user else. */
async function mayReadProc(): Promise<boolean> {
  const states = ALL.map((name) => Deno.permissions.query({ name } as Deno.PermissionDescriptor));
  return (await Promise.all(states)).every(({ state }) => state === "granted");
}

/** The descriptors of processes, all together; null where the system does not tell. */
async function descriptorsOf(pids: readonly number[]): Promise<ServerStatus["descriptors"]> {
  if (Deno.build.os !== "linux" || !await mayReadProc()) return null;
  let [open, limit] = [0, 0];
  for (const pid of pids) {
    try {
      // Linux gives their number as the size of the directory since 6.2.
      const { size } = await Deno.stat(`/proc/${pid}/fd`);
      open += size || [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
      const limits = await Deno.readTextFile(`/proc/${pid}/limits`);
      limit += Number(/^Max open files +(\d+)/m.exec(limits)?.[1]);
    } catch {
      continue; // It has just ended, or belongs to another user.
    }
  }
  return open > 0 && limit > 0 ? { open, limit } : null;
}
