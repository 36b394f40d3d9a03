// A day in fast motion: a farm whose servers die, hang, slow down and return, whose list changes,
// and whose balancer loses workers, while clients download through it without a pause.
//
//   deno task day [--seconds=600] [--seed=1] [--clients=20] [--interval=1s]

import { runCommand } from "../../lib/cli/arguments.ts";
import { count, duration, option, optional, type ValueParser } from "../../lib/cli/option.ts";
import { print } from "../../lib/log/console.ts";
import {
  DownloadCounts,
  type DownloadResult,
  downloadToFile,
  keepDownloading,
} from "../harness/downloads.ts";
import { type RunClock, runFor } from "../harness/run_for.ts";
import { sha256Of } from "../misbehaviour/digest.ts";
import { childrenOf } from "../support/children.ts";
import { randomInteger, seededRandom } from "../support/random.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";
import { FaultInjector, planOf, type Step } from "./faults.ts";
import { openScene, type Scene, type WantedFile } from "./scene.ts";
import { StateLog } from "./state_log.ts";
import {
  DetectionTimes,
  ownAccount,
  type Redirected,
  redirectsIn,
  type Verdict,
  verdictOn,
} from "./verdict.ts";

/** What starting, settling and the last downloads take beside the day, generously. */
const ASIDE_MS = 600_000;

/** After the last download: what is still open then stays open. */
const REST_MS = 3000;

/** When the memory and descriptors of the balancer are counted, as parts of the day. */
const USAGE_TIMES = [0.1, 0.5, 0.98];

const SHOWN_RECORDS = 20;

/** How long a client waits for a server that is silent. */
const CLIENT_TIMEOUT_MS = 5000;

const FILE: ValueParser<string> = {
  placeholder: "FILE",
  expected: "a name",
  parse: (name) => name,
};

await runCommand({
  name: "day",
  permissions: "-A",
  synopsis: "[OPTIONS]",
  summary: "Lets clients download through balancer.ts without a pause from six servers, half of " +
    "them nginx, that are killed, stopped, slowed and brought back; rewrites the list, with a " +
    "mistake in it now and then, and kills workers. Shows what clients saw, how soon each fault " +
    "was noticed, what the balancer took up, and whether all that it said makes sense.",
  operands: {},
  options: {
    seconds: option(count(10, 86_400), "600", "how long"),
    clients: option(count(1, 1000), "20", "how many download at a time"),
    interval: option(duration(), "1s", "the balancer's time between performance tests"),
    seed: option(count(0, 2 ** 30), "1", "that of the files, the faults and who asks for what"),
    keep: optional(FILE, "where to write all that the balancer said, and whom it turned away"),
  },
  notes: "",
}, async ({ seconds, clients, interval, seed, keep }) => {
  await using scene = await openScene(interval, seededRandom(seed), seconds * 1000 + ASIDE_MS);
  const status = await playDay(scene, seconds, clients, seed);
  if (keep !== undefined) await Deno.writeTextFile(keep, logOf(scene));
  return status;
});

/** The log of states, with the access log's lines of clients that were turned away. */
function logOf({ balancer: { process: { stdout, stderr } } }: Scene): string {
  const turnedAway = stdout.lines.filter((line) => line.includes('"statusCode":503'));
  return [...stderr.lines, ...turnedAway].sort().map((line) => `${line}\n`).join("");
}

/** Runs the day, and prints what happened; returns the exit status. */
async function playDay(
  scene: Scene,
  seconds: number,
  clients: number,
  seed: number,
): Promise<number> {
  const { servers, list, balancer: { process } } = scene;
  const names = servers.map(({ authority }) => authority);
  const log = new StateLog(process.stderr, names);
  const detectionTimes = new DetectionTimes();
  const usage = [await usageLine(process.pid, "before")];
  const plan = planOf(seededRandom(seed + 1), servers.length, seconds * 1000);
  const load = (clock: RunClock) => download(scene, clients, seed, clock);
  const day = await runFor(seconds, load, async (clock) => {
    const { pause } = clock;
    const faults = new FaultInjector({
      servers,
      balancer: process,
      log,
      list,
      detectionTimes,
      pause,
    });
    await Promise.all([injectAll(faults, plan, clock), takeUsage(usage, process.pid, clock)]);
    return faults;
  });
  await new Promise((resolve) => setTimeout(resolve, REST_MS));
  usage.push(await usageLine(process.pid, "after"));
  print(
    `servers: ${servers.map(({ program, authority }) => `${authority} ${program}`).join(", ")}`,
  );
  const verdict = verdictOn({
    ...day.load,
    log,
    faults: day.faults,
    servers: names,
    seconds: day.seconds,
    account: await ownAccount(log),
    logged: redirectsIn(process.stdout.lines.slice(1)),
  });
  printVerdict(verdict, [
    detectionTimes.table,
    ...usage,
    ...log.records.slice(-SHOWN_RECORDS).map(({ line }) => line),
  ]);
  return verdict.mistakes.length === 0 ? 0 : 1;
}

