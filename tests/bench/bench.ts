/**
 * Our roles beside their peers: throughput, CPU time, latency and memory, on this machine.
 *
 * @module
 */

import { runCommand } from "../../lib/cli/arguments.ts";
import { CommandError, UsageError } from "../../lib/cli/command.ts";
import { count, flag, option } from "../../lib/cli/option.ts";
import { print } from "../../lib/log/console.ts";
import { BenchRunner } from "./bench_runner.ts";
import { client } from "./client.ts";
import { findProgram } from "./processes.ts";
import { coverage } from "./coverage.ts";
import { files } from "./files.ts";
import { memory } from "./memory.ts";
import { redirect } from "./redirect.ts";
import { report } from "./report.ts";
import { tls } from "./tls.ts";

/** What can be measured, in the order in which it is. */
const SUITES = { redirect, files, tls, client, memory, coverage };

const command = {
  name: "bench",
  permissions: "-A",
  synopsis: "[OPTIONS] [SUITE]...",
  summary: "Measures the balancer, the server and the client beside their peers on this " +
    "machine, and says which targets are reached.",
  operands: { SUITE: `${Object.keys(SUITES).join(", ")} (default: all)` },
  options: {
    seconds: option(count(1, 600), "1", "how long each measurement of throughput takes"),
    rounds: option(
      count(1, 100),
      "5",
      "measurements of each, interleaved; memory and coverage have one",
    ),
    connections: option(
      count(1000, 100_000_000),
      "40000",
      "short connections after which memory is measured; the target means 1200000",
    ),
    json: flag("print one JSON document"),
    list: flag("print the names of the suites, and measure nothing"),
  },
  notes: `It needs Linux and wrk; on Debian, peers included:
  apt-get install wrk nginx haproxy lighttpd caddy openssl curl wget aria2

Examples:
  deno task bench
  deno task bench redirect --seconds=3 --rounds=9
  deno task bench coverage
  deno task bench memory --connections=1200000`,
};

await runCommand(command, async (options, operands) => {
  const suites = chosen(operands);
  if (options.list) {
    for (const name of Object.keys(SUITES)) print(name);
    return 0;
  }
  if (Deno.build.os !== "linux") throw new CommandError("it reads /proc, so it needs Linux", 1);
  if (findProgram("wrk") === undefined) throw new CommandError("wrk is not installed", 1);
  await using bench = await BenchRunner.with(options);
  const measure = async () => {
    for (const suite of suites) await suite(bench);
    report(bench, options.json);
    return 0;
  };
  return await Promise.race([measure(), interrupted()]);
});

/** The suites that are named, or all. */
function chosen(operands: readonly string[]): ((bench: BenchRunner) => Promise<void>)[] {
  const names = Object.keys(SUITES);
  const stranger = operands.find((operand) => !names.includes(operand));
  if (stranger !== undefined) {
    throw new UsageError(`${stranger} is no suite: ${names.join(", ")} are accepted`);
  }
  return Object.entries(SUITES)
    .filter(([name]) => operands.length === 0 || operands.includes(name))
    .map(([, suite]) => suite);
}

/** The exit status that Ctrl-C or its like asks for, once it does. */
function interrupted(): Promise<number> {
  const exitStatuses = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
  return new Promise((resolve) => {
    for (const [signal, exitStatus] of Object.entries(exitStatuses)) {
      Deno.addSignalListener(signal as Deno.Signal, () => resolve(exitStatus));
    }
  });
}
