import { assertEquals, assertMatch } from "@std/assert";
import { eventually } from "../support/children.ts";
import { textOf } from "../support/feed.ts";
import { manyOctets } from "../support/farm.ts";
import { fileServer } from "../support/file_server.ts";
import { finished } from "../support/process.ts";
import { assertRefused, listeningRole, QUICK_PROBE, runRole, startRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const octets = manyOctets(4_000_000);
const DATE = new Date("2020-01-01T00:00:00Z");

/** Two servers of the same file behind a balancer that names both. */
async function farm() {
  await using stack = new AsyncDisposableStack();
  const authorities: string[] = [];
  for (let i = 0; i < 2; i++) {
    const server = stack.use(await fileServer({ "file.bin": octets }, ["--limit-rate=2M"]));
    await Deno.utime(server.root.join("file.bin"), DATE, DATE);
    authorities.push(server.role.authority);
  }
  const balancer = stack.use(
    await listeningRole("balancer", [QUICK_PROBE, "--alternatives=2", ...authorities]),
  );
  const kept = stack.move();
  return {
    authorities,
    url: `${balancer.origin}/file.bin`,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

Deno.test("client --segments downloads from two servers at once", async () => {
  await using servers = await farm();
  await using directory = await TemporaryDirectory.with();
  const args = ["--segments=2", "--json", servers.url];
  const { code, stdout, stderr } = await runRole("client", args, { cwd: directory.path });
  assertEquals(code, 0, stderr);
  assertMatch(stderr, /^in segments, up to 2 at a time$/m);
  const outcome = JSON.parse(stdout);
  const tried = outcome.servers.map(({ server }: { server: string }) => server);
  assertEquals(tried.toSorted(), servers.authorities.toSorted());
  assertEquals(await directory.read("file.bin"), octets);
  assertEquals(await directory.names(), ["file.bin"]);
});

Deno.test("client --segments is killed, and others go on with its holes, in segments or not", async () => {
  await using servers = await farm();
  await Promise.all(["--segments=3", "--segments=1"].map(async (later) => {
    await using directory = await TemporaryDirectory.with();
    const cwd = { cwd: directory.path };
    await using victim = startRole("client", ["--segments=3", servers.url], cwd);
    await eventually(() => hasRecord(directory));
    victim.signal("SIGKILL");
    await finished(victim);
    const { code, stderr } = await runRole("client", ["-c", later, servers.url], cwd);
    assertEquals(code, 0, stderr);
    assertMatch(stderr, /^going on behind [1-9][0-9]* of 4000000 bytes$/m);
    assertEquals(await directory.read("file.bin"), octets);
    assertEquals(await directory.names(), ["file.bin"]);
  }));
});

Deno.test("client --segments cannot write to standard output", async () => {
  const refused = await runRole("client", ["--segments=2", "-o-", "http://127.0.0.1:1/a"]);
  assertRefused(refused, 2, /^client: --segments needs a file: /);
});

/** Whether a client has recorded octets that it has written. */
async function hasRecord(directory: TemporaryDirectory): Promise<boolean> {
  if (!(await directory.names()).includes("file.bin.part.json")) return false;
  const record = textOf(await directory.read("file.bin.part.json"));
  return /"written": *[1-9]|"pieces":\[\[/.test(record);
}
