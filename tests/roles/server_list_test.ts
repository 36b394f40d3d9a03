import { assertEquals, assertStringIncludes } from "@std/assert";
import { copyOfProject } from "../support/copy_of_project.ts";
import { answering, FakeServer } from "../support/fake_server.ts";
import {
  assertRefused,
  listeningRole,
  portOf,
  type RoleOptions,
  runRole,
  startRole,
} from "../support/role.ts";
import { RawClient } from "../support/raw_client.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const WITH_READ = ["--allow-net", "--allow-read"];

/** Lists that are a mistake, and what the one line says about it. */
const MISTAKES: Readonly<Record<string, readonly [string, RegExp]>> = {
  "empty.txt": ["", /empty\.txt: there is no server in the list/],
  "no_port.txt": ["# farm\n\nlocalhost\n", /no_port\.txt:3: "localhost" has no port/],
  "weight.txt": ["a:1\na:2 weight=-1\n", /weight\.txt:2: .* has the weight "-1"/],
};

Deno.test("balancer names the line of a mistake in its list and ends with 2", async () => {
  const files = Object.fromEntries(Object.entries(MISTAKES).map(([name, [list]]) => [name, list]));
  await using directory = await TemporaryDirectory.with(files);
  const options = { cwd: directory.path, permissions: WITH_READ };
  for (const [name, [, line]] of Object.entries(MISTAKES)) {
    assertRefused(await runRole("balancer", [name], options), 2, line);
  }
});

Deno.test("balancer says why a list cannot be read and ends with 2", async () => {
  await using directory = await TemporaryDirectory.with({ "list.txt": "a:1", "farm/list.txt": "" });
  const refuse = async (name: string, line: RegExp, options: RoleOptions = {}) =>
    assertRefused(await runRole("balancer", [name], { cwd: directory.path, ...options }), 2, line);
  const permissions = WITH_READ;
  await refuse("none.txt", /none\.txt: there is no such file, and a server is/, { permissions });
  await refuse("farm", /farm: it is a directory, not a list of servers/, { permissions });
  await refuse("list.txt", /no permission to read list\.txt: add --allow-read=list\.txt/);
  await refuse("servers.txt", /no permission to read servers\.txt: add --allow-read=servers\.txt/);
  await refuse("a:1:2", /"a:1:2" has more than one colon/);
});

Deno.test("balancer reads a list with whatever editors leave in one, and names duplicates", async () => {
  await using first = new FakeServer(answering("200 OK", "test"));
  await using second = new FakeServer(answering("200 OK", "test"));
  const list = `\uFEFF# The farm\r\n\r\n  ${first.authority}  \t# near\r\n` +
    `localhost:${second.port}\t \r\n\f\n${first.authority}\r\nLOCALHOST:${second.port}`;
  await using directory = await TemporaryDirectory.with({ "list.txt": list });
  const options = { cwd: directory.path, permissions: ["--allow-net", "--allow-read=list.txt"] };
  await using balancer = await listeningRole("balancer", ["list.txt"], options);
  assertEquals(balancer.process.stderr.lines.slice(0, 3), [
    `balancer: ${first.authority} is listed twice; one is kept`,
    `balancer: localhost:${second.port} is listed twice; one is kept`,
    "balancer: testing 2 servers",
  ]);
});

Deno.test("balancer takes servers, files and standard input together", async () => {
  await using first = new FakeServer(answering("200 OK", "test"));
  await using second = new FakeServer(answering("200 OK", "test"));
  await using third = new FakeServer(answering("200 OK", "test"));
  await using directory = await TemporaryDirectory.with({ farm: `${first.authority}\n` });
  const args = [directory.join("farm"), "-", third.authority, first.authority];
  const options = { permissions: WITH_READ, stdin: `${second.authority}\n` };
  await using balancer = await listeningRole("balancer", args, options);
  const said = await balancer.process.stderr.next(/tested, fastest first: /);
  for (const { authority } of [first, second, third]) assertStringIncludes(said, authority);
  const [twice] = balancer.process.stderr.lines;
  assertEquals(twice, `balancer: ${first.authority} is listed twice; one is kept`);
});

Deno.test("balancer reads servers.txt beside it without permission to read", async () => {
  await using farm = new FakeServer(answering("200 OK", "test"));
  await using project = await copyOfProject({ "servers.txt": `# farm\n${farm.authority}\n` });
  const here = { cwd: project.path, project: "" };
  for (const name of ["./servers.txt", project.join("servers.txt")]) {
    await using process = startRole("balancer", ["--port=0", name], here);
    using client = await RawClient.connect(await portOf(process));
    const { fields } = await client.get("/a");
    assertEquals(fields.get("location"), `http://${farm.authority}/a`);
  }
});

Deno.test("balancer says what is wrong with servers.txt beside it", async () => {
  await using project = await copyOfProject();
  const here = { cwd: project.path, project: "" };
  const refuse = async (line: RegExp) =>
    assertRefused(await runRole("balancer", ["servers.txt"], here), 2, line);
  await refuse(/servers\.txt: there is no such file/);
  await project.write("servers.txt", "# none yet\n");
  await refuse(/servers\.txt: there is no server in the list/);
  await project.write("servers.txt", "localhost:8001\nlocalhost\n");
  await refuse(/servers\.txt:2: "localhost" has no port/);
  await Deno.remove(project.join("servers.txt"));
  await Deno.mkdir(project.join("servers.txt"));
  await refuse(/servers\.txt: it is a directory/);
});
