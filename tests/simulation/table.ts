import type { Outcome } from "./simulate.ts";

/** One way through one scenario. */
export interface Row {
  readonly servers: number;
  readonly load: number;
  readonly way: string;
  readonly outcome: Outcome;
}

type Column = readonly [string, (row: Row, oracle: Outcome, roundRobin: Outcome) => string];

const COLUMNS: readonly Column[] = [
  ["servers", ({ servers }) => String(servers)],
  ["load", ({ load }) => String(load)],
  ["policy", ({ way }) => way],
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

/** The rows of one scenario as lines of a Markdown table, without its head. */
export function linesOf(rows: readonly Row[]): string[] {
  const outcomeOf = (way: string) => rows.find((row) => row.way === way)!.outcome;
  const [oracle, roundRobin] = [outcomeOf("oracle"), outcomeOf("round-robin")];
  return rows.map((row) => line(COLUMNS.map(([, write]) => write(row, oracle, roundRobin))));
}

/** The head of the table. */
export const HEAD: readonly string[] = [
  line(COLUMNS.map(([name]) => name)),
  line(COLUMNS.map(() => "---:")),
];

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}
