// How long clients wait for their downloads with each policy, on farms from 3 to 10,000 servers: the
// balancer's own pool and policies on a clock that is only a number. The same on every machine.

import { parseArgs } from "@std/cli/parse-args";
import { POLICY_NAMES, type PolicyName } from "../lib/balancing/policies.ts";
import { type Scenario, scenarioOf } from "./simulation/scenario.ts";
import { simulate } from "./simulation/simulate.ts";
import { HEAD, linesOf } from "./simulation/table.ts";
import { oracle, type WayMaker, wayOf } from "./simulation/way.ts";

const HELP = `Usage: deno task simulation [OPTIONS]

  --servers=3,10,100,1000,10000   sizes of farms
  --loads=0.4,0.7,0.9             parts of their capacity that are asked for
  --sizes=log-normal              of files: equal, log-normal or heavy-tailed
  --mean=600                      of the sizes of files, in MB; the middling server sends 10 MB/s
  --known=0.8                     the part of requests of which the balancer knows the size
  --interval=60                   between rounds of probes, in seconds
  --together                      all servers change their speed at once
  --seed=1                        another seed, another farm`;

/** The largest farms are simulated at one load only, to be done within a minute. */
const MOST_SERVERS_AT_EVERY_LOAD = 1000;
const THE_LOAD = 0.7;

const options = parseArgs(Deno.args, {
  string: ["servers", "loads", "sizes", "mean", "known", "interval", "seed"],
  boolean: ["help", "together"],
  collect: [],
  alias: {},
  unknown: (name) => {
    throw new Error(`There is no ${name}; see --help`);
  },
});

const changes: Partial<Scenario> = {
  sizes: (options["sizes"] ?? "log-normal") as Scenario["sizes"],
  meanBytes: number("mean", 600) * 1e6,
  sizesKnown: number("known", 0.8),
  interval: number("interval", 60) * 1000,
  seed: number("seed", 1),
  changesTogether: options["together"] === true,
};

const ways: readonly [string, WayMaker][] = [
  ["oracle", oracle],
  ...POLICY_NAMES.map((name): [PolicyName, WayMaker] => [name, wayOf(name)]),
];

if (options["help"] === true) print(HELP);
else simulateAll();

function simulateAll(): void {
  HEAD.forEach(print);
  const loads = numbers(options["loads"] ?? "0.4,0.7,0.9");
  for (const servers of numbers(options["servers"] ?? "3,10,100,1000,10000")) {
    const isLarge = servers > MOST_SERVERS_AT_EVERY_LOAD && loads.includes(THE_LOAD);
    for (const load of isLarge ? [THE_LOAD] : loads) {
      const scenario = scenarioOf(servers, load, changes);
      const rows = ways.map(([way, make]) => {
        return { servers, load, way, outcome: simulate(scenario, make) };
      });
      linesOf(rows).forEach(print);
    }
  }
}

function number(name: string, usual: number): number {
  return Number(options[name] ?? usual);
}

function numbers(list: unknown): number[] {
  return String(list).split(",").map(Number);
}

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
