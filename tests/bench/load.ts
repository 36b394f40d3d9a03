import { CommandError } from "../../lib/cli/command.ts";
import { say } from "../../lib/log/console.ts";
import type { BenchRunner, Contestant } from "./bench_runner.ts";
import type { Child, Cores } from "./processes.ts";
import { pathOf } from "./recipes.ts";
import type { Subject } from "./results.ts";

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

/** What came of a load; times and CPU are the contestant's. */
export interface LoadFigures {
  readonly "requests/s": number;
  readonly "GiB/s": number;
  readonly "median ms": number;
  readonly "99 % ms": number;
  readonly "CPU µs/request": number;
  /** Where connections end. */
  readonly "CPU µs/connection": number;
  readonly "CPU ms/GiB": number;
  /** How much of a core it used; far below 100 it waited for the load. */
  readonly "core busy %": number;
}

/** What load.lua prints. */
interface WrkReport {
  readonly requests: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly errors: number;
  readonly medianMs: number;
  readonly p99Ms: number;
}

const GIB = 1024 ** 3;

/** Asks a contestant for one path with wrk, on the core of the load. */
export async function load(
  bench: BenchRunner,
  contestant: Contestant,
  path: string,
  options: LoadOptions = {},
): Promise<LoadFigures & { readonly requests: number }> {
  const { connections = 64, pipelined = 1, perConnection = 0 } = options;
  const { seconds = bench.options.seconds } = options;
  // A thread that has one connection can count its requests.
  const threads = perConnection > 1 && pipelined === 1 ? connections : 1;
  const before = contestant.cpuSeconds;
  const { stdout } = await bench.run([
    "wrk",
    `-t${threads}`,
    `-c${connections}`,
    `-d${seconds}`,
    "--timeout=10s",
    `-s${pathOf("load.lua")}`,
    `${contestant.origin}${path}`,
    "--",
    `${pipelined}`,
    `${perConnection}`,
  ]);
  const cpu = contestant.cpuSeconds - before;
  const report = JSON.parse(stdout.trimEnd().split("\n").at(-1)!) as WrkReport;
  const { requests, bytes, errors } = report;
  if (requests === 0) throw new CommandError(`${contestant.name} answered nothing`, 1);
  if (errors > 0) say(`bench: ${contestant.name}: wrk met ${errors} errors`);
  return {
    requests,
    "requests/s": requests / report.seconds,
    "GiB/s": bytes / GIB / report.seconds,
    "median ms": report.medianMs,
    "99 % ms": report.p99Ms,
    "CPU µs/request": cpu * 1e6 / requests,
    "CPU µs/connection": cpu * 1e6 / requests * perConnection,
    "CPU ms/GiB": cpu * 1e3 / (bytes / GIB),
    "core busy %": cpu / report.seconds * 100,
  };
}

/** What is measured where, and how it is asked for. */
export interface LoadMeasurement {
  readonly subject: Subject;
  readonly path: string;
  readonly metrics: readonly (keyof LoadFigures)[];
  readonly options?: LoadOptions;
}

/** Loads each contestant, and adds these metrics to the results. */
export async function measureLoad(
  bench: BenchRunner,
  contestants: readonly Contestant[],
  { subject, path, metrics, options }: LoadMeasurement,
): Promise<void> {
  for (const contestant of contestants) {
    const figures = await load(bench, contestant, path, options);
    const chosen = metrics.map((metric) => [metric, figures[metric]]);
    bench.results.add(subject, contestant.name, Object.fromEntries(chosen));
  }
}

/** Loads those contestants whose code is compiled while it runs. */
export async function warmUp(
  bench: BenchRunner,
  contestants: readonly Contestant[],
  path: string,
  options: LoadOptions = {},
): Promise<void> {
  for (const contestant of contestants) {
    if (contestant.isCompiledLate) await load(bench, contestant, path, { ...options, seconds: 1 });
  }
}

/** What was read of one file; CPU is the contestant's. */
export interface ReadFigures {
  readonly bytes: number;
  readonly "GiB/s": number;
  readonly "CPU ms/GiB": number;
}

/** Starts a reader of one file, for some seconds or, when 0, for one whole download. */
export function startReader(
  bench: BenchRunner,
  on: keyof Cores,
  { origin }: Contestant,
  path: string,
  seconds: number,
): Child {
  const script = ["run", "--allow-net", pathOf("reader.ts")];
  const words = [Deno.execPath(), ...script, `${origin}${path}`, `${seconds}`];
  return bench.spawn(on, words, "kept");
}

/** The figures of a reader, once it has ended. */
export async function readerFigures(
  contestant: Contestant,
  reader: Child,
  cpuSecondsBefore: number,
): Promise<ReadFigures> {
  const { code, stdout, stderr } = await reader.ended;
  if (code !== 0) throw new Error(`A download from ${contestant.name} failed: ${stderr}`);
  const { bytes, seconds } = JSON.parse(stdout) as { bytes: number; seconds: number };
  const cpu = contestant.cpuSeconds - cpuSecondsBefore;
  const gib = bytes / GIB;
  return { bytes, "GiB/s": gib / seconds, "CPU ms/GiB": cpu * 1000 / gib };
}

/** Reads one file on the core of the load, for some seconds or, when 0, once. */
export async function read(
  bench: BenchRunner,
  contestant: Contestant,
  path: string,
  seconds: number,
): Promise<ReadFigures> {
  const before = contestant.cpuSeconds;
  const reader = startReader(bench, "load", contestant, path, seconds);
  return await readerFigures(contestant, reader, before);
}
