import config from "../../deno.json" with { type: "json" };
import { print } from "../../lib/log/console.ts";
import type { Arena } from "./arena.ts";
import { compare } from "./comparison.ts";
import { spreadOf } from "./results.ts";
import { tableOf, targetTableOf } from "./table.ts";

/** Prints what was found: one table, or one JSON document. */
export function report(arena: Arena, asJson: boolean): void {
  const comparisons = compare(arena.results);
  const { series } = arena.results;
  const missing = Object.fromEntries(arena.missing);
  const { choices, cores = null, directory, received, loadAverage } = arena;
  const { rounds, seconds, connections } = choices;
  const about = {
    version: config.version,
    deno: Deno.version.deno,
    processor: processor(),
    cores,
    loadAverage,
    served: directory.path,
    received,
    rounds,
    seconds,
    connections,
  };
  if (asJson) {
    const measured = series.map((one) => ({ ...one, ...spreadOf(one.values) }));
    print(JSON.stringify({ about, missing, measured, comparisons }, null, 2));
    return;
  }
  const where = cores === null
    ? "servers and load share all cores"
    : `servers on core ${cores.server}, load on core ${cores.load}`;
  print(`${about.processor}, Deno ${about.deno}, ${where}; ${rounds} rounds of ${seconds} s.`);
  const loadAfter = Deno.loadavg()[0]!;
  print(`Load average before: ${loadAverage.toFixed(2)}, after: ${loadAfter.toFixed(2)}\n`);
  print(tableOf(arena.results, comparisons));
  for (const [program, contestants] of arena.missing) {
    print(`Not installed: ${program}; so missing: ${contestants.join(", ")}.`);
  }
  const judged = comparisons.filter(({ target }) => target !== undefined);
  if (judged.length > 0) print(`\n${targetTableOf(judged)}`);
  const reached = judged.filter(({ isReached }) => isReached);
  print(`Targets met: ${reached.length} of ${judged.length} that were measured.`);
}

function processor(): string {
  const info = Deno.readTextFileSync("/proc/cpuinfo");
  return /^model name\s*:\s*(.+)$/m.exec(info)?.[1] ?? Deno.build.arch;
}
