// A day in fast motion: a farm whose servers die, hang, slow down and return, whose list changes,
// and whose balancer loses workers, while clients download through it without a pause.
//
//   deno task day [--seconds=600] [--seed=1] [--clients=20] [--interval=1s]

import { runCommand } from "../../lib/cli/arguments.ts";
import { count, duration, option, optional, type ValueParser } from "../../lib/cli/option.ts";
import { print } from "../../lib/log/console.ts";
import { seededRandom } from "../support/random.ts";
import { type Census, censusOf } from "./census.ts";
import { Crowd } from "./crowd.ts";
import { Fate } from "./fate.ts";
import { Noticing } from "./noticing.ts";
import { ownAccount } from "./own_account.ts";
import { planOf, type Step } from "./plan.ts";
import { redirectsIn } from "./redirected.ts";
import { StateLog } from "./state_log.ts";
import { type Verdict, verdictOn } from "./verdict.ts";
import { openScene, type Scene } from "./world.ts";

/** What starting, settling and the last downloads take beside the day, generously. */
const ASIDE_MS = 600_000;

/** After the last download: what is still open then stays open. */
const REST_MS = 3000;

/** When it is counted what the balancer takes up, as parts of the day. */
const CENSUSES = [0.1, 0.5, 0.98];

const SHOWN_RECORDS = 20;

const FILE: ValueParser<string> = { placeholder: "FILE", accepts: "a name", parse: (name) => name };

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
  const status = await play(scene, seconds, clients, seed);
  if (keep !== undefined) await Deno.writeTextFile(keep, wordsOf(scene));
  return status;
});

/** The log of states, with the access log's lines of clients that were turned away. */
function wordsOf({ balancer: { process: { stdout, stderr } } }: Scene): string {
  const turnedAway = stdout.lines.filter((line) => line.includes('"statusCode":503'));
  return [...stderr.lines, ...turnedAway].sort().map((line) => `${line}\n`).join("");
}

/** The exit status. */
async function play(scene: Scene, seconds: number, clients: number, seed: number): Promise<number> {
  const { servers, wanted, balancer, file } = scene;
  const { process } = balancer;
  const names = servers.map(({ authority }) => authority);
  const log = new StateLog(process.stderr, names);
  const noticing = new Noticing();
  const over = AbortSignal.timeout(seconds * 1000);
  const pause = (ms: number) => pauseUntil(ms, over);
  const fate = new Fate({ servers, balancer: process, log, file, noticing, pause });
  const censuses: Census[] = [await censusOf(process.pid, "before")];
  const count = async (when: string) => void censuses.push(await censusOf(process.pid, when));
  await using crowd = await Crowd.of(clients, balancer.origin, wanted, seed);
  const downloading = crowd.downloadUntil(over);
  const plan = planOf(seededRandom(seed + 1), servers.length, seconds * 1000);
  const struck = strikeAll(fate, plan, over);
  for (const part of CENSUSES) {
    await pause(seconds * 1000 * part - crowd.elapsedMs);
    await count(`at ${Math.round(crowd.elapsedMs / 1000)} s`);
  }
  await Promise.all([downloading, struck]);
  const elapsed = crowd.elapsedMs / 1000;
  await new Promise((resolve) => setTimeout(resolve, REST_MS));
  await count("after");
  print(`servers: ${servers.map(({ kind, authority }) => `${authority} ${kind}`).join(", ")}`);
  const verdict = verdictOn({
    ...{ tally: crowd.tally, log, fate, servers: names, seconds: elapsed },
    account: await ownAccount(log),
    logged: redirectsIn(process.stdout.lines.slice(1)),
  });
  tell(verdict, [
    noticing.table,
    ...censuses.map(lineOf),
    ...log.records.slice(-SHOWN_RECORDS).map(({ line }) => line),
  ]);
  return verdict.mistakes.length === 0 ? 0 : 1;
}

function tell({ lines, mistakes }: Verdict, details: readonly string[]): void {
  for (const line of [...lines, ...details]) print(line);
  for (const mistake of mistakes) print(`WRONG: ${mistake}`);
  print(mistakes.length === 0 ? "nothing was wrong" : `${mistakes.length} things were wrong`);
}

/** Settles when all that was begun is well again. */
async function strikeAll(fate: Fate, plan: readonly Step[], over: AbortSignal): Promise<void> {
  const strikes: Promise<void>[] = [];
  for (const step of plan) {
    await pauseUntil(step.afterMs, over);
    if (over.aborted) break;
    strikes.push(fate.strike(step));
  }
  await Promise.all(strikes);
}

/** Settles when the signal fires as well, at once if it has. */
function pauseUntil(ms: number, over: AbortSignal): Promise<void> {
  if (over.aborted || ms <= 0) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      over.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    over.addEventListener("abort", end);
  });
}

function lineOf({ when, parent, workers }: Census): string {
  const of = ({ memory, descriptors }: Census["parent"]) =>
    `${memory.toFixed(0)} MiB, ${descriptors} descriptors`;
  return `${when}: parent ${of(parent)}; workers ${workers.map(of).join("; ")}`;
}
