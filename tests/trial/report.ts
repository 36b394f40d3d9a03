import { DownloadCounts, type DownloadResult } from "../harness/downloads.ts";
import { markdownTable } from "../support/table.ts";
import { type Phase, PHASES } from "./plan.ts";

/** Downloads with one policy, by the phase in which each began. */
export class PolicyCounts extends DownloadCounts {
  readonly #timesIn = new Map<Phase, number[]>(PHASES.map((phase) => [phase, []]));

  /** Counts a download that began in a phase. */
  addIn(phase: Phase, result: DownloadResult): void {
    this.add(result);
    if (result.reason === undefined) this.#timesIn.get(phase)!.push(result.seconds);
  }

  /** The mean time of a download, in seconds. */
  get mean(): number {
    return meanOf(this.times);
  }

  /** The mean time of those that began in one phase, in seconds. */
  meanIn(phase: Phase): number {
    return meanOf(this.#timesIn.get(phase)!);
  }

  /** The time in seconds that 99 of 100 stayed below. */
  get p99(): number {
    const sorted = this.times.toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length * 0.99)] ?? NaN;
  }
}

type Column = readonly [
  string,
  (name: string, counts: PolicyCounts, baseline: PolicyCounts) => string,
];

const COLUMNS: readonly Column[] = [
  ["policy", (name) => name],
  ["downloads", (_, { times }) => `${times.length}`],
  ["failed tries", (_, { failedTries }) => `${failedTries}`],
  ["given up", (_, { reasons }) => `${reasons.length}`],
  ["wrong lengths", (_, { wrong }) => `${wrong}`],
  ["mean", (_, { mean }) => inSeconds(mean)],
  ["× round-robin", (_, { mean }, baseline) => (mean / baseline.mean).toFixed(2)],
  ["99th percentile", (_, { p99 }) => inSeconds(p99)],
  ["× round-robin", (_, { p99 }, baseline) => (p99 / baseline.p99).toFixed(2)],
  ...PHASES.map((phase): Column => [phase, (_, counts) => inSeconds(counts.meanIn(phase))]),
];

/** A Markdown table of the downloads with each policy, beside those with `round-robin`. */
export function tableOf(policies: ReadonlyMap<string, PolicyCounts>): string {
  const baseline = policies.get("round-robin") ?? [...policies.values()][0]!;
  const rows = [...policies].map(([name, counts]) =>
    COLUMNS.map(([, write]) => write(name, counts, baseline))
  );
  return markdownTable(COLUMNS.map(([title]) => title), rows);
}

function inSeconds(value: number): string {
  return `${value.toFixed(2)} s`;
}

function meanOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, it) => sum + it, 0) / numbers.length;
}
