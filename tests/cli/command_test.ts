import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { CommandError } from "../../lib/cli/command.ts";

/** What a command whose main is the given code does as a process. */
async function run(main: string, ...args: string[]) {
  const code = `
    import { runCommand } from ${JSON.stringify(import.meta.resolve("../../lib/cli/arguments.ts"))};
    import { CommandError } from ${JSON.stringify(import.meta.resolve("../../lib/cli/command.ts"))};
    import { logFaults } from ${JSON.stringify(import.meta.resolve("../../lib/log/fault.ts"))};
    import { Logger } from ${JSON.stringify(import.meta.resolve("../../lib/log/logger.ts"))};
    const command = { name: "demo", permissions: "", synopsis: "", summary: "", operands: {},
      options: {}, notes: "" };
    await runCommand(command, async (values, operands) => { ${main} });`;
  const cwd = new URL("../..", import.meta.url);
  const process = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", code, "--", ...args],
    cwd,
  });
  const { code: status, stdout, stderr } = await process.output();
  const decoder = new TextDecoder();
  return { status, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("runCommand() exits with the status that main gives", async () => {
  assertEquals(await run("return operands.length", "a", "b", "c"), {
    status: 3,
    stdout: "",
    stderr: "",
  });
});

Deno.test("runCommand() prints a text that was asked for and runs nothing", async () => {
  assertEquals(await run("return 9", "--version"), {
    status: 0,
    stdout: "demo 0.1.0\n",
    stderr: "",
  });
});

Deno.test("runCommand() says a usage error in one line, its controls escaped", async () => {
  assertEquals(await run("return 9", "--a\nb\x1b"), {
    status: 2,
    stdout: "",
    stderr: "demo: unknown option --a\\x0Ab\\x1B (see --help)\n",
  });
});

Deno.test("runCommand() says a CommandError in one line and exits with its status", async () => {
  assertEquals(await run('throw new CommandError("Cannot write", 4)'), {
    status: 4,
    stdout: "",
    stderr: "demo: Cannot write\n",
  });
});

Deno.test("runCommand() keeps the stack of an internal error and exits with 70", async () => {
  const { status, stdout, stderr } = await run('throw new TypeError("oops")');
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
  const ended = await run(UNCAUGHT);
  assertEquals([ended.status, ended.stdout], [70, ""]);
  assertMatch(
    ended.stderr,
    /^demo: internal error: TypeError: oops\n {4}at .*\ncaused by: Error: why\n/s,
  );
  assertMatch(
    ended.stderr,
    /\ndemo: this is a bug in demo [\d.]+, please report it with these lines\n$/,
  );

  for (const isJson of [false, true]) {
    const told = await run(`
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
      assertEquals([event, message, error.name, error.cause.message], [
        "error",
        "oops",
        "TypeError",
        "why",
      ]);
      assertMatch(error.stack, /^TypeError: oops\n {4}at /);
    }
  }
});

Deno.test("runCommand() tells of a bug that ends it where faults are told", async () => {
  const { status, stderr } = await run(`
    await using logger = new Logger("demo", true, Date.now);
    logFaults(logger);
    throw new TypeError("oops");`);
  assertEquals([status, JSON.parse(stderr).error.name], [70, "TypeError"]);
});

Deno.test("CommandError carries its status and its cause", async () => {
  const cause = new Error("disk full");
  const error = await assertRejects(
    () => Promise.reject(new CommandError("Cannot write", 4, { cause })),
    CommandError,
  );
  assertEquals([error.exitStatus, error.cause], [4, cause]);
});
