import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { run } from "../support/process.ts";

/** What a command whose main is the given code does as a process. */
async function ranCommand(main: string, ...args: string[]) {
  const source = `
    import { runCommand } from ${JSON.stringify(import.meta.resolve("../../lib/cli/arguments.ts"))};
    import { CommandError } from ${JSON.stringify(import.meta.resolve("../../lib/cli/command.ts"))};
    import { logFaults } from ${JSON.stringify(import.meta.resolve("../../lib/log/fault.ts"))};
    import { Logger } from ${JSON.stringify(import.meta.resolve("../../lib/log/logger.ts"))};
    const command = { name: "demo", permissions: "", synopsis: "", summary: "", operands: {},
      options: {}, notes: "" };
    await runCommand(command, async (values, operands) => { ${main} });`;
  const evalArgs = ["eval", "--quiet", source, "--", ...args];
  const { code, stdout, stderr } = await run(Deno.execPath(), evalArgs);
  return { status: code, stdout, stderr };
}

Deno.test("runCommand() exits with the status that its arguments or main decide", async () => {
  const rows: [main: string, args: string[], status: number, stdout: string, stderr: string][] = [
    ["return operands.length", ["a", "b", "c"], 3, "", ""],
    ["return 9", ["--a\nb\x1b"], 2, "", "demo: unknown option --a\\x0Ab\\x1B (see --help)\n"],
    ['throw new CommandError("Cannot write", 4)', [], 4, "", "demo: Cannot write\n"],
  ];
  for (const [main, args, status, stdout, stderr] of rows) {
    assertEquals(await ranCommand(main, ...args), { status, stdout, stderr }, main);
  }
});

Deno.test("runCommand() keeps the stack of an internal error and exits with 70", async () => {
  const { status, stdout, stderr } = await ranCommand('throw new TypeError("oops")');
  assertEquals([status, stdout], [70, ""]);
  assertStringIncludes(stderr, "demo: internal error: TypeError: oops\n    at ");
  assertMatch(stderr, /\ndemo: this is a bug in demo [\d.]+, please report it with these lines\n$/);
});

/** What a command does, whose main waits for these. */
const UNCAUGHT = `setTimeout(() => { throw new TypeError("oops", { cause: new Error("why") }); });
  setTimeout(() => Promise.reject(new TypeError("oops", { cause: new Error("why") })), 10);
  await new Promise((resolve) => setTimeout(resolve, 100));
  return 9;`;

Deno.test("runCommand() exits with 70 when no code catches an error, unless it is told of", async () => {
  const ended = await ranCommand(UNCAUGHT);
  assertEquals([ended.status, ended.stdout], [70, ""]);
  assertMatch(
    ended.stderr,
    /^demo: internal error: TypeError: oops\n {4}at .*\ncaused by: Error: why\n/s,
  );

  for (const isJson of [false, true]) {
    const told = await ranCommand(`
      await using logger = new Logger("demo", ${isJson}, Date.now);
      logFaults(logger);
      ${UNCAUGHT}`);
    assertEquals([told.status, told.stdout], [9, ""]);
    const lines = told.stderr.split("\n").slice(0, -1);
    assertEquals(lines.length, 2, told.stderr);
    for (const line of lines) {
      if (!isJson) {
        assertMatch(line, /^demo: oops \| TypeError \| at .* \| caused by Error: why \| at /);
        continue;
      }
      const { event, message, error } = JSON.parse(line);
      const named = [event, message, error.name, error.cause.message];
      assertEquals(named, ["error", "oops", "TypeError", "why"]);
      assertMatch(error.stack, /^TypeError: oops\n {4}at /);
    }
  }
});

Deno.test("runCommand() tells of a bug that ends it where faults are told", async () => {
  const { status, stderr } = await ranCommand(`
    await using logger = new Logger("demo", true, Date.now);
    logFaults(logger);
    throw new TypeError("oops");`);
  assertEquals([status, JSON.parse(stderr).error.name], [70, "TypeError"]);
});
