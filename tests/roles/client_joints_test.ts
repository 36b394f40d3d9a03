import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { CuttingRelay } from "../support/cutting_relay.ts";
import { type Answer, answering, FakeServer } from "../support/fake_server.ts";
import { type FileServer, fileServer } from "../support/file_server.ts";
import { finished } from "../support/process.ts";
import { randomInteger, seededRandom } from "../support/random.ts";
import { listeningRole, runRole, startRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const random = seededRandom(1);
const ONE = Uint8Array.from({ length: 3_000_000 }, () => randomInteger(random, 256));
const OTHER = ONE.map((octet) => octet ^ 0x55);
const DATE = new Date("2020-01-01T00:00:00Z");
const SAID = "it has other content than is here, under the same ETag";

/** A server of that content. The ETag is made of size and time: it is the same for both contents. */
async function serverOf(content: Uint8Array, ...args: string[]): Promise<FileServer> {
  const server = await fileServer({ "file.bin": content }, args);
  await Deno.utime(server.root.join("file.bin"), DATE, DATE);
  return server;
}

/** Sends clients to these in turn, and to the last ever after. */
function redirectingTo(...origins: readonly string[]): FakeServer {
  let turn = 0;
  return new FakeServer((conn, head) => {
    const origin = origins[Math.min(turn++, origins.length - 1)]!;
    const location = `Location: ${origin}${head.split(" ")[1]}`;
    return answering("302 Found", "", location)(conn, head);
  });
}

/** Both servers, and a way to the first that is cut once. */
async function bothServers() {
  await using stack = new AsyncDisposableStack();
  const one = stack.use(await serverOf(ONE));
  const other = stack.use(await serverOf(OTHER));
  const cut = stack.use(new CuttingRelay(one.role.port, 1_000_000, 1));
  const owned = stack.move();
  return {
    cut: cut.origin,
    one: one.role.origin,
    other: other.role.origin,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

Deno.test("client servers in this test have equal ETags for different contents", async () => {
  await using servers = await bothServers();
  const tags = await Promise.all([servers.one, servers.other].map(async (origin) => {
    const response = await fetch(`${origin}/file.bin`, { method: "HEAD" });
    return response.headers.get("etag");
  }));
  assert(tags[0]!.startsWith('"'));
  assertEquals(tags[0], tags[1]);
});

Deno.test("client goes on at the server that has what it has, past one that has not", async () => {
  await using servers = await bothServers();
  await using front = redirectingTo(servers.cut, servers.other, servers.one);
  await using directory = await TemporaryDirectory.with();
  const args = ["--json", `http://${front.authority}/file.bin`];
  const { code, stdout, stderr } = await runRole("client", args, { cwd: directory.path });
  assertEquals(code, 0, stderr);
  assertEquals(await directory.read("file.bin"), ONE);
  assertStringIncludes(stderr, SAID);
  const { bytes, servers: tried } = JSON.parse(stdout);
  assertEquals([bytes, tried[1].outcomes], [ONE.length, [SAID]]);
  assertEquals(await directory.names(), ["file.bin"]);
});

Deno.test("client starts over where no server has what it has, and says so", async () => {
  await using servers = await bothServers();
  await using front = redirectingTo(servers.cut, servers.other);
  await using directory = await TemporaryDirectory.with();
  const args = [`http://${front.authority}/file.bin`];
  const { code, stderr } = await runRole("client", args, { cwd: directory.path });
  assertEquals(code, 0, stderr);
  assertEquals(await directory.read("file.bin"), OTHER);
  assertMatch(stderr, /^starting over: nothing proves /m);
  assertEquals(await directory.names(), ["file.bin"]);
});

Deno.test("client writes no other content behind what standard output has", async () => {
  await using servers = await bothServers();
  await using front = redirectingTo(servers.cut, servers.other);
  const args = ["-o-", `http://${front.authority}/file.bin`];
  const { code, stdoutBytes, stderr } = await runRole("client", args);
  assertEquals(code, 3, stderr);
  assert(stdoutBytes.length > 0 && stdoutBytes.length < ONE.length);
  assertEquals(stdoutBytes, ONE.slice(0, stdoutBytes.length));
  assertStringIncludes(stderr, "the content has changed");
});

Deno.test("client --segments mixes no contents of servers with equal ETags", async () => {
  await using one = await serverOf(ONE, "--limit-rate=1M");
  await using other = await serverOf(OTHER, "--limit-rate=1M");
  const list = [one.role.authority, other.role.authority];
  await using balancer = await listeningRole("balancer", ["--alternatives=2", ...list]);
  await using directory = await TemporaryDirectory.with();
  const args = ["--segments=2", `${balancer.origin}/file.bin`];
  const { code, stderr } = await runRole("client", args, { cwd: directory.path });
  assertEquals(code, 0, stderr);
  assertStringIncludes(stderr, SAID);
  const content = await directory.read("file.bin");
  assertEquals(content, content[0] === ONE[0] ? ONE : OTHER);
  assertEquals(await directory.names(), ["file.bin"]);
});

/** Interrupts a client that has a part of a file. */
async function interrupted(directory: TemporaryDirectory, ...args: string[]): Promise<void> {
  await using client = startRole("client", args, { cwd: directory.path });
  const isThere = (name: string) => name.endsWith(".part.json");
  while (!(await directory.names()).some(isThere)) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await new Promise((resolve) => setTimeout(resolve, 300));
  client.signal("SIGINT");
  const { code, stderr } = await finished(client);
  assertEquals(code, 130, stderr);
}

Deno.test("client -c goes on with what another server has left only where it has the same", async () => {
  await using one = await serverOf(ONE, "--limit-rate=1M");
  await using other = await serverOf(OTHER);
  const { origin } = one.role;
  for (const segments of ["--segments=1", "--segments=3"]) {
    for (const [next, content] of [[other.role.origin, OTHER], [origin, ONE]] as const) {
      await using front = redirectingTo(origin);
      await using directory = await TemporaryDirectory.with();
      const url = `http://${front.authority}/file.bin`;
      await interrupted(directory, segments, url);
      const byNow = redirectingTo(next);
      front.answer = byNow.answer;
      await byNow[Symbol.asyncDispose]();
      const result = await runRole("client", ["-c", segments, url], { cwd: directory.path });
      assertEquals(result.code, 0, result.stderr);
      assertEquals(await directory.read("file.bin"), content, result.stderr);
      assertEquals(result.stderr.includes(SAID), next !== origin, result.stderr);
      assertEquals(await directory.names(), ["file.bin"]);
    }
  }
});

Deno.test("client -c over a file that was replaced meanwhile gives one version or the other", async () => {
  for (const date of [DATE, new Date("2020-01-02T00:00:00Z")]) {
    for (const segments of ["--segments=1", "--segments=3"]) {
      await using server = await serverOf(ONE, "--limit-rate=1M");
      await using directory = await TemporaryDirectory.with();
      const url = `${server.role.origin}/file.bin`;
      await interrupted(directory, segments, url);
      await server.root.write("new", OTHER);
      await Deno.utime(server.root.join("new"), date, date);
      await Deno.rename(server.root.join("new"), server.root.join("file.bin"));
      const { code, stderr } = await runRole("client", ["-c", url], { cwd: directory.path });
      assertEquals(code, 0, stderr);
      assertEquals(await directory.read("file.bin"), OTHER, stderr);
      assertMatch(stderr, /^starting over: nothing proves /m);
    }
  }
});

/** Two contents that differ in the query alone, with one ETag. */
const byQuery: Answer = (conn, head) => {
  const content = head.includes("?id=1 ") ? ONE : OTHER;
  const [, first = "0"] = /^range: bytes=([0-9]+)-/im.exec(head) ?? [];
  const text = String.fromCharCode;
  const octets = Array.from(content.subarray(Number(first)), (octet) => text(octet)).join("");
  const last = content.length - 1;
  const range = `Content-Range: bytes ${first}-${last}/${content.length}`;
  const answer = answering(
    head.includes("Range:") ? "206 Part" : "200 OK",
    octets,
    'ETag: "x"',
    range,
  );
  return answer(conn, head);
};

Deno.test("client -c joins no contents whose URLs differ in the query, whatever their ETag", async () => {
  await using server = new FakeServer(byQuery);
  await using directory = await TemporaryDirectory.with({ "get.part": ONE.subarray(0, 1_000_000) });
  const url = `http://${server.authority}/get`;
  const record = { url: `${url}?id=1`, entityTag: '"x"', length: ONE.length, written: 1_000_000 };
  await directory.write("get.part.json", JSON.stringify(record));
  const { code, stderr } = await runRole("client", ["-c", `${url}?id=2`], { cwd: directory.path });
  assertEquals(code, 0, stderr);
  assertEquals(await directory.read("get"), OTHER);
  assertStringIncludes(stderr, SAID);
});
