import { assert, assertEquals, assertThrows } from "@std/assert";
import { parseArguments } from "../../lib/cli/arguments.ts";
import { UsageError } from "../../lib/cli/command.ts";
import { count, flag, optional, repeatable, text } from "../../lib/cli/option.ts";

const command = {
  name: "server",
  permissions: "--allow-net",
  synopsis: "[OPTIONS] [ROOT]",
  summary: "Serves files.",
  operands: {},
  options: {
    listing: flag("list directories"),
    header: repeatable(text("FIELD"), "a field to be added"),
    size: repeatable(count(1, 9), "a size"),
    output: optional(text("FILE"), "where to", "o"),
  },
  notes: "",
};

function parse(...args: string[]) {
  const parsed = parseArguments(command, args);
  assert("values" in parsed, `${args} asks for a text`);
  return parsed;
}

Deno.test("parseArguments() takes a flag for true when it is given", () => {
  const isListing: boolean = parse("--listing").values.listing;
  assertEquals(isListing, true);
  assertEquals(parse().values.listing, false);
  assertEquals(parse("--listing", "--listing").values.listing, true);
  assertEquals(parse("--listing", "root").operands, ["root"]);
  assertEquals(parse("--listing", "-").operands, ["-"]);
});

Deno.test("parseArguments() refuses a value for a flag, and a flag that is mistyped", () => {
  for (const arg of ["--listing=", "--listing=on", "--listing=false"]) {
    assertThrows(() => parse(arg), UsageError, "--listing takes no value");
  }
  assertThrows(() => parse("--listign"), UsageError, "did you mean --listing?");
  assertThrows(() => parse("--no-listing"), UsageError, "unknown option --no-listing");
});

Deno.test("parseArguments() gathers the values of an option that may be repeated", () => {
  const { header, size } =
    parse("--header=a: b", "--size=1", "--header", "c: d", "--size=2").values;
  const sizes: readonly number[] = size;
  assertEquals([header, sizes], [["a: b", "c: d"], [1, 2]]);
  assertEquals(parse().values.header, []);
});

Deno.test("parseArguments() refuses each value that is not accepted, one of many as well", () => {
  assertThrows(() => parse("--size=1", "--size=10"), UsageError, "--size=10: a number from 1 to 9");
  assertThrows(() => parse("--header="), UsageError, "--header needs a value: --header=FIELD");
});

Deno.test("parseArguments() shows a flag without a value in its help", () => {
  const parsed = parseArguments(command, ["--help"]);
  assert("text" in parsed);
  const lines = parsed.text.split("\n").map((line) => line.trim().split(/ {2,}/));
  const row = (name: string) => lines.find(([label]) => label?.startsWith(name));
  assertEquals(row("--listing"), ["--listing", "list directories"]);
  assertEquals(row("--header"), ["--header=FIELD", "a field to be added"]);
});
