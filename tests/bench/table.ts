import type { Comparison } from "./comparison.ts";
import { type Metric, type Series, spreadOf } from "./results.ts";

/** A contestant that used less of its core waited for the load, which then was the slower one. */
const BUSY_PERCENT = 90;

const HEADINGS = ["", "median", "min–max", "ours/peer", "min–max", "target", ""];
const MARK = "°";
const LEGEND =
  `${MARK} busy for less than ${BUSY_PERCENT} % of the time: it waited for the load, ` +
  `or other programs used the core.\nThe ratio of "ours, --log=common" is to ours.`;

/** All series and comparisons as text, in columns. */
export function tableOf(series: readonly Series[], comparisons: readonly Comparison[]): string {
  const shown = series.filter(({ metric }) => metric !== "core busy %");
  const sections = Map.groupBy(shown, ({ subject, metric }) => `${subject}: ${metric}`);
  const rows = [...sections].flatMap(([title, members]) => [
    [],
    [title],
    ...members.map((member) => rowOf(member, comparisons, isIdle(member, series))),
  ]);
  return [...aligned([HEADINGS, ...rows]), "", LEGEND].join("\n");
}

function rowOf(
  { subject, metric, contestant, values }: Series,
  comparisons: readonly Comparison[],
  isIdle: boolean,
): string[] {
  const figure = spreadOf(values);
  const mine = comparisons.find((it) =>
    it.subject === subject && it.metric === metric &&
    (contestant === "ours" ? it.peer === undefined : [it.contestant, it.peer].includes(contestant))
  );
  const cells = [
    `  ${contestant}`,
    `${format(metric, figure.median)}${isIdle ? MARK : " "}`,
    `${format(metric, figure.min)}–${format(metric, figure.max)}`,
  ];
  if (mine === undefined) return cells;
  const { ratio, target, isReached } = mine;
  const ratioCells = mine.peer === undefined
    ? ["", ""]
    : [ratio.median.toFixed(2), `${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)}`];
  if (target === undefined) return [...cells, ...ratioCells];
  const bound = mine.peer === undefined ? format(metric, target.bound) : target.bound.toFixed(2);
  return [...cells, ...ratioCells, `${target.relation} ${bound}`, isReached ? "reached" : "MISSED"];
}

function isIdle({ subject, contestant }: Series, series: readonly Series[]): boolean {
  const busy = series.find((it) =>
    it.subject === subject && it.contestant === contestant && it.metric === "core busy %"
  );
  return busy !== undefined && spreadOf(busy.values).median < BUSY_PERCENT;
}

/** How a figure is written: three digits, or all before the point. */
function format(metric: Metric, value: number): string {
  if (metric === "connections") return grouped(value);
  if (value >= 1000) return grouped(value);
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function grouped(value: number): string {
  return value.toFixed(0).replace(/\B(?=(?:[0-9]{3})+$)/g, ",");
}

/** The rows with their cells in columns, the first to the left; one cell alone may stand out. */
function aligned(rows: readonly string[][]): string[] {
  const full = rows.filter(({ length }) => length > 1);
  const widths = HEADINGS.map((_, column) =>
    Math.max(...full.map((row) => row[column]?.length ?? 0))
  );
  return rows.map((row) =>
    row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)
    ).join("  ").trimEnd()
  );
}
