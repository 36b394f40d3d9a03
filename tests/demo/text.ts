import { format } from "@std/fmt/bytes";
import { print } from "../../lib/log/console.ts";

const isTerminal = Deno.stdout.isTerminal() && !Deno.noColor;

/** Prints a heading: bold where a person is looking. */
export function heading(text: string): void {
  print(isTerminal ? `\n\x1b[1m${text}\x1b[0m` : `\n${text}`);
}

/** Prints rows as a table, its first row as titles. Columns but the first are flush right. */
export function table(rows: readonly (readonly string[])[]): void {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  for (const [index, row] of rows.entries()) {
    const cells = row.map((cell, i) =>
      i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)
    );
    const line = `  ${cells.join("   ")}`.trimEnd();
    print(index === 0 && isTerminal ? `\x1b[2m${line}\x1b[0m` : line);
  }
}

/** `1.5 MiB` for 1572864. */
export function bytes(count: number): string {
  return format(count, { binary: true, maximumFractionDigits: 1 });
}

/** The time since a moment of `performance.now()`, such as `1.2 s`. */
export function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
