import { PHASES } from "./faults.ts";
import type { Tally } from "./tally.ts";

type Column = readonly [string, (name: string, tally: Tally, baseline: Tally) => string];

const COLUMNS: readonly Column[] = [
  ["policy", (name) => name],
  ["downloads", (_, { count }) => String(count)],
  ["failed tries", (_, { failures }) => String(failures)],
  ["given up", (_, { reasons }) => String(reasons.length)],
  ["wrong lengths", (_, { wrong }) => String(wrong)],
  ["mean", (_, { mean }) => seconds(mean)],
  ["× round-robin", (_, { mean }, baseline) => (mean / baseline.mean).toFixed(2)],
  ["99th percentile", (_, { p99 }) => seconds(p99)],
  ["× round-robin", (_, { p99 }, baseline) => (p99 / baseline.p99).toFixed(2)],
  ...PHASES.map((phase): Column => [phase, (_, tally) => seconds(tally.meanIn(phase))]),
];

/** A Markdown table of what each policy's clients saw, beside those of `round-robin`. */
export function tableOf(tallies: ReadonlyMap<string, Tally>): string {
  const baseline = tallies.get("round-robin") ?? [...tallies.values()][0]!;
  const rows = [...tallies].map(([name, tally]) =>
    COLUMNS.map(([, write]) => write(name, tally, baseline))
  );
  const head = COLUMNS.map(([title]) => title);
  return [head, head.map((_, i) => i === 0 ? "---" : "---:"), ...rows]
    .map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function seconds(value: number): string {
  return `${value.toFixed(2)} s`;
}
