import type { Command } from "./command.ts";
import type { Flag, Option, Options } from "./option.ts";

/** The flags of every command. */
export const FLAGS: Readonly<Record<string, Flag>> = {
  help: { short: "h", description: "print this help and exit" },
  version: { short: undefined, description: "print the version and exit" },
};

/** The text of `--help`, without the last line end. */
export function helpText(command: Command<Options>): string {
  const operands = Object.entries(command.operands)
    .map(([name, text]): HelpRow => [`  ${name}`, text]);
  const options = Object.entries({ ...command.options, ...FLAGS });
  const table = alignRows([
    ...operands,
    ...options.map(([name, option]) => optionRow(name, option)),
  ]);
  const usage = `deno run ${command.permissions} ${command.name}.ts ${command.synopsis}`;
  return [
    wrap("Usage: ", usage),
    wrap("", command.summary),
    table.slice(0, operands.length).join("\n"),
    ["Options:", ...table.slice(operands.length)].join("\n"),
    command.notes.trimEnd(),
  ].filter((part) => part !== "").join("\n\n");
}

/** A label of the help's left column, and the text beside it. */
type HelpRow = readonly [label: string, text: string];

function optionRow(name: string, option: Option<unknown> | Flag): HelpRow {
  const short = option.short === undefined ? "    " : `-${option.short}, `;
  const label = `  ${short}--${name}`;
  if (!("kind" in option)) return [label, option.description];
  const byDefault = option.defaultText === undefined ? "" : ` (default: ${option.defaultText})`;
  const value = `=${option.kind.placeholder}`;
  return [
    `${label}${"bareValue" in option ? `[${value}]` : value}`,
    `${option.description}${byDefault}`,
  ];
}

/** A table of two columns; each row is one or more lines. */
function alignRows(rows: readonly HelpRow[]): string[] {
  const margin = Math.max(...rows.map(([label]) => label.length)) + 2;
  return rows.map(([label, text]) => wrap(label.padEnd(margin), text));
}

const HELP_COLUMNS = 80;

/** The label, and the text beside it broken between words. */
function wrap(label: string, text: string): string {
  const lines: string[] = [];
  let line = label;
  for (const word of text.split(" ")) {
    if (line.length > label.length && line.length + word.length >= HELP_COLUMNS) {
      lines.push(line);
      line = " ".repeat(label.length);
    }
    line += line.length > label.length ? ` ${word}` : word;
  }
  return [...lines, line].join("\n");
}
