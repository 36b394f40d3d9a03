// How long clients wait for their downloads with each policy, on farms from 3 to 10,000 servers: the
// balancer's own pool and policies on a clock that is only a number. The same on every machine.

import { parseArgs } from "@std/cli/parse-args";
import { POLICY_NAMES, type PolicyName } from "../lib/balancing/policies.ts";
import { type Scenario, scenarioOf } from "./simulation/scenario.ts";
import { type Outcome, simulate } from "./simulation/simulate.ts";
import { oracle, type StrategyMaker, strategyOf } from "./simulation/strategy.ts";
import { markdownRow } from "./support/table.ts";

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

const strategies: readonly [string, StrategyMaker][] = [
  ["oracle", oracle],
  ...POLICY_NAMES.map((name): [PolicyName, StrategyMaker] => [name, strategyOf(name)]),
];

/** One strategy in one scenario. */
interface Row {
  readonly servers: number;
  readonly load: number;
  readonly policy: string;
  readonly outcome: Outcome;
}

type Column = readonly [string, (row: Row, oracle: Outcome, roundRobin: Outcome) => string];

const COLUMNS: readonly Column[] = [
  ["servers", ({ servers }) => String(servers)],
  ["load", ({ load }) => String(load)],
  ["policy", ({ policy }) => policy],
  ["mean", ({ outcome }) => `${(outcome.mean / 1000).toFixed(1)} s`],
  ["× oracle", ({ outcome }, oracle) => (outcome.mean / oracle.mean).toFixed(2)],
  ["× round robin", ({ outcome }, _, { mean }) => (outcome.mean / mean).toFixed(2)],
  ["99th percentile", ({ outcome }) => `${(outcome.p99 / 1000).toFixed(0)} s`],
  ["× oracle", ({ outcome }, oracle) => (outcome.p99 / oracle.p99).toFixed(2)],
  ["× round robin", ({ outcome }, _, { p99 }) => (outcome.p99 / p99).toFixed(2)],
  ["largest backlog", ({ outcome }) => String(outcome.largestBacklog)],
  ["to the dead", ({ outcome }) => `${(outcome.toTheDead * 100).toFixed(2)} %`],
  ["share error", ({ outcome }) => `${(outcome.shareError * 100).toFixed(1)} %`],
];

if (options["help"] === true) print(HELP);
else simulateAll();

function simulateAll(): void {
  print(markdownRow(COLUMNS.map(([title]) => title)));
  print(markdownRow(COLUMNS.map(() => "---:")));
  const loads = numbers(options["loads"] ?? "0.4,0.7,0.9");
  for (const servers of numbers(options["servers"] ?? "3,10,100,1000,10000")) {
    const isLarge = servers > MOST_SERVERS_AT_EVERY_LOAD && loads.includes(THE_LOAD);
    for (const load of isLarge ? [THE_LOAD] : loads) {
      const scenario = scenarioOf(servers, load, changes);
      printRows(strategies.map(([policy, make]) => {
        return { servers, load, policy, outcome: simulate(scenario, make) };
      }));
    }
  }
}

/** Prints the rows of one scenario, which relate to two of them. */
function printRows(rows: readonly Row[]): void {
  const outcomeOf = (policy: string) => rows.find((row) => row.policy === policy)!.outcome;
  const [oracle, roundRobin] = [outcomeOf("oracle"), outcomeOf("round-robin")];
  for (const row of rows) {
    print(markdownRow(COLUMNS.map(([, write]) => write(row, oracle, roundRobin))));
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
