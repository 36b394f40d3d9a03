import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { eventually } from "../support/children.ts";
import { CuttingRelay } from "../support/cutting_relay.ts";
import { type Answer, answering, FakeServer } from "../support/fake_server.ts";
import { manyOctets } from "../support/farm.ts";
import { type FileServer, fileServer } from "../support/file_server.ts";
import { finished } from "../support/process.ts";
import { listeningRole, QUICK_PROBE, runRole, startRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const ONE = manyOctets(3_000_000);
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
function redirectTo(...origins: readonly string[]): Answer {
  let turn = 0;
  return (conn, head) => {
    const origin = origins[Math.min(turn++, origins.length - 1)]!;
    const location = `Location: ${origin}${head.split(" ")[1]}`;
    return answering("302 Found", "", location)(conn, head);
  };
}

function redirectingTo(...origins: readonly string[]): FakeServer {
  return new FakeServer(redirectTo(...origins));
}

Deno.test("client and servers that have equal ETags for different contents", async (t) => {
  await using one = await serverOf(ONE);
  await using other = await serverOf(OTHER);
  const [right, wrong] = [one.role.origin, other.role.origin];
  const tags = await Promise.all(
    [one, other].map(async ({ ask }) => (await ask("/file.bin", "", "HEAD")).fields.get("etag")),
  );
  assert(tags[0]!.startsWith('"'));
  assertEquals(tags[0], tags[1]);

  /** Runs a client whose first connection is cut, and which is then sent to these. */
  const cutShort = async (args: string[], ...later: string[]) => {
    await using cut = new CuttingRelay(one.role.port, 1_000_000, 1);
    await using front = redirectingTo(cut.origin, ...later);
    await using directory = await TemporaryDirectory.with();
    const all = [...args, `http://${front.authority}/file.bin`];
    const result = await runRole("client", all, { cwd: directory.path });
    const names = await directory.names();
    return { ...result, names, content: names.length > 0 ? await directory.read(names[0]!) : null };
  };

  await t.step("goes on at the server that has what it has, past one that has not", async () => {
    const { code, stdout, stderr, ...saved } = await cutShort(["--json"], wrong, right);
    assertEquals(code, 0, stderr);
    assertEquals(saved.content, ONE);
    assertStringIncludes(stderr, SAID);
    const { bytes, servers: tried } = JSON.parse(stdout);
    assertEquals([bytes, tried[1].outcomes], [ONE.length, [SAID]]);
    assertEquals(saved.names, ["file.bin"]);
  });

  await t.step("starts over where no server has what it has, and says so", async () => {
    const { code, stderr, names, content } = await cutShort([], wrong);
    assertEquals(code, 0, stderr);
    assertEquals(content, OTHER);
    assertMatch(stderr, /^starting over: nothing proves /m);
    assertEquals(names, ["file.bin"]);
  });

  await t.step("writes no other content behind what standard output has", async () => {
    const { code, stdoutBytes, stderr } = await cutShort(["-o-"], wrong);
    assertEquals(code, 3, stderr);
    assert(stdoutBytes.length > 0 && stdoutBytes.length < ONE.length);
    assertEquals(stdoutBytes, ONE.slice(0, stdoutBytes.length));
    assertStringIncludes(stderr, "the content has changed");
  });
});

Deno.test("client --segments mixes no contents of servers with equal ETags", async () => {
  await using one = await serverOf(ONE, "--limit-rate=2M");
  await using other = await serverOf(OTHER, "--limit-rate=2M");
  const list = [one.role.authority, other.role.authority];
  await using balancer = await listeningRole("balancer", [
    QUICK_PROBE,
    "--alternatives=2",
    ...list,
  ]);
  await using directory = await TemporaryDirectory.with();
  const args = ["--segments=2", `${balancer.origin}/file.bin`];
  const { code, stderr } = await runRole("client", args, { cwd: directory.path });
  assertEquals(code, 0, stderr);
  assertStringIncludes(stderr, SAID);
  const content = await directory.read("file.bin");
  assertEquals(content, content[0] === ONE[0] ? ONE : OTHER);
  assertEquals(await directory.names(), ["file.bin"]);
});

/** Each connection brings so much of a file, and then nothing more. */
const STALLED_AFTER = 300_000;

/** Interrupts a client that has a part of the file at a server, from which no more arrives. */
async function interrupt(
  directory: TemporaryDirectory,
  front: FakeServer,
  server: FileServer,
  segments: string,
): Promise<void> {
  await using stalled = new CuttingRelay(server.role.port, STALLED_AFTER, Infinity, "stalls");
  front.answer = redirectTo(stalled.origin);
  const args = [segments, `http://${front.authority}/file.bin`];
  await using client = startRole("client", args, { cwd: directory.path });
  const isHere = async () => {
    const names = await directory.names();
    if (!names.includes("file.bin.part.json")) return false;
    return (await Deno.stat(directory.join("file.bin.part"))).size > STALLED_AFTER / 2;
  };
  await eventually(isHere);
  client.signal("SIGINT");
  const { code, stderr } = await finished(client);
  assertEquals(code, 130, stderr);
}

Deno.test("client -c goes on with what another server has left only where it has the same", async () => {
  await using one = await serverOf(ONE);
  await using other = await serverOf(OTHER);
  await using front = redirectingTo(one.role.origin);
  for (const segments of ["--segments=1", "--segments=3"]) {
    for (const [next, content] of [[other, OTHER], [one, ONE]] as const) {
      await using directory = await TemporaryDirectory.with();
      await interrupt(directory, front, one, segments);
      front.answer = redirectTo(next.role.origin);
      const args = ["-c", segments, `http://${front.authority}/file.bin`];
      const { code, stderr } = await runRole("client", args, { cwd: directory.path });
      assertEquals(code, 0, stderr);
      assertEquals(await directory.read("file.bin"), content, stderr);
      assertEquals(stderr.includes(SAID), next !== one, stderr);
      assertEquals(await directory.names(), ["file.bin"]);
    }
  }
});

Deno.test("client -c over a file that was replaced meanwhile gives one version or the other", async () => {
  await using server = await serverOf(ONE);
  await using front = redirectingTo(server.role.origin);
  const replace = async (content: Uint8Array, date: Date) => {
    await server.root.write("new", content);
    await Deno.utime(server.root.join("new"), date, date);
    await Deno.rename(server.root.join("new"), server.root.join("file.bin"));
  };
  for (const date of [DATE, new Date("2020-01-02T00:00:00Z")]) {
    for (const segments of ["--segments=1", "--segments=3"]) {
      await using directory = await TemporaryDirectory.with();
      await replace(ONE, DATE);
      await interrupt(directory, front, server, segments);
      await replace(OTHER, date);
      front.answer = redirectTo(server.role.origin);
      const args = ["-c", `http://${front.authority}/file.bin`];
      const { code, stderr } = await runRole("client", args, { cwd: directory.path });
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
