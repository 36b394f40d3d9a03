import { assert, assertEquals, assertMatch, assertNotMatch, assertThrows } from "@std/assert";
import { parseArguments } from "../../lib/cli/arguments.ts";
import { UsageError } from "../../lib/cli/command.ts";
import {
  choice,
  count,
  duration,
  flag,
  option,
  optional,
  PORT,
  repeatable,
  SIZE,
  text,
  withBareValue,
} from "../../lib/cli/option.ts";

const command = {
  name: "balancer",
  permissions: "--allow-net",
  synopsis: "[OPTIONS] SERVER...",
  summary: "Redirects each client to one of a farm of file servers, the faster ones more often.",
  operands: {
    SERVER: "host:port, [v6]:port, or a file that lists one a line; - is standard input",
  },
  options: {
    port: option(PORT, "8080", "port to listen on; 0 takes any free one"),
    interval: option(duration(), "5m", "time between two performance tests of the farm"),
    "limit-rate": option(SIZE, "0", "bytes per second to each client; 0 for no limit"),
    status: option(choice([301, 302, 307]), "301", "status code of the redirect"),
    log: option(choice(["common", "json", "none"]), "common", "access log on standard output"),
    "max-redirects": option(count(0, 100), "10", "redirects to follow"),
    output: optional(text("FILE"), "where to; - is standard output", "o"),
  },
  notes: "Example:\n  deno run --allow-net balancer.ts 10.0.0.1:8000 10.0.0.2:8000",
};

const defaults = {
  port: 8080,
  interval: 300_000,
  "limit-rate": 0,
  status: 301,
  log: "common",
  "max-redirects": 10,
  output: undefined,
};

function parse(...args: string[]) {
  const parsed = parseArguments(command, args);
  assert("values" in parsed, `${args} asks for a text`);
  return parsed;
}

function textOf(...args: string[]): string {
  const parsed = parseArguments(command, args);
  assert("text" in parsed, `${args} asks for no text`);
  return parsed.text;
}

Deno.test("parseArguments() gives defaults and no operands for no arguments", () => {
  assertEquals<unknown>(parse(), { values: defaults, operands: [] });
});

Deno.test("parseArguments() types each value by its option", () => {
  const { values } = parse("--port=0", "--interval=250ms", "--status=307", "--log=json");
  const port: number = values.port;
  const interval: number = values.interval;
  const status: 301 | 302 | 307 = values.status;
  const log: "common" | "json" | "none" = values.log;
  const output: string | undefined = values.output;
  assertEquals<unknown>([port, interval, status, log, output], [0, 250, 307, "json", undefined]);
});

Deno.test("parseArguments() reads every spelling of an option with a value", () => {
  const spellings: [args: string[], output: string][] = [
    [["--output=a"], "a"],
    [["--output", "a"], "a"],
    [["-o", "a"], "a"],
    [["-oa"], "a"],
    [["-o=a"], "a"],
    [["-oa=b"], "a=b"],
    [["-o=a=b"], "a=b"],
    [["--output=a=b"], "a=b"],
    [["-ofile1"], "file1"],
    [["--output=-"], "-"],
    [["--output", "-"], "-"],
    [["-o", "-"], "-"],
    [["-o-"], "-"],
    [["--output=--port"], "--port"],
    [["--output=1e3"], "1e3"],
    [["--output", "true"], "true"],
    [["--output=a\nb"], "a\nb"],
    [["-o=a\nb"], "a\nb"],
    [["-oa\nb=c"], "a\nb=c"],
  ];
  for (const [args, output] of spellings) {
    assertEquals<unknown>(
      parse(...args),
      { values: { ...defaults, output }, operands: [] },
      `${args}`,
    );
  }
});

Deno.test("parseArguments() reads an option whose value can be left out", () => {
  const options = { netrc: withBareValue(text("FILE"), "home", "where from") };
  const read = (...args: string[]) => parseArguments({ ...command, options }, args);
  const values = (netrc: string | undefined, ...operands: string[]) => ({
    values: { netrc },
    operands,
  });
  assertEquals<unknown>(read(), values(undefined));
  assertEquals<unknown>(read("--netrc"), values("home"));
  assertEquals<unknown>(read("--netrc", "a", "-"), values("home", "a", "-"));
  assertEquals<unknown>(read("--netrc", "-"), values("home", "-"));
  assertEquals<unknown>(read("--netrc=a"), values("a"));
  assertThrows(() => read("--netrc", "--netrc=a"), UsageError, "--netrc is given twice");
  const { text: help } = read("--help") as { text: string };
  assertEquals(help.includes("--netrc[=FILE]  where from"), true, help);
});

Deno.test("parseArguments() does not repeat a secret", () => {
  const kind = { placeholder: "X", expected: "x", isSecret: true, parse: () => undefined };
  const secretive = { ...command, options: { key: optional(kind, "a key") } };
  const { message } = assertThrows(() => parseArguments(secretive, ["--key=abc"]), UsageError);
  assertEquals(message, "--key: x is accepted");
});

