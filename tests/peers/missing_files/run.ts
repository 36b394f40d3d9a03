// Five servers (nginx, Caddy, server.ts) of which each lacks a fifth of the files, and one has older
// versions of a tenth: what curl meets with each value of --check-files.
//
//   deno task missing [--downloads=20000] [--rate=100] [--check-rate=200] [--seed=1]

import { CHECK_MODES } from "../../../lib/balancing/file_checks/file_router.ts";
import { runCommand } from "../../../lib/cli/arguments.ts";
import { count, option } from "../../../lib/cli/option.ts";
import { print, say } from "../../../lib/log/console.ts";
import { adminPortOf } from "../../support/balancer.ts";
import { startCaddy } from "../../support/caddy.ts";
import { startNginx, startPeer } from "../../support/peer.ts";
import type { ProcessOptions } from "../../support/process.ts";
import { seededRandom } from "../../support/random.ts";
import { listeningRole } from "../../support/role.ts";
import { TemporaryDirectory } from "../../support/temporary_directory.ts";

const FILES = 2000;
const SERVERS = 5;

/** Sizes of the versions, by which they are told apart. */
const BYTES = 2048;
const OLD_BYTES = 2000;

/** Modification times of the versions. */
const MODIFIED = new Date("2026-11-01T12:00:00Z");
const OLD_MODIFIED = new Date("2026-10-01T12:00:00Z");

/** Processes of curl, which share the downloads. */
const CLIENTS = 10;

/** After so many ms the balancer should know what is wanted. */
const SETTLED_MS = 60_000;

/** What curl is to say of each download. */
const WRITE_OUT = "%{http_code} %{size_download} %{time_redirect} %{num_redirects} " +
  "%{url_effective} %{exitcode} %{errormsg}\\n";

/** A download that takes longer has failed, in seconds. */
const LONGEST_DOWNLOAD = 10;

/** What came of the downloads with one mode. */
class Outcome {
  readonly redirectMs: number[] = [];
  downloads = 0;
  missing = 0;
  old = 0;
  /** Downloads that failed otherwise, by what curl says. */
  readonly others = new Map<string, number>();
  lateDownloads = 0;
  lateFailures = 0;
  questions = 0;

  add(line: string, elapsedMs: number): void {
    const [status, bytes, seconds, redirects] = line.split(" ", 4).map(Number);
    const isGood = status === 200 && bytes === BYTES;
    this.downloads++;
    if (status === 404) this.missing++;
    else if (status === 200 && bytes === OLD_BYTES) this.old++;
    else if (!isGood) this.#addOther(line);
    if (redirects! > 0) this.redirectMs.push(seconds! * 1000);
    if (elapsedMs < SETTLED_MS) return;
    this.lateDownloads++;
    if (!isGood) this.lateFailures++;
  }

  /** Whether no download met a 404 or another version, or failed. */
  get isRight(): boolean {
    return this.missing + this.old + this.others.size === 0;
  }

  /** The cells of the table. */
  get row(): string {
    const { downloads, missing, old, lateDownloads, lateFailures, questions } = this;
    const latency = this.redirectMs.toSorted((a, b) => a - b);
    const quantile = (part: number) => latency[Math.floor(part * latency.length)]?.toFixed(1);
    const other = this.others.values().reduce((sum, count) => sum + count, 0);
    const late = `${(100 * lateFailures / Math.max(1, lateDownloads)).toFixed(2)} %`;
    return [downloads, missing, old, other, late, questions].join(" | ") +
      ` | ${quantile(0.5)} ms, ${quantile(0.99)} ms`;
  }

  #addOther(line: string): void {
    const [status, bytes, , , url = "", ...error] = line.split(" ");
    const reason = `${status}, ${bytes} bytes from ${URL.parse(url)?.host}: ${error.join(" ")}`;
    this.others.set(reason, (this.others.get(reason) ?? 0) + 1);
  }
}

await runCommand({
  name: "missing",
  permissions: "-A",
  synopsis: "[OPTIONS]",
  summary:
    "Downloads with curl through balancer.ts, by Zipf's law, from five servers of which each " +
    "lacks a fifth of 2,000 files and one has older versions of a tenth. Shows for each value of " +
    "--check-files how many downloads met a 404 or an older version, the questions that were asked, " +
    "and how long redirects took.",
  operands: {},
  options: {
    downloads: option(count(1, 1_000_000), "20000", "how many with each mode"),
    rate: option(count(1, 1000), "100", "how many begin in a second"),
    "check-rate": option(count(1, 10_000), "200", "questions of the balancer a second"),
    seed: option(count(0, 2 ** 30), "1", "that of the files that are asked for"),
  },
  notes:
    `The exit status is 1 if a download with \`before\` met a 404 or an older version, or failed.
At first nearly each download is of a file that nothing is known of, and each needs some two
questions: with fewer than twice as many questions a second as downloads, clients do not wait
for all of them.`,
}, async ({ downloads, rate, "check-rate": checkRate, seed }) => {
  // Ten times what it takes where nothing is slow, and what starting takes.
  const process = { longestLifeMs: 10_000 * CHECK_MODES.length * downloads / rate + 60_000 };
  await using stack = new AsyncDisposableStack();
  const authorities = await startFarm(stack, process);
  const files = zipf(downloads, seededRandom(seed));
  print(
    "| mode | downloads | 404 | older | other | wrong after 1 min | questions | redirect p50, p99 |",
  );
  print("| --- | --- | --- | --- | --- | --- | --- | --- |");
  let wasRight = true;
  for (const mode of CHECK_MODES) {
    const args = [`--check-files=${mode}`, `--check-rate=${checkRate}`, ...authorities];
    const outcome = await tryMode(args, process, files, rate);
    print(`| ${mode} | ${outcome.row} |`);
    for (const [reason, count] of outcome.others) say(`${mode}: ${count} times ${reason}`);
    wasRight = outcome.isRight;
  }
  return wasRight ? 0 : 1;
});

