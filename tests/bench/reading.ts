import { fromFileUrl } from "@std/path";
import type { Arena } from "./arena.ts";
import type { Child } from "./child.ts";
import type { Contestant } from "./contestant.ts";
import type { Cores } from "./cores.ts";

/** What a reader read. */
export interface Reading {
  readonly bytes: number;
  readonly gibPerSecond: number;
  /** Of the contestant. */
  readonly cpuMsPerGib: number;
}

const READER = fromFileUrl(new URL("reader.ts", import.meta.url));
const GIB = 1024 ** 3;

/** Starts a reader of one file, for some seconds or, when 0, for one whole download. */
export function startReader(
  arena: Arena,
  on: keyof Cores,
  { origin }: Contestant,
  path: string,
  seconds: number,
): Child {
  const words = [Deno.execPath(), "run", "--allow-net", READER, `${origin}${path}`, `${seconds}`];
  return arena.spawn(on, words, "kept");
}

/** What a reader has read when it ends. */
export async function readingOf(
  contestant: Contestant,
  reader: Child,
  cpuSecondsBefore: number,
): Promise<Reading> {
  const { code, stdout, stderr } = await reader.ended;
  if (code !== 0) throw new Error(`A download from ${contestant.name} failed: ${stderr}`);
  const { bytes, seconds } = JSON.parse(stdout) as { bytes: number; seconds: number };
  const cpu = contestant.cpuSeconds - cpuSecondsBefore;
  const gib = bytes / GIB;
  return { bytes, gibPerSecond: gib / seconds, cpuMsPerGib: cpu * 1000 / gib };
}

/** Reads one file for some seconds or, when 0, once. */
export async function read(
  arena: Arena,
  contestant: Contestant,
  path: string,
  seconds: number,
): Promise<Reading> {
  const before = contestant.cpuSeconds;
  const reader = startReader(arena, "load", contestant, path, seconds);
  return await readingOf(contestant, reader, before);
}
