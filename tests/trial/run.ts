// Policies in turn on one farm of real processes, whose servers slow down, die and return: what
// clients notice of it.
//
//   deno task trial [--seconds=300] [--slice=75] [--clients=20] [--seed=1] [--interval=5s]

import { POLICY_NAMES, type PolicyName } from "../../lib/balancing/policies.ts";
import { runCommand } from "../../lib/cli/arguments.ts";
import { count, duration, option, type ValueParser } from "../../lib/cli/option.ts";
import { print } from "../../lib/log/console.ts";
import { seededRandom } from "../support/random.ts";
import { listeningRole } from "../support/role.ts";
import { Catalogue } from "./catalogue.ts";
import { Farm } from "./farm.ts";
import { playSlice, type SliceOptions } from "./slice.ts";
import { tableOf } from "./table.ts";
import { Tally } from "./tally.ts";

const MIB = 1024 * 1024;

/** What each server sends to every connection, in bytes per second. */
const RATES = [1 * MIB, 2 * MIB, 3 * MIB, 4 * MIB, 8 * MIB];

/** The fastest becomes the slowest, and the next one dies. */
const MISFORTUNE = { slowed: 4, slowRate: MIB / 2, rate: RATES[4]!, killed: 3 };

const FILES = 200;

/** What starting, settling and the last downloads take beside the slices, generously. */
const ASIDE_MS = 1_800_000;

const POLICIES: ValueParser<readonly PolicyName[]> = {
  placeholder: "NAMES",
  accepts: `names of ${POLICY_NAMES.join(", ")}, with commas between them,`,
  parse: (text) => {
    const names = text.split(",").map((name) => POLICY_NAMES.find((it) => it === name));
    return names.includes(undefined) ? undefined : names as PolicyName[];
  },
};

await runCommand({
  name: "trial",
  permissions: "-A",
  synopsis: "[OPTIONS]",
  summary: "Lets clients download through balancer.ts without a pause, with one policy after the " +
    "other, from one farm of real servers that differ in speed. In each slice of time the fastest " +
    "server becomes the slowest, the next one is killed, and both come back; policies take turns " +
    "slice by slice. Shows downloads, failures and times of each.",
  operands: {},
  options: {
    policies: option(POLICIES, "round-robin,rank,speed,expected", "which, one after the other"),
    seconds: option(count(1, 36_000), "300", "how long, each"),
    slice: option(count(1, 3600), "75", "seconds of one slice"),
    clients: option(count(1, 1000), "20", "how many download at a time"),
    interval: option(duration(), "5s", "the balancers' time between performance tests"),
    seed: option(count(0, 2 ** 30), "1", "that of the files' sizes, and of who asks for which"),
  },
  notes: "",
}, async ({ policies, seconds, slice, clients, interval, seed }) => {
  const slices = Math.max(1, Math.round(seconds / slice));
  const longestLifeMs = slices * slice * policies.length * 1000 + ASIDE_MS;
  await using farm = await Farm.with(RATES, longestLifeMs);
  await using stack = new AsyncDisposableStack();
  const balancers = new Map<PolicyName, string>();
  for (const policy of policies) {
    const args = [`--policy=${policy}`, `--interval=${interval}ms`, "--rise=2", "--log=none"];
    const balancer = await listeningRole("balancer", [...args, ...farm.authorities], {
      longestLifeMs,
    });
    balancers.set(policy, stack.use(balancer).origin);
  }
  const catalogue = new Catalogue(FILES, seededRandom(seed));
  const tallies = await playAll(
    { farm, catalogue, misfortune: MISFORTUNE, clients, seconds: slice },
    balancers,
    slices,
    seed,
  );
  print(tableOf(tallies));
  for (const [policy, { reasons }] of tallies) {
    for (const reason of reasons) print(`${policy}: ${reason}`);
  }
  return [...tallies.values()].some(({ wrong }) => wrong > 0) ? 1 : 0;
});

/** So many slices for every policy, in turn: each time the same files for all of them. */
async function playAll(
  options: SliceOptions,
  balancers: ReadonlyMap<PolicyName, string>,
  slices: number,
  seed: number,
): Promise<ReadonlyMap<PolicyName, Tally>> {
  const tallies = new Map([...balancers].map(([policy]) => [policy, new Tally()]));
  for (let i = 1; i <= slices; i++) {
    for (const [policy, origin] of balancers) {
      await playSlice(options, origin, seed + i, tallies.get(policy)!);
      const { count, failures } = tallies.get(policy)!;
      print(`slice ${i} of ${slices}, ${policy}: ${count} downloads, ${failures} failed tries yet`);
    }
  }
  return tallies;
}
