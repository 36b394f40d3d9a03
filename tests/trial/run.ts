// Policies in turn on one farm of real processes, whose servers slow down, die and return: what
// clients notice of it.
//
//   deno task trial [--seconds=300] [--slice=75] [--clients=20] [--seed=1] [--interval=5s]

import { POLICY_NAMES, type PolicyName } from "../../lib/balancing/policies.ts";
import { runCommand } from "../../lib/cli/arguments.ts";
import { count, duration, option, type ValueParser } from "../../lib/cli/option.ts";
import { print } from "../../lib/log/console.ts";
import { downloadToNowhere, keepDownloading } from "../harness/downloads.ts";
import { type FarmServer, startFarmServers } from "../harness/farm_server.ts";
import { type RunClock, runFor } from "../harness/run_for.ts";
import { seededRandom } from "../support/random.ts";
import { listeningRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";
import { Catalogue, type FaultPlan, injectFaults, phaseAt } from "./plan.ts";
import { PolicyCounts, tableOf } from "./report.ts";

const MIB = 1024 * 1024;

/** What each server sends to every connection, in bytes per second. */
const RATES = [1 * MIB, 2 * MIB, 3 * MIB, 4 * MIB, 8 * MIB];

/** The fastest becomes the slowest, and the next one dies. */
const FAULTS: FaultPlan = { slowed: 4, slowRate: MIB / 2, killed: 3 };

const FILES = 200;

/** How long a client waits for a server that is silent, as client.ts does. */
const CLIENT_TIMEOUT_MS = 30_000;

/** What starting, settling and the last downloads take beside the slices, generously. */
const ASIDE_MS = 1_800_000;

const POLICIES: ValueParser<readonly PolicyName[]> = {
  placeholder: "NAMES",
  expected: `names of ${POLICY_NAMES.join(", ")}, with commas between them,`,
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
  await using stack = new AsyncDisposableStack();
  const root = stack.use(await TemporaryDirectory.with()).path;
  const programs = RATES.map((rate) => ({ program: "server.ts", rate }) as const);
  const servers = await startFarmServers(stack, programs, { root, longestLifeMs });
  const authorities = servers.map(({ authority }) => authority);
  const balancers = new Map<PolicyName, string>();
  for (const policy of policies) {
    const args = [`--policy=${policy}`, `--interval=${interval}ms`, "--rise=2", "--log=none"];
    const balancer = await listeningRole("balancer", [...args, ...authorities], { longestLifeMs });
    balancers.set(policy, stack.use(balancer).origin);
  }
  const catalogue = new Catalogue(FILES, seededRandom(seed));
  const counts = new Map(policies.map((policy) => [policy, new PolicyCounts()]));
  for (let i = 1; i <= slices; i++) {
    for (const [policy, origin] of balancers) {
      const load = { origin, catalogue, clients, seconds: slice, seed: seed + i };
      await runSlice(servers, load, counts.get(policy)!);
      const { times, failedTries } = counts.get(policy)!;
      print(
        `slice ${i} of ${slices}, ${policy}: ${times.length} downloads, ` +
          `${failedTries} failed tries yet`,
      );
    }
  }
  print(tableOf(counts));
  for (const [policy, { reasons }] of counts) {
    for (const reason of reasons) print(`${policy}: ${reason}`);
  }
  return [...counts.values()].some(({ wrong }) => wrong > 0) ? 1 : 0;
});

/** What clients download in one slice; the same seed gives the same files for every policy. */
interface SliceLoad {
  /** That of a balancer. */
  readonly origin: string;
  readonly catalogue: Catalogue;
  readonly clients: number;
  readonly seconds: number;
  readonly seed: number;
}

/** Lets clients download through one balancer while the servers have their faults. */
async function runSlice(
  servers: readonly FarmServer[],
  { origin, catalogue, clients, seconds, seed }: SliceLoad,
  counts: PolicyCounts,
): Promise<void> {
  const load = ({ over, elapsedMs }: RunClock) =>
    keepDownloading({ clients, seed, over }, async (random) => {
      const phase = phaseAt(elapsedMs() / 1000 / seconds);
      const bytes = catalogue.draw(random);
      const url = `${origin}/test.bin?bytes=${bytes}`;
      counts.addIn(phase, await downloadToNowhere(url, bytes, CLIENT_TIMEOUT_MS));
    });
  await runFor(seconds, load, (clock) => injectFaults(servers, FAULTS, clock));
}