Deno.test("parseArguments() keeps operands as typed and in order", () => {
  const cases: [args: string[], operands: string[]][] = [
    [["a:80", "--port=1", "b:80"], ["a:80", "b:80"]],
    [["--port", "1", "2"], ["2"]],
    [["007", "1e3", "0x10", "true"], ["007", "1e3", "0x10", "true"]],
    [["-"], ["-"]],
    [["a", "-", "b"], ["a", "-", "b"]],
    [["--port", "1", "-"], ["-"]],
    [["--output", "-", "-"], ["-"]],
    [["x", "--", "--port=99999", "-", "-z", "--"], ["x", "--port=99999", "-", "-z", "--"]],
    [["--", "--help"], ["--help"]],
    [["[::1]:80", ""], ["[::1]:80", ""]],
    [["__proto__", "constructor"], ["__proto__", "constructor"]],
  ];
  for (const [args, operands] of cases) assertEquals(parse(...args).operands, operands, `${args}`);
});

const refused: [args: string[], message: string][] = [
  [["--prot"], "unknown option --prot; did you mean --port? (see --help)"],
  [["--prot=80"], "unknown option --prot; did you mean --port? (see --help)"],
  [["--intervall", "5m"], "unknown option --intervall; did you mean --interval? (see --help)"],
  [
    ["--max_redirects=1"],
    "unknown option --max_redirects; did you mean --max-redirects? (see --help)",
  ],
  [["--hlep"], "unknown option --hlep; did you mean --help? (see --help)"],
  [["-port=80"], "unknown option -port; did you mean --port? (see --help)"],
  [["-output", "a"], "unknown option -output; did you mean --output? (see --help)"],
  [["-help"], "unknown option -help; did you mean --help? (see --help)"],
  [["--frobnicate"], "unknown option --frobnicate (see --help)"],
  [["--no-port=80"], "unknown option --no-port (see --help)"],
  [["--no-help"], "unknown option --no-help (see --help)"],
  [["--no-"], "unknown option --no- (see --help)"],
  [["--constructor"], "unknown option --constructor (see --help)"],
  [["--constructor=1"], "unknown option --constructor (see --help)"],
  [["--__proto__.port=1"], "unknown option --__proto__.port (see --help)"],
  [["--__proto__"], "unknown option --__proto__ (see --help)"],
  [["--toString"], "unknown option --toString (see --help)"],
  [["--port.x=1"], "unknown option --port.x (see --help)"],
  [["--_"], "unknown option --_ (see --help)"],
  [["--_=x"], "unknown option --_ (see --help)"],
  [["-_"], "unknown option -_ (see --help)"],
  [["---"], "unknown option --- (see --help)"],
  [["--=x"], "unknown option -- (see --help)"],
  [["-=x"], "unknown option - (see --help)"],
  [["-x"], "unknown option -x (see --help)"],
  [["-xo", "a"], "unknown option -x (see --help)"],
  [["-ualice:s3cret"], "unknown option -u (see --help)"],
  [["-5"], "unknown option -5 (see --help)"],
  [["--port", "-5"], "unknown option -5 (see --help)"],
  [["--é"], "unknown option --é (see --help)"],
  [["--port=1", "--port=1"], "--port is given twice; it takes one value"],
  [["--port", "1", "--port"], "--port is given twice; it takes one value"],
  [["--port=", "--port=1", "--port=2"], "--port is given 3 times; it takes one value"],
  [["-o", "a", "--output=b"], "-o, --output is given twice; it takes one value"],
  [["--interval"], "--interval needs a value: --interval=DURATION"],
  [["--interval="], "--interval needs a value: --interval=DURATION"],
  [["--interval", ""], "--interval needs a value: --interval=DURATION"],
  [["--interval", "--port=1"], "--interval needs a value: --interval=DURATION"],
  [["--interval", "--", "5m"], "--interval needs a value: --interval=DURATION"],
  [["-o"], "-o, --output needs a value: --output=FILE"],
  [["-o="], "-o, --output needs a value: --output=FILE"],
  [["--port=70000"], "--port=70000: a number from 0 to 65535 is accepted"],
  [["--port", "http"], "--port=http: a number from 0 to 65535 is accepted"],
  [["--port=-5"], "--port=-5: a number from 0 to 65535 is accepted"],
  [["--port=-"], "--port=-: a number from 0 to 65535 is accepted"],
  [["--log=xml"], "--log=xml: common, json or none is accepted"],
  [["--status=303"], "--status=303: 301, 302 or 307 is accepted"],
  [[
    "--interval=10",
  ], "--interval=10: a duration from 1ms to 596h, such as 250ms, 10s, 5m or 1h, is accepted"],
  [["--limit-rate=fast"], "--limit-rate=fast: a size such as 512, 64K, 2M or 1G is accepted"],
  [["--help=x"], "--help takes no value"],
  [["--help=false"], "--help takes no value"],
  [["-hx"], "--help takes no value"],
  [["--version="], "--version takes no value"],
];

