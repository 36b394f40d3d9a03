import { CommandError } from "../../lib/cli/command.ts";
import { manyOctets } from "../support/farm.ts";
import type { BenchRunner, Contestant } from "./bench_runner.ts";
import { checkFile } from "./check.ts";
import {
  type LoadMeasurement,
  measureLoad,
  read,
  readerFigures,
  startReader,
  warmUp,
} from "./load.ts";
import { denoFiles, lighttpd, nginx, type Recipe, server } from "./recipes.ts";
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

/** Contestants, where not all take part. */
const ONE_NGINX: readonly Name[] = ["ours", "nginx", "lighttpd", "Deno.serve"];
const BESIDE: readonly Name[] = ["ours", "nginx"];

const KEPT: LoadMeasurement = {
  subject: "file of 1 KiB, keep-alive",
  path: SMALL,
  metrics: ["requests/s", "CPU µs/request", "median ms", "99 % ms", "core busy %"],
};

const LARGER: readonly LoadMeasurement[] = [
  {
    subject: "file of 100 KiB",
    path: "/100k.bin",
    metrics: ["requests/s", "CPU µs/request", "core busy %"],
  },
  {
    subject: "file of 10 MiB",
    path: "/10m.bin",
    metrics: ["GiB/s", "CPU ms/GiB", "core busy %"],
    options: { connections: LARGE_CONNECTIONS },
  },
];

/** Our server beside other file servers. */
export async function files(bench: BenchRunner): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const large = manyOctets(10 * MIB);
  const contents = {
    [SMALL]: large.subarray(0, KIB),
    "/100k.bin": large.subarray(0, 100 * KIB),
    "/10m.bin": large,
  };
  for (const [path, content] of Object.entries(contents)) {
    await bench.directory.write(`root${path}`, content);
  }
  writeHuge(bench.directory.join(`root${HUGE}`), large);
  const contestants = await bench.startAll(recipesOf(bench.directory.join("root")), stack);
  for (const contestant of contestants) {
    for (const [path, content] of Object.entries(contents)) {
      await checkFile(contestant, path, content);
    }
    const { bytes } = await read(bench, contestant, HUGE, 0);
    if (bytes !== GIB) throw new CommandError(`${contestant.name} sends ${bytes} of 1 GiB`, 1);
  }
  await warmUp(bench, contestants, SMALL);
  await bench.repeat("files", () => measureRound(bench, contestants));
  await Deno.remove(bench.directory.join(`root${HUGE}`));
}

/** All contestants, with the files under a root. */
function recipesOf(root: string): Recipe[] {
  const cache = "open_file_cache max=100 inactive=300s; open_file_cache_valid 300s;";
  return [
    server("ours", root),
    nginx("nginx", `root ${root};`),
    nginx("nginx open_file_cache", `root ${root};`, cache),
    lighttpd(root),
    denoFiles(root),
  ];
}

/** 1 GiB of no pattern that memory or disk could leave out, on disk before anything is measured. */
export function writeHuge(path: string, piece: Uint8Array): void {
  using file = Deno.openSync(path, { write: true, create: true, truncate: true });
  for (let left = GIB; left > 0;) left -= file.writeSync(piece.subarray(0, left));
  file.syncSync();
}

async function measureRound(
  bench: BenchRunner,
  contestants: readonly Contestant[],
): Promise<void> {
  await measureLoad(bench, contestants, KEPT);
  const fewer = contestants.filter(({ name }) => ONE_NGINX.includes(name));
  for (const measurement of LARGER) await measureLoad(bench, fewer, measurement);
  for (const contestant of fewer) {
    const { bytes: _, ...figures } = await read(bench, contestant, HUGE, bench.options.seconds);
    bench.results.add("file of 1 GiB", contestant.name, figures);
  }
  const beside = contestants.filter(({ name }) => BESIDE.includes(name));
  for (const contestant of beside) await measureBeside(bench, contestant);
}

/** How long small answers take while a huge file is read as fast as it comes. */
async function measureBeside(bench: BenchRunner, contestant: Contestant): Promise<void> {
  const before = contestant.cpuSeconds;
  const seconds = bench.options.seconds + HEAD_START_MS / 1000;
  const reader = startReader(bench, "download", contestant, HUGE, seconds);
  await new Promise((resolve) => setTimeout(resolve, HEAD_START_MS));
  await measureLoad(bench, [contestant], {
    subject: "1 KiB answers while a 1 GiB download runs",
    path: SMALL,
    metrics: ["median ms", "99 % ms", "requests/s"],
    options: { connections: BESIDE_CONNECTIONS },
  });
  const { "GiB/s": speed } = await readerFigures(contestant, reader, before);
  bench.results.add("the 1 GiB download beside them", contestant.name, { "GiB/s": speed });
}
