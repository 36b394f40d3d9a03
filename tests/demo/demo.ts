/**
 * Shows the whole on this machine: a farm of three servers of different speed, a balancer before
 * it, clients that download through it, and a server that dies. Run it with `deno task demo`.
 *
 * @module
 */

import { format } from "@std/fmt/bytes";
import { print, say } from "../../lib/log/console.ts";
import { manyOctets } from "../support/farm.ts";
import { png } from "../support/png.ts";
import { countRedirects } from "../support/redirects.ts";
import { listening, type ListeningRole, startRole } from "../support/role.ts";
import { alignedLines } from "../support/table.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";
import { type Client, resultsOf, startClients } from "./clients.ts";

/** Of the three servers, in MiB a second. */
const LIMIT_RATES = [2, 8, 4];
const INTERVAL = "2s";
const CLIENTS = 4;
const REDIRECTS = 600;

/** Processes and files of the demonstration, to be cleared away when it is over. */
class Stage {
  readonly #stack = new AsyncDisposableStack();

  /**
   * Makes something to be cleared away.
   *
   * @throws {Error} when the demonstration is over; then nothing is made
   */
  place<T extends AsyncDisposable>(make: () => T): T {
    if (this.#stack.disposed) throw new Error("The demonstration is over");
    return this.#stack.use(make());
  }

  /** Clears away all of it, the last first. */
  async clear(): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

const isTerminal = Deno.stdout.isTerminal() && !Deno.noColor;
const startedAt = performance.now();
Deno.exit(await onStage(demonstrate));

async function demonstrate(stage: Stage): Promise<void> {
  const made = await TemporaryDirectory.with();
  const work = stage.place(() => made);
  const files = await someFiles();
  for (const [name, content] of Object.entries(files)) await work.write(`root/${name}`, content);

  heading("The farm: three servers of one directory, and a balancer before them");
  const servers: ListeningRole[] = [];
  for (const rate of LIMIT_RATES) {
    servers.push(await start(stage, "server", [`--limit-rate=${rate}M`, work.join("root")]));
  }
  const authorities = servers.map(({ authority }) => authority);
  const balancer = await start(stage, "balancer", [`--interval=${INTERVAL}`, ...authorities]);
  const enter = () => {
    const urls = Object.keys(files).map((name) => `${balancer.origin}/${encodeURIComponent(name)}`);
    return startClients(
      CLIENTS,
      work.path,
      (cwd) => stage.place(() => startRole("client", urls, { cwd })),
    );
  };

  heading("The performance test: the faster, the more");
  const ranks = ranksIn(await balancer.process.stderr.next(/tested, fastest first: /));
  if (ranks.length !== servers.length) throw new Error("a server failed its first test");
  showRanks(ranks, authorities);

  heading(`${REDIRECTS} redirects, counted`);
  compareShares(ranks, await countRedirects(balancer.port, REDIRECTS));

  heading(`${CLIENTS} clients at a time, each for ${Object.keys(files).length} files`);
  await downloadAll(await enter(), files);

  const fastest = servers.find(({ authority }) => authority === ranks[0]!.authority)!;
  heading(`The fastest server, ${fastest.authority}, is killed while clients are at work`);
  await killUnder(await enter(), files, fastest, balancer);

  heading(`${CLIENTS} clients after that`);
  await downloadAll(await enter(), files);
  const left = balancer.process.stderr.lines.findLast((line) => /tested, fastest/.test(line));
  heading(`${REDIRECTS} redirects, counted again`);
  compareShares(ranksIn(left!), await countRedirects(balancer.port, REDIRECTS));
  print(`\nAll went as it should, in ${seconds(startedAt)}.`);
}

/** What the first test found, beside the limit that each server was given. */
function showRanks(ranks: ReturnType<typeof ranksIn>, authorities: readonly string[]): void {
  table([
    ["server", "limit", "test took", "share"],
    ...ranks.map(({ authority, time, share }) => {
      const limit = `${LIMIT_RATES[authorities.indexOf(authority)]} MiB/s`;
      return [authority, limit, time, percent(share)];
    }),
  ]);
}

/** Text, an image and some binary, in sizes from nothing to a few MiB. */
async function someFiles(): Promise<Record<string, Uint8Array>> {
  const page = '<!DOCTYPE html>\n<title>Demo</title>\n<img src="image.png" alt="green">\n';
  return {
    "index.html": new TextEncoder().encode(page),
    "long.html": new TextEncoder().encode(`${page}<p>${"All work and no play. ".repeat(5000)}\n`),
    "image.png": await png(640, 400, [0, 128, 0]),
    "empty.txt": new Uint8Array(0),
    "one byte.bin": manyOctets(1),
    "small.bin": manyOctets(100_003),
    "medium.bin": manyOctets(700_001),
    "large.bin": manyOctets(1_500_007),
    "huge.bin": manyOctets(4 * 1024 * 1024),
  };
}

/** Starts a role and waits until it listens. */
async function start(
  stage: Stage,
  role: "server" | "balancer",
  args: readonly string[],
): Promise<ListeningRole> {
  const all = ["--host=127.0.0.1", "--port=0", "--log=none", ...args];
  const started = await listening(stage.place(() => startRole(role, all)));
  print(`  ${started.origin}   ${role}.ts ${args[0]}`);
  return started;
}

/** Waits for clients, all of whose downloads must arrive. */
async function downloadAll(
  clients: readonly Client[],
  files: Readonly<Record<string, Uint8Array>>,
): Promise<void> {
  const since = performance.now();
  const { saved, missing, bytes: size, redirects } = await resultsOf(clients, files);
  if (missing > 0) throw new Error(`${missing} of ${saved + missing} downloads failed`);
  print(`  ${saved} downloads, ${bytes(size)} in ${seconds(since)}, every byte compared:`);
  const counts = [...redirects].map(([server, count]) => `${count} from ${server}`);
  print(`  ${counts.join(", ")}`);
}

/** Kills a server while clients download, some of which may fail. */
async function killUnder(
  clients: readonly Client[],
  files: Readonly<Record<string, Uint8Array>>,
  { process, authority }: ListeningRole,
  balancer: ListeningRole,
): Promise<void> {
  await clients[0]!.process.stderr.next(/^saved /);
  process.signal("SIGKILL");
  const since = performance.now();
  const said = await balancer.process.stderr.next(new RegExp(`${authority} is out: `));
  print(`  The next performance test found it, ${seconds(since)} later:`);
  print(`  ${said}`);
  await balancer.process.stderr.next(/tested, fastest first: /);

  const { saved, missing } = await resultsOf(clients, files);
  print(`  ${saved} of ${saved + missing} downloads arrived, every byte compared.`);
  if (missing > 0) print(`  ${missing} met the dead server before that; no half file is left.`);
}

/** A server's line in what the balancer logged of a round. */
interface Rank {
  readonly authority: string;
  readonly time: string;
  readonly share: number;
}

/** The ranks in a line of the balancer, fastest first. */
function ranksIn(line: string): Rank[] {
  return [...line.matchAll(/([^ ]+) ([0-9.]+ ms) \(([0-9.]+) %\)/g)]
    .map(([, authority, time, share]) => (
      { authority: authority!, time: time!, share: Number(share) / 100 }
    ));
}

/** Shows expected and actual shares, which chance alone lets differ a little. */
function compareShares(ranks: readonly Rank[], counts: ReadonlyMap<string, number>): void {
  const rows = ranks.map(({ authority, share }) => {
    const count = counts.get(authority) ?? 0;
    // Five standard deviations: chance alone goes further once in two million times.
    const tolerance = 5 * Math.sqrt(REDIRECTS * share * (1 - share));
    if (Math.abs(count - REDIRECTS * share) > tolerance) {
      throw new Error(`${authority} got ${count} of ${REDIRECTS} redirects`);
    }
    return [authority, percent(share), percent(count / REDIRECTS), `${count}`];
  });
  table([["server", "expected", "actual", "redirects"], ...rows]);
  const strangers = [...counts.keys()].filter((it) => !ranks.some((rank) => rank.authority === it));
  if (strangers.length > 0) throw new Error(`clients were sent to ${strangers.join(", ")}`);
}

function percent(fraction: number): string {
  return `${(fraction * 100).toFixed(1)} %`;
}

/** Prints a heading: bold where a person is looking. */
function heading(text: string): void {
  print(isTerminal ? `\n\x1b[1m${text}\x1b[0m` : `\n${text}`);
}

/** Prints rows as a table, its first row as titles. */
function table(rows: readonly (readonly string[])[]): void {
  for (const [index, line] of alignedLines(rows, "   ").entries()) {
    print(index === 0 && isTerminal ? `\x1b[2m  ${line}\x1b[0m` : `  ${line}`);
  }
}

/** `1.5 MiB` for 1572864. */
function bytes(count: number): string {
  return format(count, { binary: true, maximumFractionDigits: 1 });
}

/** The time since a moment of `performance.now()`, such as `1.2 s`. */
function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

/**
 * Runs to the end or to Ctrl-C; afterwards no process and no file of it is left.
 *
 * @returns the exit status
 */
async function onStage(act: (stage: Stage) => Promise<void>): Promise<number> {
  const stage = new Stage();
  const { promise: interrupted, resolve: interrupt } = Promise.withResolvers<number>();
  Deno.addSignalListener("SIGINT", () => interrupt(130));
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", () => interrupt(143));
  try {
    return await Promise.race([act(stage).then(() => 0), interrupted]);
  } catch (error) {
    say(`demo: ${error instanceof Error ? error.message : error}`);
    return 1;
  } finally {
    await stage.clear();
  }
}