for (const [args, message] of refused) {
  Deno.test(`parseArguments() refuses ${JSON.stringify(args)}`, () => {
    const error = assertThrows(() => parse(...args), UsageError);
    assertEquals(error.message, message);
    assertEquals(error.exitStatus, 2);
  });
}

Deno.test("parseArguments() gives the help text whatever else is right", () => {
  const help = textOf("--help");
  for (const args of [["-h"], ["a:80", "--help", "b:80"], ["--help", "--help"], ["--port", "-h"]]) {
    assertEquals(textOf(...args), help, `${args}`);
  }
  assertEquals(textOf("--help", "false"), help);
});

Deno.test("parseArguments() gives name and version, Deno's, and the packages in it", () => {
  assertMatch(
    textOf("--version"),
    /^balancer 0\.1\.0 \(deno [\d.]+, v8 [\d.a-z-]+, [\w-]+, script; deno-std [\d.]+, [^;()]+\)$/,
  );
  assertNotMatch(textOf("--version"), /fast-check|playwright/);
});

Deno.test("parseArguments() aligns the help text within 80 columns", () => {
  assertEquals(
    textOf("--help"),
    `Usage: deno run --allow-net balancer.ts [OPTIONS] SERVER...

Redirects each client to one of a farm of file servers, the faster ones more
often.

  SERVER                      host:port, [v6]:port, or a file that lists one a
                              line; - is standard input

Options:
      --port=PORT             port to listen on; 0 takes any free one (default:
                              8080)
      --interval=DURATION     time between two performance tests of the farm
                              (default: 5m)
      --limit-rate=SIZE       bytes per second to each client; 0 for no limit
                              (default: 0)
      --status=301|302|307    status code of the redirect (default: 301)
      --log=common|json|none  access log on standard output (default: common)
      --max-redirects=N       redirects to follow (default: 10)
  -o, --output=FILE           where to; - is standard output
  -h, --help                  print this help and exit
      --version               print the version and exit

Example:
  deno run --allow-net balancer.ts 10.0.0.1:8000 10.0.0.2:8000`,
  );
});

const flagCommand = {
  ...command,
  options: {
    listing: flag("list directories"),
    header: repeatable(text("FIELD"), "a field to be added"),
    size: repeatable(count(1, 9), "a size"),
  },
};

function parseFlags(...args: string[]) {
  const parsed = parseArguments(flagCommand, args);
  assert("values" in parsed, `${args} asks for a text`);
  return parsed;
}

Deno.test("parseArguments() takes a flag for true when it is given", () => {
  const isListing: boolean = parseFlags("--listing").values.listing;
  assertEquals(isListing, true);
  assertEquals(parseFlags().values.listing, false);
  assertEquals(parseFlags("--listing", "--listing").values.listing, true);
  assertEquals(parseFlags("--listing", "root").operands, ["root"]);
  assertEquals(parseFlags("--listing", "-").operands, ["-"]);
});

Deno.test("parseArguments() refuses a value for a flag, and a flag that is mistyped", () => {
  for (const arg of ["--listing=", "--listing=on", "--listing=false"]) {
    assertThrows(() => parseFlags(arg), UsageError, "--listing takes no value");
  }
  assertThrows(() => parseFlags("--listign"), UsageError, "did you mean --listing?");
  assertThrows(() => parseFlags("--no-listing"), UsageError, "unknown option --no-listing");
});

Deno.test("parseArguments() gathers the values of an option that may be repeated", () => {
  const { header, size } =
    parseFlags("--header=a: b", "--size=1", "--header", "c: d", "--size=2").values;
  const sizes: readonly number[] = size;
  assertEquals([header, sizes], [["a: b", "c: d"], [1, 2]]);
  assertEquals(parseFlags().values.header, []);
});

Deno.test("parseArguments() refuses each value that is not accepted, one of many as well", () => {
  assertThrows(
    () => parseFlags("--size=1", "--size=10"),
    UsageError,
    "--size=10: a number from 1 to 9",
  );
  assertThrows(() => parseFlags("--header="), UsageError, "--header needs a value: --header=FIELD");
});

Deno.test("parseArguments() shows a flag without a value in its help", () => {
  const parsed = parseArguments(flagCommand, ["--help"]);
  assert("text" in parsed);
  const lines = parsed.text.split("\n").map((line) => line.trim().split(/ {2,}/));
  const row = (name: string) => lines.find(([label]) => label?.startsWith(name));
  assertEquals(row("--listing"), ["--listing", "list directories"]);
  assertEquals(row("--header"), ["--header=FIELD", "a field to be added"]);
});
