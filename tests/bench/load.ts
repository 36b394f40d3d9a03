import { fromFileUrl } from "@std/path";
import { CommandError } from "../../lib/cli/command.ts";
import { say } from "../../lib/log/console.ts";
import type { Arena } from "./arena.ts";
import type { Contestant } from "./contestant.ts";

/** How wrk asks. */
export interface LoadOptions {
  /** At a time; each sends the next request once the answer to the one before is there. */
  readonly connections?: number;
  /** Requests that are sent together. */
  readonly pipelined?: number;
  /** Requests until a connection is closed: as many as are sent together, if any are; 0: no end. */
  readonly perConnection?: number;
  readonly seconds?: number;
}

/** What came of it. */
export interface LoadFigures {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly gibPerSecond: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  /** Of the contestant. */
  readonly cpuMicrosPerRequest: number;
  readonly cpuMsPerGib: number;
  /** How much of a core the contestant used; far below 100 it waited for the load. */
  readonly busyPercent: number;
}

const SCRIPT = fromFileUrl(new URL("load.lua", import.meta.url));

/** Asks a contestant for one path with wrk, on the core of the load. */
export async function load(
  arena: Arena,
  contestant: Contestant,
  path: string,
  options: LoadOptions = {},
): Promise<LoadFigures> {
  const { connections = 64, pipelined = 1, perConnection = 0 } = options;
  const { seconds = arena.choices.seconds } = options;
  // A thread that has one connection can count its requests.
  const threads = perConnection > 1 && pipelined === 1 ? connections : 1;
  const before = contestant.cpuSeconds;
  const { stdout } = await arena.run([
    ...["wrk", `-t${threads}`, `-c${connections}`, `-d${seconds}`, "--timeout=10s", `-s${SCRIPT}`],
    ...[`${contestant.origin}${path}`, "--", `${pipelined}`, `${perConnection}`],
  ]);
  const cpu = contestant.cpuSeconds - before;
  const told = JSON.parse(stdout.trimEnd().split("\n").at(-1)!) as Told;
  if (told.requests === 0) throw new CommandError(`${contestant.name} answered nothing`, 1);
  if (told.errors > 0) say(`bench: ${contestant.name}: wrk met ${told.errors} errors`);
  return {
    requests: told.requests,
    requestsPerSecond: told.requests / told.seconds,
    gibPerSecond: told.bytes / GIB / told.seconds,
    medianMs: told.medianMs,
    p99Ms: told.p99Ms,
    cpuMicrosPerRequest: cpu * 1e6 / told.requests,
    cpuMsPerGib: cpu * 1e3 / (told.bytes / GIB),
    busyPercent: cpu / told.seconds * 100,
  };
}

/** Lets those be compiled that are compiled while they run. */
export async function warmUp(
  arena: Arena,
  contestants: readonly Contestant[],
  path: string,
  options: LoadOptions = {},
): Promise<void> {
  for (const contestant of contestants) {
    if (contestant.isCompiledLate) await load(arena, contestant, path, { ...options, seconds: 1 });
  }
}

const GIB = 1024 ** 3;

/** What load.lua prints. */
interface Told {
  readonly requests: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly errors: number;
  readonly medianMs: number;
  readonly p99Ms: number;
}