function printVerdict({ lines, mistakes }: Verdict, details: readonly string[]): void {
  for (const line of [...lines, ...details]) print(line);
  for (const mistake of mistakes) print(`WRONG: ${mistake}`);
  print(mistakes.length === 0 ? "nothing was wrong" : `${mistakes.length} things were wrong`);
}

/** What clients got. */
interface Downloads {
  readonly downloads: DownloadCounts;
  readonly redirects: readonly Redirected[];
}

/** Lets clients download, each into a directory of its own, until the day is over. */
async function download(
  { balancer, wanted }: Scene,
  clients: number,
  seed: number,
  { over }: RunClock,
): Promise<Downloads> {
  await using stack = new AsyncDisposableStack();
  const directories = await Promise.all(
    Array.from({ length: clients }, () => TemporaryDirectory.with()),
  );
  for (const directory of directories) stack.use(directory);
  const downloads = new DownloadCounts();
  const redirects: Redirected[] = [];
  await keepDownloading({ clients, seed, over }, async (random, client) => {
    const file = wanted[randomInteger(random, wanted.length)]!;
    downloads.add(await downloadOne(balancer.origin, file, directories[client]!, redirects));
  });
  return { downloads, redirects };
}

/** Downloads a file, compares it with the original and removes it; notes the redirects. */
async function downloadOne(
  origin: string,
  { name, sha256 }: WantedFile,
  directory: TemporaryDirectory,
  redirects: Redirected[],
): Promise<DownloadResult> {
  // Nothing was asked before that: only what was asked later can be wrong later.
  let askedAt = Date.now();
  const path = directory.join(name);
  return await downloadToFile(`${origin}/${name}`, path, {
    timeoutMs: CLIENT_TIMEOUT_MS,
    wait: async (ms) => {
      await new Promise((resolve) => setTimeout(resolve, ms));
      askedAt = Date.now();
    },
    onResponse: (_, redirect) => {
      const toldAt = Date.now();
      if (redirect !== undefined) redirects.push({ server: redirect.server, askedAt, toldAt });
      askedAt = toldAt;
    },
  }, async () => {
    const isRight = await sha256Of(directory, name) === sha256;
    if (isRight) await Deno.remove(path);
    return isRight;
  });
}

/** Takes all steps of a plan that there is time for; resolves once all is repaired. */
async function injectAll(
  faults: FaultInjector,
  plan: readonly Step[],
  { over, pause }: RunClock,
): Promise<void> {
  const injected: Promise<void>[] = [];
  for (const step of plan) {
    await pause(step.afterMs);
    if (over.aborted) break;
    injected.push(faults.inject(step));
  }
  await Promise.all(injected);
}

async function takeUsage(
  lines: string[],
  pid: number,
  { reach, elapsedMs }: RunClock,
): Promise<void> {
  for (const part of USAGE_TIMES) {
    await reach(part);
    lines.push(await usageLine(pid, `at ${Math.round(elapsedMs() / 1000)} s`));
  }
}

/** The memory and the open descriptors of a process and of its children (Linux). */
async function usageLine(pid: number, when: string): Promise<string> {
  const workers = (await childrenOf(pid)).map(usageOf).filter((usage) => usage !== undefined);
  return `${when}: parent ${usageOf(pid)}; workers ${workers.join("; ")}`;
}

/** Undefined of a process that has ended. */
function usageOf(pid: number): string | undefined {
  try {
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    const [, kib = "0"] = /^VmRSS:\s+([0-9]+) kB/m.exec(status) ?? [];
    const descriptors = [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
    return `${(Number(kib) / 1024).toFixed(0)} MiB, ${descriptors} descriptors`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
