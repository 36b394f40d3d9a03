/** One row of a Markdown table. */
export function markdownRow(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

/** A Markdown table: its first column to the left, the others to the right. */
export function markdownTable(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const alignment = titles.map((_, column) => column === 0 ? "---" : "---:");
  return [titles, alignment, ...rows].map(markdownRow).join("\n");
}

/**
 * Rows as lines of text in columns: the first to the left, the others to the right. The first row
 * has as many cells as there are columns; a row of one cell may be wider than its column.
 */
export function alignedLines(rows: readonly (readonly string[])[], gap: string): string[] {
  const full = rows.filter(({ length }) => length > 1);
  const widths = rows[0]!.map((_, column) =>
    Math.max(...full.map((row) => row[column]?.length ?? 0))
  );
  return rows.map((row) =>
    row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)
    ).join(gap).trimEnd()
  );
}
