// What READMEs show of the commands, tried: each call, the tutorial, and what programs read.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import config from "../../deno.json" with { type: "json" };
import { deployed } from "../deployment/deployed.ts";
import { adminPortOf, askAdmin } from "../support/balancer.ts";
import { act } from "../support/control.ts";
import { copyOfProject } from "../support/copy_of_project.ts";
import { fileServer } from "../support/file_server.ts";
import { Process, run } from "../support/process.ts";
import {
  codeSpansOf,
  readReadme,
  readReadmes,
  type RoleCommand,
  roleCommand,
  roleCommandsOf,
  sectionOf,
  shellLines,
} from "../support/readme.ts";
import { listening, listeningRole, PROJECT, type RoleName, runRole } from "../support/role.ts";
import { RawClient } from "../support/raw_client.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";
import { connectTls, SERVER, tlsOptions } from "../support/tls.ts";

/** An operand that is a mistake, which each role sees once it has read all options. */
const MISTAKES: Readonly<Record<RoleName, readonly [operand: string, message: RegExp]>> = {
  server: ["another-root", /^server: only one ROOT can be served\n$/],
  balancer: ["no-such-list", /^balancer: [^\n]*no-such-list[^\n]*\n$/],
  client: ["ftp://a/", /^client: ftp:\/\/a\/: ftp: is not supported[^\n]*\n$/],
};

/** All roles in a directory of their own, with these files. */
async function copyOfAll(
  files: Readonly<Record<string, string>> = {},
): Promise<TemporaryDirectory> {
  const roles = ["server.ts", "client.ts"].map(async (name) =>
    [name, await Deno.readTextFile(join(PROJECT, name))] as const
  );
  return await copyOfProject({ ...Object.fromEntries(await Promise.all(roles)), ...files });
}

/** The roles with all that their calls in READMEs name. */
async function projectAsShown(): Promise<TemporaryDirectory> {
  return await copyOfAll({
    "public/foo.html": "",
    "servers.txt": "127.0.0.1:1\n",
    "chain.pem": await Deno.readTextFile(SERVER.cert),
    "key.pem": await Deno.readTextFile(SERVER.key),
  });
}

Deno.test("roles understand every call that a README shows", async () => {
  const shown = readReadmes().flatMap(roleCommandsOf);
  const commands = [...new Map(shown.map((command) => [command.text, command])).values()];
  assert(commands.length >= 15, `${commands.length} calls were found`);
  await using project = await projectAsShown();
  for (const { text, role, permissions, args } of commands) {
    const [operand, message] = MISTAKES[role];
    const { code, stderr } = await runRole(role, [...args, operand], {
      cwd: project.path,
      project: project.path,
      ...(permissions && { permissions }),
    });
    assertMatch(stderr, message, text);
    assertEquals(code, 2, text);
  }
});

Deno.test("tasks understand every call with arguments that a README shows", async () => {
  const tasks: Readonly<Record<string, string | { command: string }>> = config.tasks;
  const lines = readReadmes().flatMap(({ blocks, prose }) => [
    ...blocks.filter(({ language }) => language === "sh").flatMap(shellLines),
    ...codeSpansOf(prose),
  ]);
  const calls = lines.flatMap((line) => [...line.matchAll(/^deno task ([\w:]+) (.+)$/g)]);
  assert(calls.length >= 3, `${calls.length} calls were found`);
  for (const [text, name, args] of calls) {
    const task = tasks[name!]!;
    const [program, ...words] = (typeof task === "string" ? task : task.command).split(" ");
    assertEquals(program, "deno", text);
    const all = [...words, ...args!.split(" "), "--help"];
    const { code, stderr } = await run(Deno.execPath(), all, { cwd: PROJECT });
    assertEquals(code, 0, `${text}: ${stderr}`);
  }
});

