// How long clients wait for their downloads with each policy, on farms from 3 to 10,000 servers: the
// balancer's own pool and policies on a clock that is only a number. The same on every machine.

import { parseArgs } from "@std/cli/parse-args";
import { POLICY_NAMES, type PolicyName } from "../lib/balancing/policies.ts";
import { CONTINENTS, ONE_CONTINENT } from "./simulation/continents.ts";
import { type Scenario, scenarioOf } from "./simulation/scenario.ts";
import { type Outcome, simulate } from "./simulation/simulate.ts";
import { Rival, RIVAL_NAMES, type RivalName } from "./simulation/rivals.ts";
import { oracle, type StrategyMaker, strategyOf, strategyWith } from "./simulation/strategy.ts";
import { seededRandom } from "./support/random.ts";
import { markdownRow } from "./support/table.ts";

const HELP = `Usage: deno task simulation [OPTIONS]

  --servers=3,10,100,1000,10000   sizes of farms
  --loads=0.4,0.7,0.9             parts of their capacity that are asked for
  --sizes=log-normal              of files: equal, log-normal or heavy-tailed
  --mean=600                      of the sizes of files, in MB; the middling server sends 10 MB/s
  --known=0.8                     the part of requests of which the balancer knows the size
  --interval=60                   between rounds of probes, in seconds
  --checks=1000                   of the load of servers, for each 100 redirects; 0 for no reports
  --balancers=1, --workers=1      that share the clients
  --lanes=1                       transfers that a server sends at full speed; 20: unshared lines
  --together                      all servers change their speed at once
  --seed=1                        another seed, another farm
  --rivals                        policies that other load balancers use, beside expected
  --continents=1                  over which servers and clients are dealt out; with 2 to 6 the
                                  table compares policies with tiers and without, on 30 servers
  --within=20, --across=2         what a path inside a continent and one between two carry, in MB/s`;

/** The largest farms are simulated at one load only, to be done within a minute. */
const MOST_SERVERS_AT_EVERY_LOAD = 1000;
const THE_LOAD = 0.7;

const FARM = ["checks", "balancers", "workers", "lanes"];
const WORLD = ["continents", "within", "across"];

const options = parseArgs(Deno.args, {
  string: ["servers", "loads", "sizes", "mean", "known", "interval", "seed", ...FARM, ...WORLD],
  boolean: ["help", "together", "rivals"],
  collect: [],
  alias: {},
  unknown: (name) => {
    throw new Error(`There is no ${name}; see --help`);
  },
});

const continents = number("continents", 1);
if (continents > CONTINENTS.length) throw new Error(`There are ${CONTINENTS.length} continents`);

const changes: Partial<Scenario> = {
  sizes: (options["sizes"] ?? "log-normal") as Scenario["sizes"],
  meanBytes: number("mean", 600) * 1e6,
  sizesKnown: number("known", 0.8),
  interval: number("interval", 60) * 1000,
  seed: number("seed", 1),
  checks: number("checks", 1000),
  balancers: number("balancers", 1),
  workers: number("workers", 1),
  lanes: number("lanes", 1),
  changesTogether: options["together"] === true,
  world: continents === 1 ? ONE_CONTINENT : {
    continents,
    speedWithin: number("within", 20) * 1000,
    speedAcross: number("across", 2) * 1000,
  },
};

/** Those that rows relate to, and others. */
const strategies: readonly [string, StrategyMaker][] = [
  ["oracle", oracle],
  ...(options["rivals"] === true
    ? [policy("expected"), policy("round-robin"), ...RIVAL_NAMES.map(rival)]
    : POLICY_NAMES.map(policy)),
];

function policy(name: PolicyName): [PolicyName, StrategyMaker] {
  return [name, strategyOf(name)];
}

function rival(name: RivalName): [RivalName, StrategyMaker] {
  return [name, strategyWith(() => new Rival(name, seededRandom(changes.seed! + 3)))];
}

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
  ["herding", ({ outcome }) => outcome.dispersion.toFixed(2)],
  ["share error", ({ outcome }) => `${(outcome.shareError * 100).toFixed(1)} %`],
];

/** The policies that are compared with tiers and without. */
const TIERED: readonly PolicyName[] = ["rank", "speed", "expected"];

if (options["help"] === true) print(HELP);
else if (continents > 1) compareTiers();
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

/** Prints mean and 99th percentile of each policy with tiers, and in relation to those without. */
function compareTiers(): void {
  const titles = ["servers", "load", "policy", "mean without", "with tiers", "÷"];
  print(markdownRow([...titles, "99 % without", "with tiers", "÷"]));
  print(markdownRow([...titles, "", "", ""].map(() => "---:")));
  for (const servers of numbers(options["servers"] ?? "30")) {
    for (const load of numbers(options["loads"] ?? "0.4,0.7,0.9")) {
      const scenario = scenarioOf(servers, load, changes);
      for (const policy of TIERED) {
        const without = simulate(scenario, strategyOf(policy));
        const tiered = simulate(scenario, strategyOf(policy, { hasTiers: true }));
        const cells = (["mean", "p99"] as const).flatMap((name) => [
          `${(without[name] / 1000).toFixed(0)} s`,
          `${(tiered[name] / 1000).toFixed(0)} s`,
          (tiered[name] / without[name]).toFixed(2),
        ]);
        print(markdownRow([String(servers), String(load), policy, ...cells]));
      }
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