/** Starts the servers, in the order in which they lack files. */
async function startFarm(
  stack: AsyncDisposableStack,
  options: ProcessOptions,
): Promise<string[]> {
  const roots: string[] = [];
  for (let server = 0; server < SERVERS; server++) {
    const directory = stack.use(await TemporaryDirectory.with());
    roots.push(directory.path);
    await Deno.writeFile(directory.join("test.bin"), new Uint8Array(1024 * 1024));
    for (let file = 0; file < FILES; file++) {
      if (file % SERVERS === server) continue;
      const isOld = server === 0 && file % 10 === 3;
      const path = directory.join(nameOf(file));
      await Deno.writeFile(path, new Uint8Array(isOld ? OLD_BYTES : BYTES));
      const modified = isOld ? OLD_MODIFIED : MODIFIED;
      await Deno.utime(path, modified, modified);
    }
  }
  const args = ["--log=none"];
  return [
    stack.use(await listeningRole("server", [...args, roots[0]!], options)).authority,
    stack.use(await listeningRole("server", [...args, roots[1]!], options)).authority,
    stack.use(await startNginx(`root ${roots[2]};`, undefined, options)).authority,
    stack.use(await startNginx(`root ${roots[3]};`, undefined, options)).authority,
    stack.use(await startCaddy(`root * ${roots[4]}\n  file_server`, options)).authority,
  ];
}

function nameOf(file: number): string {
  return `file-${file}.bin`;
}

/** Files drawn by Zipf's law: the k-th most wanted is asked for 1/k as often as the first. */
function zipf(downloads: number, random: () => number): number[] {
  const sums: number[] = [];
  for (let file = 0; file < FILES; file++) sums.push((sums.at(-1) ?? 0) + 1 / (file + 1));
  // Which files are wanted says nothing of which server lacks them.
  const order = Array.from({ length: FILES }, (_, i) => i)
    .map((file) => [random(), file] as const).sort(([a], [b]) => a - b).map(([, file]) => file);
  return Array.from({ length: downloads }, () => {
    const point = random() * sums.at(-1)!;
    return order[sums.findIndex((sum) => sum > point)]!;
  });
}

async function tryMode(
  args: readonly string[],
  options: ProcessOptions,
  files: readonly number[],
  rate: number,
): Promise<Outcome> {
  const all = ["--policy=rank", "--log=none", "--admin=127.0.0.1:0", ...args];
  await using balancer = await listeningRole("balancer", all, options);
  const adminPort = await adminPortOf(balancer);
  const outcome = new Outcome();
  const start = performance.now();
  const slices = Array.from(
    { length: CLIENTS },
    (_, client) => files.filter((_, i) => i % CLIENTS === client),
  );
  await Promise.all(slices.map(async (slice, client) => {
    await new Promise((resolve) => setTimeout(resolve, client * 1000 / rate));
    await download(balancer.origin, options, slice, rate / CLIENTS, (line) => {
      outcome.add(line, performance.now() - start);
    });
  }));
  const metrics = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  outcome.questions = [...metrics.matchAll(/^balancer_file_checks_total\S* (\d+)$/gm)]
    .reduce((sum, [, value]) => sum + Number(value), 0);
  return outcome;
}

/** Lets one process of curl download files one after the other, so many beginning in a second. */
async function download(
  origin: string,
  options: ProcessOptions,
  files: readonly number[],
  rate: number,
  onLine: (line: string) => void,
): Promise<void> {
  await using directory = await TemporaryDirectory.with();
  const config = files.map((file) => `url = "${origin}/${nameOf(file)}"\noutput = /dev/null\n`);
  await directory.write("config", config.join(""));
  const perHour = Math.max(1, Math.round(rate * 3600));
  await using curl = startPeer("curl", [
    ...["--silent", "--location", "--rate", `${perHour}/h`, "--max-time", `${LONGEST_DOWNLOAD}`],
    ...["--write-out", WRITE_OUT, "--config", directory.join("config")],
  ], options);
  for (let i = 0; i < files.length; i++) onLine(await curl.stdout.next(/^\d/));
}
