/**
 * What questions about load cost the balancer: redirects a second and CPU time with and without them,
 * over many servers, in interleaved rounds.
 *
 * @module
 */

import { join } from "@std/path";
import { runCommand } from "../../lib/cli/arguments.ts";
import { count, option } from "../../lib/cli/option.ts";
import { print } from "../../lib/log/console.ts";
import { freePort, PROJECT } from "../support/role.ts";
import { BenchRunner, type Contestant } from "./bench_runner.ts";
import { load, type LoadFigures } from "./load.ts";
import { pathOf, type Recipe } from "./recipes.ts";
import { spreadOf } from "./results.ts";

const command = {
  name: "bench:checks",
  permissions: "-A",
  synopsis: "[OPTIONS]",
  summary: "Measures what questions about load cost the balancer (Linux, wrk).",
  operands: {},
  options: {
    servers: option(count(1, 60_000), "10000", "servers, which all say their load"),
    seconds: option(count(1, 600), "2", "how long each measurement takes"),
    rounds: option(count(1, 100), "7", "measurements of each, interleaved"),
  },
  notes: "Example:\n  deno task bench:checks --servers=100",
};

/** How many requests a connection carries: 0 for no end. */
const LOADS = { "one request per connection": 1, "keep-alive": 0 } as const;

/** A balancer of servers that answer at one port of many loopback addresses. */
function balancer(port: number, servers: number, checks: number): Recipe {
  const list = Array.from(
    { length: servers },
    (_, i) => `127.1.${i >> 8}.${i & 255}:${port}`,
  );
  const options = ["--policy=expected", `--load-checks=${checks}`, "--log=none", "--interval=1h"];
  return {
    name: "ours",
    program: "deno",
    args: (own, directory) => {
      const path = join(directory, "list.txt");
      Deno.writeTextFileSync(path, list.join("\n"));
      const role = ["run", "--allow-net", "--allow-read", join(PROJECT, "balancer.ts")];
      const probes = ["--probe-bytes=1K", "--probe-concurrency=100"];
      return [...role, "--host=127.0.0.1", `--port=${own}`, ...options, ...probes, path];
    },
  };
}

/** Waits as long as the first round takes, which is longer than a contestant may. */
async function started(bench: BenchRunner, recipe: Recipe): Promise<Contestant> {
  for (;;) {
    const contestant = await bench.start(recipe).catch(() => undefined);
    if (contestant !== undefined) return contestant;
  }
}

await runCommand(command, async ({ servers, seconds, rounds }) => {
  await using bench = await BenchRunner.with({ seconds, rounds, connections: 1 });
  await using stack = new AsyncDisposableStack();
  const port = freePort();
  const farm = [Deno.execPath(), "run", "--allow-net", pathOf("reporting_farm.ts"), `${port}`];
  stack.use(bench.spawn("load", farm, "discarded"));
  const contestants = [];
  for (const checks of [0, 1000]) {
    contestants.push(stack.use(await started(bench, balancer(port, servers, checks))));
  }
  for (const [name, perConnection] of Object.entries(LOADS)) {
    const figures: LoadFigures[][] = [[], []];
    for (const it of contestants) await load(bench, it, "/file", { perConnection });
    for (let round = 0; round < rounds; round++) {
      for (const [i, it] of contestants.entries()) {
        figures[i]!.push(await load(bench, it, "/file", { perConnection }));
      }
    }
    for (const metric of ["requests/s", "CPU µs/request"] as const) {
      const [without, with_] = figures.map((all) => all.map((it) => it[metric])) as [
        number[],
        number[],
      ];
      const ratio = spreadOf(with_.map((it, i) => it / without[i]!));
      const medians = [without, with_].map((all) => spreadOf(all).median.toFixed(1));
      print(
        `${name}, ${metric}: ${medians.join(" without, ")} with; ratio ` +
          `${ratio.median.toFixed(3)} (${ratio.min.toFixed(3)} to ${ratio.max.toFixed(3)})`,
      );
    }
  }
  return 0;
});
