// Downloads from a great many farms of misbehaving servers, all on this machine.
//
//   deno task farm [--downloads=2000] [--seed=1] [--kills=0] [--jobs=12] [--peers]

import { runCommand } from "../../lib/cli/arguments.ts";
import { count, flag, option } from "../../lib/cli/option.ts";
import { print } from "../../lib/log/console.ts";
import { compare } from "./comparison.ts";
import { describe } from "./plan.ts";
import { killMany, tryMany } from "./season.ts";

await runCommand({
  name: "farm",
  permissions: "-A",
  synopsis: "[OPTIONS]",
  summary:
    "Downloads with client.ts from farms of servers that fail in all manners, and looks at " +
    "what is under the name afterwards. One farm of five has no server that is right; a quarter of " +
    "the downloads go through a proxy, a quarter by a Metalink document. A download " +
    "that goes wrong is shown with its seed: --seed=SEED --downloads=1 repeats it.",
  operands: {},
  options: {
    downloads: option(count(0, 1e6), "2000", "how many"),
    seed: option(count(0, 2 ** 30), "1", "that of the first; each further one has the next"),
    kills: option(count(0, 1e6), "0", "besides, clients that are killed, and others that go on"),
    jobs: option(count(1, 1000), "12", "how many at a time"),
    peers: flag("instead: curl, wget and aria2 beside ours, on farms with a server that is right"),
  },
  notes: "",
}, async (options) => {
  if (options.peers) {
    for await (const line of compare(options)) print(line);
    return 0;
  }
  const failures = [...(await tried(options)), ...(await killed(options))];
  return failures.length > 0 ? 1 : 0;
});

type Settings = Record<"seed" | "downloads" | "kills" | "jobs", number>;

async function tried(settings: Settings): Promise<string[]> {
  if (settings.downloads === 0) return [];
  const start = performance.now();
  const slowest = { seconds: 0, plan: "" };
  const { downloads, servable, exitStatuses, failures } = await tryMany(
    settings,
    ({ plan, seconds }, { downloads, failures }) => {
      if (seconds > slowest.seconds) Object.assign(slowest, { seconds, plan: describe(plan) });
      if (downloads % 100 === 0) print(`${downloads} downloads, ${failures.length} wrong`);
    },
  );
  for (const failure of failures) print(failure);
  const statuses = [...exitStatuses].sort(([a], [b]) => a - b)
    .map(([status, count]) => `${count} with ${status}`).join(", ");
  const total = ((performance.now() - start) / 1000).toFixed(0);
  print(`seed ${settings.seed}: ${downloads} downloads, ${failures.length} wrong; ${total} s`);
  print(`  ${servable} from farms with a server that is right`);
  print(`  ${downloads - servable} from others, which ended: ${statuses}`);
  print(`  the longest took ${slowest.seconds.toFixed(1)} s: ${slowest.plan}`);
  return failures;
}

async function killed(settings: Settings): Promise<string[]> {
  if (settings.kills === 0) return [];
  const { kills, withDocument, withProxy, shares, failures } = await killMany(settings);
  for (const failure of failures) print(failure);
  print(`seed ${settings.seed}: ${kills} clients killed, ${failures.length} wrong`);
  print(`  ${withDocument} by a Metalink document, ${withProxy} through a proxy`);
  for (const { parts, clients, octets, sentTwice, mostSentTwice } of Object.values(shares)) {
    const percent = (100 * sentTwice / Math.max(1, octets)).toFixed(2);
    print(
      `  ${parts}: ${clients}; ${sentTwice} of ${octets} octets sent twice (${percent} %), ` +
        `at most ${mostSentTwice}`,
    );
  }
  return failures;
}
