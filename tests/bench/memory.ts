import { CommandError } from "../../lib/cli/command.ts";
import { say } from "../../lib/log/console.ts";
import type { BenchRunner, Contestant } from "./bench_runner.ts";
import { load } from "./load.ts";
import type { Child } from "./processes.ts";
import {
  balancer,
  denoRedirect,
  haproxyRedirect,
  nginxReturn,
  nodeRedirect,
  pathOf,
  type Recipe,
} from "./recipes.ts";
import { check, PATH, startServers } from "./redirect.ts";
import type { Name, Subject } from "./results.ts";

const HELD = 5000;
const HOLD_DEADLINE_MS = 30_000;
/** What is freed or collected at leisure has had its time. */
const SETTLE_MS = 500;

/** It reserves two descriptors for each connection: a usual limit of 20,000 has no room for more. */
const TWO_DESCRIPTORS: Name = "HAProxy redirect";

/** Growth is watched over the last part of the short connections: 200,000 of 1,200,000. */
const LAST_PART = 1 / 6;
/** Slower than this a second, a contestant has too few short connections in the time it gets. */
const SLOWEST = 2000;

const KIB_PER_MIB = 1024;

/** How much memory redirecting takes. Once, since each figure needs contestants that are new. */
export async function memory(bench: BenchRunner): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const servers = await startServers(bench, stack);
  const recipes = [
    balancer("ours", "none", servers),
    ...[nginxReturn, haproxyRedirect, denoRedirect, nodeRedirect].map((recipe) => recipe(servers)),
  ];
  for (const recipe of recipes) {
    say(`bench: memory of ${recipe.name}`);
    await withOne(bench, recipe, (contestant) => holdIdle(bench, contestant));
    await withOne(bench, recipe, async (contestant) => {
      await check(contestant, servers);
      await manyShort(bench, contestant);
    });
  }
}

async function withOne(
  bench: BenchRunner,
  recipe: Recipe,
  measure: (contestant: Contestant) => Promise<void>,
): Promise<void> {
  await using contestant = await bench.start(recipe);
  if (contestant !== undefined) await measure(contestant);
}

/** Memory at start, and what idle connections add to it. */
async function holdIdle(bench: BenchRunner, contestant: Contestant): Promise<void> {
  await pause(SETTLE_MS);
  const kib = contestant.residentKib;
  bench.results.add("memory at start", contestant.name, { "MiB": kib / KIB_PER_MIB });
  await using stack = new AsyncDisposableStack();
  stack.use(await hold(bench, contestant, "5,000 idle keep-alive connections"));
  if (contestant.name === TWO_DESCRIPTORS) return;
  // Without what the first ones made it get once and for all.
  stack.use(await hold(bench, contestant, "the next 5,000 idle connections"));
}

/** Opens connections, and measures what they add; they stay until what is returned is left. */
async function hold(bench: BenchRunner, contestant: Contestant, subject: Subject): Promise<Child> {
  const before = contestant.residentKib;
  const file = bench.directory.join(`held-${subject}`);
  const script = ["run", "--allow-net", "--allow-write", pathOf("holder.ts")];
  const words = [Deno.execPath(), ...script, `${contestant.port}`, PATH, `${HELD}`, file];
  const holder = bench.spawn("load", words, "discarded");
  const until = performance.now() + HOLD_DEADLINE_MS;
  while (heldIn(file) === undefined) {
    if (performance.now() > until) {
      throw new CommandError(`${contestant.name} does not answer ${HELD} connections`, 1);
    }
    await pause(100);
  }
  await pause(SETTLE_MS);
  bench.results.add(subject, contestant.name, {
    "KiB/connection": (contestant.residentKib - before) / HELD,
    "connections": heldIn(file) ?? 0,
  });
  return holder;
}

/** How many connections the holder has open; undefined until all are answered. */
function heldIn(file: string): number | undefined {
  try {
    const text = Deno.readTextFileSync(file);
    return text.endsWith("\n") ? Number(text) : undefined;
  } catch {
    return undefined;
  }
}

/** Memory after many short connections, and by what factor the last part of them made it grow. */
async function manyShort(bench: BenchRunner, contestant: Contestant): Promise<void> {
  const { connections } = bench.options;
  const samples = [{ served: 0, kib: contestant.residentKib }];
  for (let served = 0, seconds = 0; served < connections; seconds++) {
    if (seconds * SLOWEST > connections + SLOWEST) {
      throw new CommandError(`${contestant.name} serves only ${served} connections`, 1);
    }
    served += (await load(bench, contestant, PATH, { perConnection: 1, seconds: 1 })).requests;
    samples.push({ served, kib: contestant.residentKib });
  }
  const last = samples.at(-1)!;
  const earlier = samples.findLast(({ served }) => served <= last.served * (1 - LAST_PART))!;
  bench.results.add("memory after short connections", contestant.name, {
    "MiB": last.kib / KIB_PER_MIB,
    "growth": last.kib / earlier.kib,
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