/** Ports and figures, which are others each time. */
function withoutFigures(text: string): string {
  return text.replace(/localhost:\d+/g, "localhost:N").replace(/\d+(?:\.\d+)? [kM]iB/g, "N B")
    .replace(/\d+\.\d+/g, "N").replace(/:\d+$/gm, ":N");
}

Deno.test({
  name: "the tutorial of README.md goes as it says",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using project = await copyOfAll();
    await using roles = new AsyncDisposableStack();
    const ports = new Map<string, string>();
    const here = (text: string) =>
      text.replace(/(localhost:)(\d+)/g, (_, host, port) => `${host}${ports.get(port) ?? port}`);

    /** Starts a role that listens as it is shown, but on a free port of 127.0.0.1. */
    const start = async ({ role, permissions, args }: RoleCommand) => {
      const shownPort = args.find((arg) => arg.startsWith("--port="))!.slice("--port=".length);
      const others = args.filter((arg) => !arg.startsWith("--port="));
      const words = ["run", ...permissions!, `${role}.ts`, ...others];
      const own = ["--host=127.0.0.1", "--port=0"];
      const process = roles.use(
        new Process(Deno.execPath(), [...words, ...own], { cwd: project.path }),
      );
      const { port } = await listening(process);
      ports.set(shownPort, `${port}`);
      if (role === "balancer") await process.stderr.next(/tested, fastest first/);
      return `${process.stderr.text}listening on http://0.0.0.0:N\n`;
    };

    /** Runs one line, and gives what it prints. */
    const runLine = async (line: string): Promise<string> => {
      const command = roleCommand(line);
      if (command !== undefined && command.role !== "client") return await start(command);
      const [program, ...args] = here(line).split(" ");
      if (command !== undefined) {
        const { code, stdout, stderr } = await run(Deno.execPath(), args, { cwd: project.path });
        assertEquals(code, 0, stderr);
        return stderr + stdout;
      }
      if (program !== "curl") {
        const { code, stdout, stderr } = await run("sh", ["-c", here(line)], { cwd: project.path });
        assertEquals(code, 0, stderr);
        return stdout;
      }
      const response = await fetch(args.at(-1)!, { redirect: "manual" });
      await response.body?.cancel();
      const fields = ["Location", "Cache-Control"].map((name) =>
        `${name}: ${response.headers.get(name)}\n`
      );
      return `HTTP/1.1 ${response.status} Moved Permanently\n${fields.join("")}…\n`;
    };

    const section = sectionOf(readReadme("README.md").text, "## Tutorial");
    let printed = "";
    let compared = 0;
    for (const [, language, text] of section.matchAll(/^```(\w*)\n(.*?)^```$/gms)) {
      if (language === "sh") {
        printed = "";
        for (const line of shellLines({ language, text: text! })) printed += await runLine(line);
      } else {
        compared++;
        assertEquals(withoutFigures(printed), withoutFigures(text!));
      }
    }
    assertEquals(compared, 3);
    const content = await Deno.readTextFile(project.join("public/foo.html"));
    assertEquals(await Deno.readTextFile(project.join("foo.html")), content);
  },
});

/** Asserts that a section names all of these between backticks. */
function assertNamed(path: string, heading: string, names: Iterable<string>): void {
  const named = codeSpansOf(sectionOf(readReadme(path).text, heading));
  assertEquals([...new Set(names)].filter((name) => !named.includes(name)), []);
}

/** The names of all members, at every depth. */
function namesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(namesIn);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => [name, ...namesIn(member)]);
}

/** Asserts that a README has these metrics under `/metrics`, and no others. */
function assertMetrics(path: string, metrics: string): void {
  const names = [...metrics.matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name!);
  const [, program] = /^([a-z]+_)/.exec(names[0]!)!;
  const shown = sectionOf(readReadme(path).text, "### `/metrics`");
  const documented = codeSpansOf(shown).filter((code) => code.startsWith(program!));
  assertEquals(documented.toSorted(), names.toSorted());
}

