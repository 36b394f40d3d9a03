import { join } from "@std/path";
import { CommandError } from "../../lib/cli/command.ts";
import { manyOctets } from "../support/farm.ts";
import { PROJECT } from "../support/role.ts";
import type { BenchRunner } from "./bench_runner.ts";
import { checkFile } from "./check.ts";
import { writeHuge } from "./files.ts";
import { nginx } from "./recipes.ts";
import type { Name } from "./results.ts";

/** A program that downloads. */
interface Downloader {
  readonly name: Name;
  readonly program: "deno" | "curl" | "wget" | "aria2c";
  /** Its arguments; a file that is there already is written anew. */
  readonly args: (url: string, file: string) => string[];
}

const TIMES = 50;
const GIB = 1024 ** 3;
/** The least that a program on Deno can do for a user: the client's start-up is compared with it. */
const BARE = 'Deno.stdout.writeSync(new TextEncoder().encode("done\\n"));\n';

/** Our client; without all permissions Deno refuses to write into /dev/shm. */
const OURS: Downloader = {
  name: "ours",
  program: "deno",
  args: (url, file) => ["run", "-A", join(PROJECT, "client.ts"), `--output=${file}`, url],
};

const PEERS: readonly Downloader[] = [
  { name: "curl", program: "curl", args: (url, file) => ["-sSf", "-o", file, url] },
  { name: "wget", program: "wget", args: (url, file) => ["-q", "-O", file, url] },
  {
    name: "aria2c",
    program: "aria2c",
    args: (url, file) => {
      const slash = file.lastIndexOf("/");
      const where = [`--dir=${file.slice(0, slash)}`, `--out=${file.slice(slash + 1)}`];
      const flags = ["--quiet", "--no-conf", "--allow-overwrite=true", "--file-allocation=none"];
      return [...flags, ...where, url];
    },
  },
];

/** Our client beside other programs that download, each from the same nginx. */
export async function client(bench: BenchRunner): Promise<void> {
  const root = bench.directory.join("origin");
  const small = manyOctets(1024);
  await bench.directory.write("origin/1k.bin", small);
  writeHuge(bench.directory.join("origin/1g.bin"), manyOctets(1024 ** 2));
  await using origin = await bench.start(nginx("nginx", `root ${root};`));
  if (origin === undefined) return;
  await checkFile(origin, "/1k.bin", small);
  const downloaders = [OURS, ...PEERS].filter(({ program, name }) => bench.find(program, name));
  await bench.directory.write("bare.ts", BARE);
  await bench.repeat("client", () => measureRound(bench, downloaders, origin.origin));
  await Deno.remove(join(root, "1g.bin"));
}

async function measureRound(
  bench: BenchRunner,
  downloaders: readonly Downloader[],
  origin: string,
): Promise<void> {
  const file = join(bench.received, "file");
  for (const { name, program, args } of downloaders) {
    const words = [bench.find(program, name)!, ...args(`${origin}/1g.bin`, file)];
    warmMemory(file);
    bench.results.add("client, 1 GiB to a file in memory", name, { ms: await time(bench, words) });
    expectSize(name, file, GIB);
    Deno.removeSync(file);
  }
  // aria2c wants a file that it can seek in.
  for (const { name, program, args } of downloaders.filter(({ name }) => name !== "aria2c")) {
    const where = program === "wget" || program === "curl" ? "/dev/null" : "-";
    const words = [bench.find(program, name)!, ...args(`${origin}/1g.bin`, where)];
    bench.results.add("client, 1 GiB to /dev/null", name, { ms: await time(bench, words) });
  }
  for (const { name, program, args } of downloaders) {
    const words = [bench.find(program, name)!, ...args(`${origin}/1k.bin`, file)];
    const ms = await time(bench, repeated(words)) / TIMES;
    bench.results.add("client, fifty times 1 KiB, each", name, { ms });
    expectSize(name, file, 1024);
    Deno.removeSync(file);
  }
  const bare = repeated([Deno.execPath(), "run", bench.directory.join("bare.ts")]);
  const ms = await time(bench, bare) / TIMES;
  bench.results.add("client, fifty times 1 KiB, each", "deno run that prints", { ms });
}

/**
 * Uses the memory that the file will need. The host of a virtual machine may take back memory that was unused
 * for some seconds, and the first program of a round would have to get it: 100 of 500 ms.
 */
function warmMemory(file: string): void {
  writeHuge(file, new Uint8Array(1024 ** 2));
  Deno.removeSync(file);
}

/** The command, some times one after the other, until one fails. */
function repeated(words: readonly string[]): string[] {
  const loop = `i=0; while [ $i -lt ${TIMES} ]; do "$@" >/dev/null || exit 1; i=$((i+1)); done`;
  return ["sh", "-c", loop, "sh", ...words];
}

/** How long a program takes from start to end, in ms. */
async function time(bench: BenchRunner, words: readonly string[]): Promise<number> {
  const start = performance.now();
  await bench.run(words, "discarded");
  return performance.now() - start;
}

function expectSize(name: Name, file: string, size: number): void {
  const actual = Deno.statSync(file).size;
  if (actual !== size) throw new CommandError(`${name} saved ${actual} bytes of ${size}`, 1);
}
