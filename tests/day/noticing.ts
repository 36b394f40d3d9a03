/** How long it took to notice things, kind by kind. */
export class Noticing {
  readonly #times = new Map<string, number[]>();

  /** Something of a kind was noticed after so many ms. */
  add(kind: string, ms: number): void {
    this.#times.set(kind, [...this.#times.get(kind) ?? [], ms]);
  }

  /** A Markdown table of all kinds. */
  get table(): string {
    const rows = [...this.#times].toSorted(([a], [b]) => a < b ? -1 : 1).map(([kind, times]) => {
      const sorted = times.toSorted((a, b) => a - b);
      const median = sorted[Math.floor(sorted.length / 2)]!;
      return [kind, String(times.length), seconds(median), seconds(sorted.at(-1)!)];
    });
    return [["what", "times", "median", "worst"], ["---", "---:", "---:", "---:"], ...rows]
      .map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
