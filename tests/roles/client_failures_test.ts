import { assertEquals, assertMatch } from "@std/assert";
import {
  type Answer,
  answering,
  byTarget,
  FakeServer,
  hanging,
  saying,
} from "../support/fake_server.ts";
import { textOf } from "../support/feed.ts";
import { run } from "../support/process.ts";
import { assertRefused, listeningRole, PROJECT, runRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const moved = (...fieldLines: string[]): Answer => answering("301 Moved", "here", ...fieldLines);

/** What a server does, the exit status of the client, and what its last line says. */
const FAILURES: readonly (readonly [Answer, number, RegExp])[] = [
  [answering("404 Not Found", "no such file"), 1, /: 404 Not Found$/],
  [answering("500 Internal Server Error", ""), 1, /: 500 Internal Server Error$/],
  [answering("204 No Content", ""), 1, /: 204 No Content$/],
  [saying(""), 3, /closed without an answer$/],
  [saying("HTTP/1.1 200 OK\r\nContent-Len"), 3, /closed in the middle of the head$/],
  [saying("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"), 3, /closed after 5 of 9 bytes$/],
  [
    saying("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ntest\r\n"),
    3,
    /after 4 bytes$/,
  ],
  [saying("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-4\r\ntest\r\n"), 3, /not HTTP/],
  [saying("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"), 3, /not HTTP/],
  [saying("SSH-2.0-OpenSSH_9.2\r\n\r\n"), 3, /the answer is not HTTP\/1\.1: /],
  [saying("\x16\x03\x01".repeat(1000)), 3, /the answer is not HTTP\/1\.1: /],
  [saying(`HTTP/1.1 200 OK\r\nX: ${"x".repeat(270_000)}\r\n\r\n`), 3, /not HTTP\/1\.1: /],
  [moved(), 3, /the 301 redirect has no Location$/i],
  [moved("Location: "), 3, /empty Location$/],
  [moved("Location: /a", "Location: /b"), 3, /more than one Location$/],
  [moved("Location: ftp://a/"), 3, /ftp: is not supported/],
  [moved("Location: http://a:99999/"), 3, /is not a valid URL$/],
  [
    (conn, head) => moved(`Location: ${head.split(" ")[1]}`)(conn, head),
    5,
    /redirects go round in a loop at http/,
  ],
  [moved("Location: http://127.0.0.1:1/"), 3, /127\.0\.0\.1:1: the connection was refused$/],
];

for (const status of new Set(FAILURES.map(([, status]) => status))) {
  Deno.test(`client tells failures by line and exit status ${status}, and leaves what was there`, async () => {
    const rows = FAILURES.filter((row) => row[1] === status);
    const answers = Object.fromEntries(rows.map(([answer], i) => [`/${i}`, answer]));
    await using server = new FakeServer(byTarget(answers));
    // Under every other name there is something.
    const there = rows.flatMap((_, i) => i % 2 === 0 ? [`${i}`] : []);
    const files = Object.fromEntries(there.map((name) => [name, "what was there"]));
    await using directory = await TemporaryDirectory.with(files);
    const urls = rows.map((_, i) => `http://${server.authority}/${i}`);
    const args = ["--quiet", "--jobs=1", "--retries=0", ...urls];
    const { code, stdout, stderr } = await runRole("client", args, { cwd: directory.path });
    assertEquals([code, stdout], [status, ""], stderr);
    const lines = stderr.trimEnd().split("\n");
    assertEquals(lines.length, rows.length, stderr);
    for (const [i, [, , line]] of rows.entries()) {
      assertMatch(lines[i]!, line);
      assertMatch(lines[i]!, /^client: /);
    }
    assertEquals(await directory.names(), there.toSorted());
    for (const name of there) assertEquals(textOf(await directory.read(name)), "what was there");
  });
}

Deno.test("client gives up on a server that says nothing for --timeout", async () => {
  const stalling: Answer = async (conn, requestHead) => {
    await conn.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"));
    await hanging(conn, requestHead);
  };
  await using directory = await TemporaryDirectory.with();
  for (const answer of [hanging, stalling]) {
    await using server = new FakeServer(answer);
    const args = ["--retries=0", "--timeout=200ms", `http://${server.authority}/file`];
    const { code, stderr } = await runRole("client", args, { cwd: directory.path });
    assertMatch(
      stderr,
      /^client: .*: (?:nothing arrived for too long|the head did not arrive in time)$/m,
    );
    assertEquals(code, 3);
    assertEquals(await directory.names(), []);
  }
});

Deno.test("client gives up on a head that comes octet by octet for ever", async () => {
  let stop = false;
  const dripping: Answer = async (conn) => {
    const octet = new TextEncoder().encode("x");
    await conn.write(new TextEncoder().encode("HTTP/1.1 200 "));
    while (!stop) {
      await conn.write(octet);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  await using directory = await TemporaryDirectory.with();
  await using server = new FakeServer(dripping);
  const args = ["--retries=0", "--timeout=300ms", `http://${server.authority}/file`];
  const { code, stderr } = await runRole("client", args, { cwd: directory.path });
  stop = true;
  assertMatch(stderr, /^client: .*: the head did not arrive in time$/m);
  assertEquals(code, 3);
});

Deno.test("client --max-redirects follows so many and no more", async () => {
  await using server = new FakeServer((conn, requestHead) => {
    const hop = Number(/^GET \/([0-9])/.exec(requestHead)?.[1]);
    const answer = hop < 3 ? moved(`Location: /${hop + 1}`) : answering("200 OK", "test");
    return answer(conn, requestHead);
  });
  const url = `http://${server.authority}/0`;
  const enough = await runRole("client", ["--max-redirects=3", "-o-", url]);
  assertEquals([enough.code, enough.stdout], [0, "test"]);
  const { code, stderr } = await runRole("client", ["--max-redirects=2", "-o-", url]);
  assertMatch(stderr, /^client: .*: there are more than 2 redirects$/m);
  assertEquals(code, 5);
});

Deno.test("client goes on with the other URLs after a failure, and ends with the worst", async () => {
  await using root = await TemporaryDirectory.with({ "a": "a", "b": "b" });
  await using server = await listeningRole("server", [root.path]);
  await using balancer = await listeningRole("balancer", [server.authority]);
  await using directory = await TemporaryDirectory.with();
  const urls = ["a", "none", "b"].map((name) => `${balancer.origin}/${name}`);
  const { code, stderr } = await runRole("client", urls, { cwd: directory.path });
  assertMatch(stderr, /^client: http:\/\/.*\/none: 404 Not Found$/m);
  assertEquals(code, 1);
  assertEquals(await directory.names(), ["a", "b"]);
});

Deno.test("client ends with 4 when it cannot write, and leaves nothing behind", async () => {
  await using server = new FakeServer(answering("200 OK", "test"));
  const url = `http://${server.authority}/file`;
  await using directory = await TemporaryDirectory.with({ "file/inside": "", "other": "" });
  const fail = async (args: string[], line: RegExp) => {
    const { code, stderr } = await runRole("client", args, { cwd: directory.path });
    assertMatch(stderr, line);
    assertEquals(code, 4, stderr);
    assertEquals(await directory.names(), ["file", "other"]);
  };
  await fail([url], /^client: file is a directory$/m);
  await fail(
    ["-o", "missing/file", url],
    /^client: .*missing\/file.*: there is no such directory$/m,
  );
  await fail(["-o", "other/file", url], /^client: .*other\/file.*: a part of its path is no dir/m);
  await fail(["-d", "other", url], /^client: cannot write other: there is a file of that name$/m);
  await fail(["-d", "other/new", url], /^client: cannot write other\/new: a part of its path is/m);
  await fail(["-o", "../file", url], /^client: .*\.\.\/file.*--allow-read and --allow-write/m);
});

Deno.test({
  name: "client ends with 4 when the disk is full",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using server = new FakeServer(answering("200 OK", "test"));
    const args = ["-o", "/dev/full", `http://${server.authority}/file`];
    const { code, stderr } = await runRole("client", args, { permissions: ["-A"] });
    assertMatch(stderr, /^client: .*\/dev\/full: no space left on the disk$/m);
    assertEquals(code, 4);
    // The file is saved, but the line that says so is not.
    await using directory = await TemporaryDirectory.with();
    const script = ["run", "-A", `${PROJECT}/client.ts`, "-q", "--json", args.at(-1)!];
    const shell = ["-c", 'exec "$0" "$@" > /dev/full', Deno.execPath(), ...script];
    const unprinted = await run("sh", shell, { cwd: directory.path });
    assertRefused(unprinted, 4, /^client: cannot write standard output$/m);
    assertEquals(await directory.names(), ["file"]);
  },
});

Deno.test({
  name: "client writes to what its shell has opened, and replaces no file behind that",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using server = new FakeServer(answering("200 OK", "new"));
    await using directory = await TemporaryDirectory.with();
    const client = ["run", "-A", `${PROJECT}/client.ts`, "-q"];
    const url = `http://${server.authority}/file`;
    for (
      const [i, name] of ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "/dev/fd/2"].entries()
    ) {
      await directory.write(`o${i}`, "old");
      const shell = ["-c", `exec "$0" "$@" >> o${i} 2>&1`, Deno.execPath(), ...client];
      const { code } = await run("sh", [...shell, "-o", name, url], { cwd: directory.path });
      assertEquals([code, textOf(await directory.read(`o${i}`))], [0, "oldnew"], name);
    }
    assertEquals((await directory.names()).length, 4);
  },
});
