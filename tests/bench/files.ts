import { CommandError } from "../../lib/cli/command.ts";
import { say } from "../../lib/log/console.ts";
import { manyOctets } from "../support/farm.ts";
import type { Arena } from "./arena.ts";
import { checkFile } from "./check.ts";
import type { Contestant } from "./contestant.ts";
import { fileServers } from "./file_servers.ts";
import { load, warmUp } from "./load.ts";
import { read, readingOf, startReader } from "./reading.ts";
import type { Name } from "./results.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

const SMALL = "/1k.bin";
const HUGE = "/1g.bin";

/** Connections that read 10 MiB each: with 64, wrk reads half as fast and limits what is sent. */
const LARGE_CONNECTIONS = 4;
/** Connections that ask for the small file while the huge one is read. */
const BESIDE_CONNECTIONS = 8;
/** The reader is under way when the load begins. */
const HEAD_START_MS = 200;

/** Who takes part where not all do. */
const ONE_NGINX: readonly Name[] = ["ours", "nginx", "lighttpd", "Deno.serve"];
const BESIDE: readonly Name[] = ["ours", "nginx"];

/** Our server beside other file servers. */
export async function files(arena: Arena): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const large = manyOctets(10 * MIB);
  const contents = {
    [SMALL]: large.subarray(0, KIB),
    "/100k.bin": large.subarray(0, 100 * KIB),
    "/10m.bin": large,
  };
  for (const [path, content] of Object.entries(contents)) {
    await arena.directory.write(`root${path}`, content);
  }
  writeHuge(arena.directory.join(`root${HUGE}`), large);
  const contestants = await arena.startAll(fileServers(arena.directory.join("root")), stack);
  for (const contestant of contestants) {
    for (const [path, content] of Object.entries(contents)) {
      await checkFile(contestant, path, content);
    }
    const { bytes } = await read(arena, contestant, HUGE, 0);
    if (bytes !== GIB) throw new CommandError(`${contestant.name} sends ${bytes} of 1 GiB`, 1);
  }
  await warmUp(arena, contestants, SMALL);
  for (let round = 1; round <= arena.choices.rounds; round++) {
    say(`bench: files, round ${round} of ${arena.choices.rounds}`);
    await measureRound(arena, contestants);
  }
  await Deno.remove(arena.directory.join(`root${HUGE}`));
}

/** 1 GiB of no pattern that memory or disk could leave out, on disk before anything is measured. */
export function writeHuge(path: string, piece: Uint8Array): void {
  using file = Deno.openSync(path, { write: true, create: true, truncate: true });
  for (let left = GIB; left > 0;) left -= file.writeSync(piece.subarray(0, left));
  file.syncSync();
}

async function measureRound(arena: Arena, contestants: readonly Contestant[]): Promise<void> {
  for (const contestant of contestants) await measureSmall(arena, contestant);
  const fewer = contestants.filter(({ name }) => ONE_NGINX.includes(name));
  for (const contestant of fewer) {
    const figures = await load(arena, contestant, "/100k.bin");
    arena.results.add("file of 100 KiB", contestant.name, {
      "requests/s": figures.requestsPerSecond,
      "CPU µs/request": figures.cpuMicrosPerRequest,
      "core busy %": figures.busyPercent,
    });
  }
  for (const contestant of fewer) {
    const figures = await load(arena, contestant, "/10m.bin", { connections: LARGE_CONNECTIONS });
    arena.results.add("file of 10 MiB", contestant.name, {
      "GiB/s": figures.gibPerSecond,
      "CPU ms/GiB": figures.cpuMsPerGib,
      "core busy %": figures.busyPercent,
    });
  }
  for (const contestant of fewer) {
    const figures = await read(arena, contestant, HUGE, arena.choices.seconds);
    arena.results.add("file of 1 GiB", contestant.name, {
      "GiB/s": figures.gibPerSecond,
      "CPU ms/GiB": figures.cpuMsPerGib,
    });
  }
  const beside = contestants.filter(({ name }) => BESIDE.includes(name));
  for (const contestant of beside) await measureBeside(arena, contestant);
}

async function measureSmall(arena: Arena, contestant: Contestant): Promise<void> {
  const figures = await load(arena, contestant, SMALL);
  arena.results.add("file of 1 KiB, keep-alive", contestant.name, {
    "requests/s": figures.requestsPerSecond,
    "CPU µs/request": figures.cpuMicrosPerRequest,
    "median ms": figures.medianMs,
    "99 % ms": figures.p99Ms,
    "core busy %": figures.busyPercent,
  });
}

/** How long small answers take while a huge file is read as fast as it comes. */
async function measureBeside(arena: Arena, contestant: Contestant): Promise<void> {
  const before = contestant.cpuSeconds;
  const seconds = arena.choices.seconds + HEAD_START_MS / 1000;
  const reader = startReader(arena, "download", contestant, HUGE, seconds);
  await new Promise((resolve) => setTimeout(resolve, HEAD_START_MS));
  const answers = await load(arena, contestant, SMALL, { connections: BESIDE_CONNECTIONS });
  const { gibPerSecond } = await readingOf(contestant, reader, before);
  arena.results.add("1 KiB answers while a 1 GiB download runs", contestant.name, {
    "median ms": answers.medianMs,
    "99 % ms": answers.p99Ms,
    "requests/s": answers.requestsPerSecond,
  });
  arena.results.add("the 1 GiB download beside them", contestant.name, { "GiB/s": gibPerSecond });
}
