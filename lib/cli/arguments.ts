/**
 * Arguments of a command: a table of options gives typed values, `--help`, and usage errors of one
 * line.
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };
import { parseArgs } from "@std/cli/parse-args";
import { print, say } from "../log/console.ts";
import { catchFaults, type ErrorRecord, errorRecord, faultLog } from "../log/fault.ts";
import { type Command, CommandError, UsageError } from "./command.ts";
import { FLAGS, helpText } from "./help.ts";
import type { Option, Options, Values } from "./option.ts";

/** Packages that are for tests alone. */
const TEST_PACKAGES = ["fast-check", "playwright-core"];

/** Typed values and operands, or the text of `--help` or `--version`. */
export type Arguments<O extends Options> =
  | { readonly values: Values<O>; readonly operands: readonly string[] }
  | { readonly text: string };

/**
 * Parses a command's arguments, but does not check the number of operands.
 *
 * @throws {UsageError} on an unknown or repeated option, a missing or invalid value, or a flag with a
 *     value
 */
export function parseArguments<O extends Options>(
  command: Command<O>,
  args: readonly string[],
): Arguments<O> {
  const { options } = command;
  const names = Object.keys({ ...options, ...FLAGS });
  const string = [...names.filter((name) => takesValue(options, name)), "_"];
  const boolean = names.filter((name) => !takesValue(options, name));
  const respelled = respell(options, args);
  const settings = { string, boolean, collect: names, alias: {}, unknown: () => true };
  const parsed = parseArgs(respelled, settings);
  const textsOf = (name: string) => parsed[name] as readonly string[];
  if (textsOf("help").length > 0) return { text: helpText(command) };
  if (textsOf("version").length > 0) return { text: versionText(command.name) };
  const values = Object.fromEntries(
    Object.entries(options).map(([name, option]) => {
      const texts = textsOf(name);
      return [name, "kind" in option ? valueOf(name, option, texts) : texts.length > 0];
    }),
  );
  return { values: values as Values<O>, operands: parsed._ };
}

/** Name and version; then Deno's versions, how the command runs, and the packages in it. */
function versionText(name: string): string {
  const { deno, v8 } = Deno.version;
  const { standalone, target } = Deno.build;
  const form = standalone ? "compiled" : "script";
  const all = Object.values(config.imports).map((specifier) =>
    specifier.replace(/^\w+:(@?[^@]+)@([^/]+).*$/, "$1 $2")
  );
  const packages = [...new Set(all)].filter((it) => !TEST_PACKAGES.includes(it.split(" ")[0]!));
  return `${name} ${config.version} (deno ${deno}, v8 ${v8}, ${target}, ${form}; ${
    packages.join(", ")
  })`;
}

function takesValue(options: Options, name: string): boolean {
  return Object.hasOwn(options, name) && "kind" in options[name]!;
}

function valueOf(name: string, option: Option<unknown>, texts: readonly string[]): unknown {
  if (option.isRepeatable) return texts.flatMap((text) => parsed(name, option, text));
  const [text] = texts;
  if (text === undefined) return option.default;
  if (texts.length === 1) return parsed(name, option, text);
  const times = texts.length === 2 ? "twice" : `${texts.length} times`;
  throw new UsageError(`${labelOf(name, option)} is given ${times}; it takes one value`);
}

function labelOf(name: string, { short }: Option<unknown>): string {
  return short === undefined ? `--${name}` : `-${short}, --${name}`;
}

function parsed(name: string, option: Option<unknown>, text: string): unknown {
  const label = labelOf(name, option);
  const { expected, parse, placeholder, isSecret } = option.kind;
  if (text === "" && "bareValue" in option) return option.bareValue;
  if (text === "") throw new UsageError(`${label} needs a value: --${name}=${placeholder}`);
  const value = parse(text);
  if (value !== undefined) return value;
  throw new UsageError(`--${name}${isSecret ? "" : `=${text}`}: ${expected} is accepted`);
}

/**
 * The arguments with every option validated and in its long form. Otherwise parseArgs takes
 * `--no-port=1` for `--port=1`, `-oa=b` for `-o b`, the `-` of `--output -` for an operand, and fails
 * on `--_`.
 */
