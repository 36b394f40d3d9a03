import config from "../../deno.json" with { type: "json" };
import { print } from "../../lib/log/console.ts";
import { alignedLines } from "../support/table.ts";
import type { BenchRunner } from "./bench_runner.ts";
import { type Metric, type Results, type Series, spreadOf } from "./results.ts";
import { compare, type Comparison, timesFloor } from "./targets.ts";

/** Prints what was found: one table, or one JSON document. */
export function report(bench: BenchRunner, asJson: boolean): void {
  const comparisons = compare(bench.results);
  const { series } = bench.results;
  const missing = Object.fromEntries(bench.missing);
  const { options, cores = null, directory, received, loadAverage } = bench;
  const { rounds, seconds, connections } = options;
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
  print(tableOf(bench.results, comparisons));
  for (const [program, contestants] of bench.missing) {
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

/** A contestant that used less of its core waited for the load, which then was the slower one. */
const BUSY_PERCENT = 90;

const HEADINGS = ["", "median", "min–max", "ours/peer", "min–max", "÷ floor"];
const MARK = "°";
const LEGEND =
  `${MARK} busy for less than ${BUSY_PERCENT} % of the time: it waited for the load, ` +
  `or other programs used the core.\nThe ratio of "ours, --log=common" is to ours. ` +
  `"÷ floor" is the row's own figure to that of a bare loop on Deno.listen.`;

const TARGET_HEADINGS = ["target", "measured", "target", ""];

/** All series and comparisons as text, in columns. */
export function tableOf(results: Results, comparisons: readonly Comparison[]): string {
  const { series } = results;
  const shown = series.filter(({ metric }) => metric !== "core busy %");
  const sections = Map.groupBy(shown, ({ subject, metric }) => `${subject}: ${metric}`);
  const rows = [...sections].flatMap(([title, members]) => [
    [],
    [title],
    ...members.map((member) => rowOf(member, comparisons, results)),
  ]);
  return [...alignedLines([HEADINGS, ...rows], "  "), "", LEGEND].join("\n");
}

/** Each comparison that has a target: measured, target, and whether it is met. */
export function targetTableOf(comparisons: readonly Comparison[]): string {
  const rows = comparisons.flatMap(({ subject, metric, contestant, peer, ...rest }) => {
    const { ratio, target, isReached } = rest;
    if (target === undefined) return [];
    const written = (value: number) =>
      peer === undefined ? format(metric, value) : value.toFixed(2);
    const who = contestant === "ours" ? "" : `${contestant} `;
    const of = peer === undefined ? "" : ` ${who}÷ ${peer}`;
    const bound = `${target.relation} ${written(target.bound)}`;
    return [[
      `${subject}: ${metric}${of}`,
      written(ratio.median),
      bound,
      isReached ? "met" : "MISSED",
    ]];
  });
  return alignedLines([TARGET_HEADINGS, ...rows], "  ").join("\n");
}

function rowOf(member: Series, comparisons: readonly Comparison[], results: Results): string[] {
  const { subject, metric, contestant, values } = member;
  const figure = spreadOf(values);
  const mine = comparisons.find((it) =>
    it.subject === subject && it.metric === metric && it.peer !== undefined &&
    contestant !== "ours" && [it.contestant, it.peer].includes(contestant)
  );
  const { ratio } = mine ?? {};
  return [
    `  ${contestant}`,
    `${format(metric, figure.median)}${isIdle(member, results) ? MARK : " "}`,
    `${format(metric, figure.min)}–${format(metric, figure.max)}`,
    ratio === undefined ? "" : ratio.median.toFixed(2),
    ratio === undefined ? "" : `${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)}`,
    timesFloor(results, member)?.toFixed(2) ?? "",
  ];
}

function isIdle({ subject, contestant }: Series, results: Results): boolean {
  const busy = results.find(subject, "core busy %", contestant);
  return busy !== undefined && spreadOf(busy.values).median < BUSY_PERCENT;
}

/** Metrics that count. */
const COUNTS: readonly Metric[] = ["connections", "files", "functions"];

/** How a figure is written: three digits, or all before the point. */
function format(metric: Metric, value: number): string {
  if (value >= 100 || COUNTS.includes(metric)) return grouped(value);
  return value >= 10 ? value.toFixed(1) : value >= 1 ? value.toFixed(2) : value.toFixed(3);
}

function grouped(value: number): string {
  return value.toFixed(0).replace(/\B(?=(?:[0-9]{3})+$)/g, ",");
}
