import { assertEquals, assertMatch } from "@std/assert";
import { eventually } from "../support/children.ts";
import { answering, FakeServer } from "../support/fake_server.ts";
import { manyOctets } from "../support/farm.ts";
import { type FileServer, fileServer } from "../support/file_server.ts";
import { finished } from "../support/process.ts";
import { listeningRole, QUICK_PROBE, runRole, startRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const octets = manyOctets(2_000_000);
const DATE = new Date("2020-01-01T00:00:00Z");

/** Servers of the same files behind a balancer. */
async function farm(count: number, files: Readonly<Record<string, Uint8Array>>) {
  await using stack = new AsyncDisposableStack();
  const servers: FileServer[] = [];
  for (let i = 0; i < count; i++) {
    const server = stack.use(await fileServer(files, ["--limit-rate=1M"]));
    for (const name of Object.keys(files)) await Deno.utime(server.root.join(name), DATE, DATE);
    servers.push(server);
  }
  const authorities = servers.map(({ role }) => role.authority);
  const balancer = stack.use(await listeningRole("balancer", [QUICK_PROBE, ...authorities]));
  const kept = stack.move();
  return {
    servers,
    url: `${balancer.origin}/file.bin`,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

Deno.test({
  name: "client goes on at another server when one falls silent, into a file and a stream",
  ignore: Deno.build.os === "windows",
  async fn() {
    await Promise.all([["--json", "-o", "file.bin"], ["-o", "-"]].map(async (args) => {
      await using servers = await farm(2, { "file.bin": octets });
      await using directory = await TemporaryDirectory.with();
      await using client = startRole("client", [...args, servers.url], { cwd: directory.path });
      const redirect = await client.stderr.next(/ → /);
      const roles = servers.servers.map(({ role }) => role);
      const silent = roles.find(({ authority }) => redirect.includes(authority));
      const other = roles.find((role) => role !== silent);
      const isStream = args[1] === "-";
      const hasBegun = async () =>
        isStream
          ? client.stdout.text.length > 0
          : (await directory.names()).includes("file.bin.part.json");
      await eventually(hasBegun);
      silent!.process.signal("SIGSTOP");
      const { code, stdout, stdoutBytes, stderr } = await finished(client);
      assertEquals(code, 0, stderr);
      assertMatch(stderr, /^\S+: nothing arrived for [0-9.]+ s; going on at \S+$/m);
      assertMatch(stderr, /^going on behind [1-9][0-9]* of 2000000 bytes$/m);
      assertEquals(isStream ? stdoutBytes : await directory.read("file.bin"), octets);
      assertEquals(stderr.includes("\nin segments, up to 4 at a time\n"), !isStream, stderr);
      if (isStream) return;
      const [first, second] = JSON.parse(stdout).servers;
      assertMatch(first.outcomes.join(), /^nothing arrived for [0-9.]+ s$/);
      assertEquals([first.server, second], [
        silent!.authority,
        { server: other!.authority, outcomes: ["done"] },
      ]);
    }));
  },
});

Deno.test("client ends with 404 once every server has answered so, and lists them", async () => {
  await using servers = await farm(3, {});
  const { code, stderr } = await runRole("client", ["-o-", servers.url]);
  assertEquals(code, 1, stderr);
  const lines = stderr.trimEnd().split("\n");
  assertEquals(
    lines.slice(-4, -1).toSorted(),
    servers.servers.map(({ role }) => `client: tried ${role.authority}: 404 Not Found`).toSorted(),
  );
  assertMatch(lines.at(-1)!, /^client: \S+: given up after 3 tries: \S+: 404 Not Found$/);
});

Deno.test("client says how long a server asks to wait when the wait begins", async () => {
  let requests = 0;
  await using server = new FakeServer((conn, requestHead) => {
    const answer = ++requests > 1
      ? answering("200 OK", "test")
      : answering("503 Service Unavailable", "", "Retry-After: 1");
    return answer(conn, requestHead);
  });
  const url = `http://${server.authority}/a`;
  const { code, stdout, stderr } = await runRole("client", ["-o-", url]);
  assertEquals([code, stdout], [0, "test"]);
  const wait = `${url}: 503 Service Unavailable; ${server.authority} asks to wait 1 s`;
  assertEquals(stderr.split("\n")[1], `${wait}: trying again then`);
});
