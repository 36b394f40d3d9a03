import { fromFileUrl, join } from "@std/path";
import { CommandError } from "../../lib/cli/command.ts";
import { say } from "../../lib/log/console.ts";
import { manyOctets } from "../support/farm.ts";
import { PROJECT } from "../support/role.ts";
import type { Arena } from "./arena.ts";
import { checkFile } from "./check.ts";
import { writeHuge } from "./files.ts";
import { nginx } from "./nginx.ts";
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
const BARE = fromFileUrl(new URL("bare.ts", import.meta.url));

/** Our client; without all permissions Deno lets nobody write into /dev/shm. */
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
export async function client(arena: Arena): Promise<void> {
  const root = arena.directory.join("origin");
  const small = manyOctets(1024);
  await arena.directory.write("origin/1k.bin", small);
  writeHuge(arena.directory.join("origin/1g.bin"), manyOctets(1024 ** 2));
  await using origin = await arena.start(nginx("nginx", `root ${root};`));
  if (origin === undefined) return;
  await checkFile(origin, "/1k.bin", small);
  const downloaders = [OURS, ...PEERS].filter(({ program, name }) => arena.find(program, name));
  for (let round = 1; round <= arena.choices.rounds; round++) {
    say(`bench: client, round ${round} of ${arena.choices.rounds}`);
    await measureRound(arena, downloaders, origin.origin);
  }
  await Deno.remove(join(root, "1g.bin"));
}

async function measureRound(
  arena: Arena,
  downloaders: readonly Downloader[],
  origin: string,
): Promise<void> {
  const file = join(arena.received, "file");
  for (const { name, program, args } of downloaders) {
    const words = [arena.find(program, name)!, ...args(`${origin}/1g.bin`, file)];
    warmMemory(file);
    arena.results.add("client, 1 GiB to a file in memory", name, { ms: await time(arena, words) });
    expectSize(name, file, GIB);
    Deno.removeSync(file);
  }
  // aria2c wants a file that it can seek in.
  for (const { name, program, args } of downloaders.filter(({ name }) => name !== "aria2c")) {
    const where = program === "wget" || program === "curl" ? "/dev/null" : "-";
    const words = [arena.find(program, name)!, ...args(`${origin}/1g.bin`, where)];
    arena.results.add("client, 1 GiB to /dev/null", name, { ms: await time(arena, words) });
  }
  for (const { name, program, args } of downloaders) {
    const words = [arena.find(program, name)!, ...args(`${origin}/1k.bin`, file)];
    const ms = await time(arena, repeated(words)) / TIMES;
    arena.results.add("client, fifty times 1 KiB, each", name, { ms });
    expectSize(name, file, 1024);
    Deno.removeSync(file);
  }
  const bare = repeated([Deno.execPath(), "run", BARE]);
  const ms = await time(arena, bare) / TIMES;
  arena.results.add("client, fifty times 1 KiB, each", "deno run that prints", { ms });
}

/**
 * Uses the memory that the file will need. A virtual machine's host may have taken back what nobody
 * used for some seconds, and whoever came first in a round would have to get it: 100 of 500 ms.
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
async function time(arena: Arena, words: readonly string[]): Promise<number> {
  const start = performance.now();
  await arena.run(words, "discarded");
  return performance.now() - start;
}

function expectSize(name: Name, file: string, size: number): void {
  const actual = Deno.statSync(file).size;
  if (actual !== size) throw new CommandError(`${name} saved ${actual} bytes of ${size}`, 1);
}
