import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { CommandError } from "../lib/command.ts";

/** What a command whose main is the given code does as a process. */
async function run(main: string, ...args: string[]) {
  const code = `
    import { runCommand } from ${JSON.stringify(import.meta.resolve("../lib/args.ts"))};
    import { CommandError } from ${JSON.stringify(import.meta.resolve("../lib/command.ts"))};
    const command = { name: "demo", permissions: "", synopsis: "", summary: "", operands: {},
      options: {}, notes: "" };
    await runCommand(command, async (values, operands) => { ${main} });`;
  const cwd = new URL("..", import.meta.url);
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
});

Deno.test("CommandError carries its status and its cause", async () => {
  const cause = new Error("disk full");
  const error = await assertRejects(
    () => Promise.reject(new CommandError("Cannot write", 4, { cause })),
    CommandError,
  );
  assertEquals([error.exitStatus, error.cause], [4, cause]);
});
