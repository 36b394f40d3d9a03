import { join } from "@std/path";
import { CommandError } from "../../lib/cli/command.ts";
import { say } from "../../lib/log/console.ts";
import { manyOctets } from "../support/farm.ts";
import { Process } from "../support/process.ts";
import { listening, type ListeningRole, PROJECT } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";
import type { BenchRunner } from "./bench_runner.ts";
import { Inspector } from "./inspector.ts";
import type { Subject } from "./results.ts";

/** So many requests create and fill what later ones find. */
const WARM_UP = 20;
/** So many are counted, each for itself. */
const REQUESTS = 10;
/** What follows a reply, such as the end of the connection, has run after so long. */
const SETTLE_MS = 100;
/** What initialises fields, and accessors: V8 has functions for them, a reader has fields. */
const FIELD = /: (?:<[a-z_]+>$|get |set )/;
const ROOT = import.meta.resolve("../../");

/** How many of our files and functions one request runs through. */
export async function coverage(bench: BenchRunner): Promise<void> {
  const names = Array.from({ length: REQUESTS }, (_, i) => `new-${i}.bin`);
  await using directory = await TemporaryDirectory.with();
  for (const name of ["cached.bin", ...names]) await directory.write(name, manyOctets(1024));
  await using server = await inspected("server", [directory.path], ["--allow-read"]);
  using files = await inspectorOf(server);
  const cached = () => getOnce(server.port, "/cached.bin", 200);
  await measure(bench, files, "code that runs for a GET of a cached file", cached, cached);
  const uncached = () => getOnce(server.port, `/${names.pop()}`, 200);
  await measure(bench, files, "code that runs for a GET of a new file", cached, uncached);
  await using balancer = await inspected("balancer", ["--interval=1h", server.authority]);
  using redirects = await inspectorOf(balancer);
  const redirect = () => getOnce(balancer.port, "/cached.bin", 301);
  await measure(bench, redirects, "code that runs for a redirect", redirect, redirect);
}

/** Starts a role that can be inspected: not as others are, since `--quiet` hides where. */
async function inspected(
  name: "server" | "balancer",
  args: readonly string[],
  permissions: readonly string[] = [],
): Promise<ListeningRole> {
  const flags = ["--inspect=127.0.0.1:0", "--allow-net", ...permissions];
  const script = [join(PROJECT, `${name}.ts`), "--host=127.0.0.1", "--port=0"];
  return await listening(new Process(Deno.execPath(), ["run", ...flags, ...script, ...args]));
}

async function inspectorOf({ process }: ListeningRole): Promise<Inspector> {
  return await Inspector.connect(await process.stderr.next(/^Debugger listening on /));
}

/**
 * What runs between the moment before one request and that after the end of its connection: the
 * fewest functions of several requests, since timers run beside some of them.
 */
async function measure(
  bench: BenchRunner,
  inspector: Inspector,
  subject: Subject,
  warmUp: () => Promise<void>,
  request: () => Promise<void>,
): Promise<void> {
  for (let i = 0; i < WARM_UP; i++) await warmUp();
  const all: string[][] = [];
  for (let i = 0; i < REQUESTS; i++) {
    await pause();
    await inspector.takeCoverage(ROOT);
    await request();
    await pause();
    const functions = await inspector.takeCoverage(ROOT);
    all.push(functions.filter((it) => !FIELD.test(it)));
  }
  const [fewest = []] = all.sort((a, b) => a.length - b.length);
  const files = Map.groupBy(fewest, (it) => it.slice(0, it.indexOf(":")));
  bench.results.add(subject, "ours", { files: files.size, functions: fewest.length });
  say(`bench: ${subject}, functions in each file:`);
  for (const [file, { length }] of files) say(`${`${length}`.padStart(5)} ${file}`);
}

/** Asks once on a connection of its own, and reads until it is closed. */
async function getOnce(port: number, path: string, statusCode: number): Promise<void> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`;
  await connection.write(new TextEncoder().encode(request));
  const buffer = new Uint8Array(16 * 1024);
  let response = "";
  for (let count; (count = await connection.read(buffer)) !== null;) {
    response += new TextDecoder("latin1").decode(buffer.subarray(0, count));
  }
  if (response.startsWith(`HTTP/1.1 ${statusCode} `)) return;
  throw new CommandError(`${path} was answered with ${response.slice(0, 100)}`, 1);
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
}