function respell(options: Options, args: readonly string[]): string[] {
  const respelled: string[] = [];
  for (const [index, arg] of args.entries()) {
    if (arg === "--") return [...respelled, ...args.slice(index)];
    const previous = respelled.at(-1) ?? "";
    if (arg === "-" && previous.startsWith("--") && takesValue(options, previous.slice(2))) {
      respelled.splice(-1, 1, `${previous}=-`);
    } else {
      respelled.push(arg.length > 1 && arg.startsWith("-") ? longForm(options, arg) : arg);
    }
  }
  return respelled;
}

/** `--output=x` for itself, `-ox` and `-o=x`; throws UsageError on an unknown option. */
function longForm(options: Options, arg: string): string {
  const table = { ...options, ...FLAGS };
  const [typed = ""] = arg.split("=", 1);
  const isLong = typed.startsWith("--");
  const typedName = typed.slice(isLong ? 2 : 1);
  const isName = Object.hasOwn(table, typedName);
  // `-output` is `--output` with a hyphen forgotten, not a file called "utput".
  if (isLong !== isName) throw unknownOption(table, typed, typedName);
  const name = isLong
    ? typedName
    : Object.keys(table).find((name) => table[name]?.short === arg.charAt(1));
  if (name === undefined) throw unknownOption(table, typed, typedName);
  const rest = isLong ? arg.slice(typed.length) : arg.slice(2).replace(/^(?=[^=])/, "=");
  if (rest !== "" && !takesValue(options, name)) throw new UsageError(`--${name} takes no value`);
  // Its value never is the next argument.
  if (rest === "" && "bareValue" in (table[name] ?? {})) return `--${name}=`;
  return `--${name}${rest}`;
}

function unknownOption(table: object, typed: string, typedName: string): UsageError {
  const near = Object.keys(table).find((name) => isOneSlip(typedName, name));
  const hint = near === undefined ? "" : `; did you mean --${near}?`;
  // What follows another letter may be its value, such as a password.
  const shown = near === undefined && !typed.startsWith("--") ? typed.slice(0, 2) : typed;
  return new UsageError(`unknown option ${shown}${hint} (see --help)`);
}

/** Whether the names differ by at most one letter, or by two that are swapped. */
function isOneSlip(typed: string, name: string): boolean {
  const shorter = Math.min(typed.length, name.length);
  let start = 0;
  while (start < shorter && typed[start] === name[start]) start++;
  let end = 0;
  while (end < shorter - start && typed.at(-1 - end) === name.at(-1 - end)) end++;
  const left = typed.slice(start, typed.length - end);
  const right = name.slice(start, name.length - end);
  const isSwap = left.length === 2 && right === `${left[1]}${left[0]}`;
  return isSwap || (left.length <= 1 && right.length <= 1);
}

/**
 * Runs a command and ends the process: with the status that `main` returns, 0 after `--help` and
 * `--version`, the status of a CommandError after its message, or 70 after any other error, which is a
 * bug, also if nothing caught it and there is no log.
 */
export async function runCommand<O extends Options>(
  command: Command<O>,
  main: (values: Values<O>, operands: readonly string[]) => Promise<number>,
  args: readonly string[] = Deno.args,
): Promise<never> {
  catchFaults((error) => {
    sayBug(command.name, error);
    Deno.exit(BUG_STATUS);
  });
  Deno.exit(await exitStatusOf(command, main, args));
}

async function exitStatusOf<O extends Options>(
  command: Command<O>,
  main: (values: Values<O>, operands: readonly string[]) => Promise<number>,
  args: readonly string[],
): Promise<number> {
  try {
    const parsed = parseArguments(command, args);
    if (!("text" in parsed)) return await main(parsed.values, parsed.operands);
    print(parsed.text);
    return 0;
  } catch (error) {
    if (error instanceof CommandError) {
      say(`${command.name}: ${error.message}`);
      return error.exitStatus;
    }
    const log = faultLog();
    if (log === undefined) sayBug(command.name, error);
    log?.error(error);
    await log?.flush();
    return BUG_STATUS;
  }
}

const BUG_STATUS = 70;

function sayBug(name: string, error: unknown): void {
  let prefix = `${name}: internal error`;
  for (let it: ErrorRecord | undefined = errorRecord(error); it !== undefined; it = it.cause) {
    for (const line of `${prefix}: ${it.stack ?? it.message}`.split("\n")) say(line);
    prefix = "caused by";
  }
  say(`${name}: this is a bug in ${name} ${config.version}, please report it with these lines`);
}