Deno.test("lib/files/README.md names all that programs read of a server", async () => {
  await using directory = await TemporaryDirectory.with();
  const args = ["--admin=127.0.0.1:0", ...tlsOptions(SERVER), directory.path];
  await using server = await listeningRole("server", args, { permissions: ["--allow-all"] });
  const port = await adminPortOf(server);
  const metrics = new TextDecoder().decode((await askAdmin(port, "/metrics")).body);
  assertMetrics("lib/files/README.md", metrics);
  const status = JSON.parse(new TextDecoder().decode((await askAdmin(port, "/status.json")).body));
  assertNamed("lib/files/README.md", "### `/status.json`", namesIn(status));
});

Deno.test("READMEs name all that programs read of a balancer", async () => {
  await using server = await fileServer({ "a.txt": "text" });
  const words = ["run", "--quiet", "--allow-net", "balancer.ts", "--admin=:0", "--log=json"];
  await using directory = await TemporaryDirectory.with({ "zones.txt": "127.0.0.0/8 here\n" });
  const zones = directory.join("zones.txt");
  const control = directory.join("control");
  const readable = `${directory.path},${SERVER.cert},${SERVER.key}`;
  words.splice(3, 0, `--allow-read=${readable}`, `--allow-write=${directory.path}`);
  words.push(
    "--policy=expected",
    "--check-files=after",
    `--zones=${zones}`,
    `--control=${control}`,
    ...tlsOptions(SERVER),
  );
  await using role = await deployed([...words, server.role.authority], {});
  const { process, port } = role.balancer;
  await act(control, `${server.role.authority}/weight?value=2&reason=new&for=1h`);

  const metrics = await (await fetch(`${role.admin}/metrics`)).text();
  const ofTenSeconds = "# TYPE balancer_arrivals_dispersion_ratio gauge\n";
  assertMetrics("lib/balancing/README.md", metrics + ofTenSeconds);

  const status = await (await fetch(`${role.admin}/status.json`)).json();
  assertNamed("lib/balancing/README.md", "### `/status.json`", namesIn(status));

  using client = RawClient.over(await connectTls(port));
  await client.get("/a.txt");
  const access = JSON.parse(await process.stdout.next(/^\{/));
  assertNamed("tests/deployment/README.md", "## Logs", Object.keys(access));

  await process.stderr.next(/"event":"round"/);
  const records = process.stderr.lines.filter((line) => line.startsWith("{")).map((line) =>
    JSON.parse(line)
  );
  const events = records.filter(({ event }) => event !== "notice");
  assert(events.some(({ event }) => event === "available"), process.stderr.text);
  const known = ["time", "event", "share"]; // Of all records, and of a round's servers.
  const fields = events.flatMap((record) => [record.event, ...namesIn(record)]);
  assertNamed(
    "lib/balancing/README.md",
    "## Log records",
    fields.filter((name) => !known.includes(name)),
  );
});

Deno.test("lib/download/README.md names all that --json prints", async () => {
  await using directory = await TemporaryDirectory.with();
  const args = ["--json", "--retries=0", "http://127.0.0.1:1/a"];
  const { stdout } = await runRole("client", args, { cwd: directory.path });
  const outcome = JSON.parse(stdout);
  assertEquals(outcome.tries.length, 1);
  assertNamed("lib/download/README.md", "## JSON", namesIn(outcome));
});

Deno.test("lib/download/README.md names all that --progress=json prints, and -q leaves it alone", async () => {
  await using server = await fileServer({ "a": "text" });
  const args = ["--progress=json", "-q", "-o-", `${server.role.origin}/a`];
  const { stdout, stderr } = await runRole("client", args);
  assertEquals(stdout, "text");
  const lines = stderr.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(lines.at(-1).bytes, 4);
  assertNamed("lib/download/README.md", "## Progress", lines.flatMap(namesIn));
});
