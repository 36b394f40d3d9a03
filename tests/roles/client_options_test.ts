import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { eventually } from "../support/children.ts";
import { answering, byTarget, FakeServer, hanging, saying } from "../support/fake_server.ts";
import { textOf } from "../support/feed.ts";
import { finished } from "../support/process.ts";
import { assertRefused, runRole, startRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";
import { AUTHORITY, SERVER } from "../support/tls.ts";

const HELLO = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
const DATE = "Sun, 06 Nov 1994 08:49:37 GMT";
const ETAG = 'ETag: "x"';

const page = (content: string, ...fieldLines: string[]) =>
  answering("200 OK", content, ...fieldLines);

Deno.test("client --input downloads a list, some at once, and sums it up", async () => {
  await using server = new FakeServer(byTarget({ "/a": page("a"), "/b": page("bb") }));
  const origin = `http://${server.authority}`;
  await using directory = await TemporaryDirectory.with({
    urls: `# list\n${origin}/a\n${origin}/b\n${origin}/c\n`,
  });
  const cwd = { cwd: directory.path };
  const { code, stderr } = await runRole("client", ["-d", "d/e", "-i", "urls"], cwd);
  assertMatch(stderr, /^3 files: 2 saved, 1 failed; 3 bytes in \d+\.\d s$/m);
  assertEquals(code, 1);
  assertEquals(textOf(await directory.read("d/e/b")), "bb");
  const args = ["--quiet", "--jobs=1", "--input=-"];
  const options = { ...cwd, stdin: `${origin}/a\r\n` };
  const { stderr: silence } = await runRole("client", args, options);
  assertEquals([silence, textOf(await directory.read("a"))], ["", "a"]);
});

Deno.test("client --json prints a line about each file", async () => {
  await using server = new FakeServer(byTarget({
    "/a": answering("302 Found", "", "Location: /b"),
    "/b": page("hello"),
  }));
  const origin = `http://${server.authority}`;
  await using directory = await TemporaryDirectory.with();
  const args = ["--json", "--jobs=1", `${origin}/a`, `${origin}/c`];
  const { stdout } = await runRole("client", args, { cwd: directory.path });
  const [a, c] = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert(typeof a.seconds === "number");
  const [tried] = a.tries;
  assertEquals(a.tries, [
    { server: server.authority, statusCode: 200, bytes: 5, ms: tried.ms, failure: null },
  ]);
  assertEquals({ ...a, seconds: 0, tries: [] }, {
    url: `${origin}/a`,
    finalUrl: `${origin}/b`,
    file: "a",
    servers: [{ server: server.authority, outcomes: ["done"] }],
    tries: [],
    bytes: 5,
    seconds: 0,
    sha256: HELLO,
    status: 0,
    error: null,
  });
  assertEquals([c.status, c.bytes, c.error], [1, 0, `${origin}/c: 404 Not Found`]);
  assertEquals([c.tries[0].statusCode, c.tries[0].failure], [404, "answer"]);
  const mixed = await runRole("client", ["--json", "-o-", `${origin}/a`]);
  assertRefused(mixed, 2, /^client: --json and the data would be mixed up$/m);
});

Deno.test("client --no-clobber leaves what is there and asks for nothing", async () => {
  await using server = new FakeServer(page("new"));
  await using directory = await TemporaryDirectory.with({ a: "old" });
  const args = ["--no-clobber", `http://${server.authority}/a`];
  const { code, stderr } = await runRole("client", args, { cwd: directory.path });
  assertEquals([code, stderr], [0, "a is there: it stays as it is\n"]);
  assertEquals([textOf(await directory.read("a")), server.requestHeads], ["old", []]);
});

Deno.test("client keeps the time of the content, and so knows a finished file again", async () => {
  await using server = new FakeServer(page("hello", `Last-Modified: ${DATE}`));
  await using directory = await TemporaryDirectory.with();
  const url = `http://${server.authority}/a`;
  const mtime = async () => (await Deno.stat(directory.join("a"))).mtime?.toUTCString();
  await runRole("client", [url], { cwd: directory.path });
  assertEquals(await mtime(), DATE);
  const { code, stderr } = await runRole("client", ["-c", url], { cwd: directory.path });
  assertEquals([code, stderr], [0, "200 OK\na is already complete: 5 bytes\n"]);
  assertMatch(server.requestHeads.at(-1)!, /^HEAD \/a /);
  assertEquals(await directory.names(), ["a"]);
  await runRole("client", ["--no-remote-time", url], { cwd: directory.path });
  assert(await mtime() !== DATE);
  await runRole("client", ["-c", url], { cwd: directory.path });
  assertMatch(server.requestHeads.at(-1)!, /^GET \/a /);
});

Deno.test("client --sha256 and --checksums take nothing else", async () => {
  await using server = new FakeServer(page("hello"));
  const url = `http://${server.authority}/a`;
  await using directory = await TemporaryDirectory.with({
    good: `${HELLO}  a\n`,
    bad: `${"0".repeat(64)} *a\n`,
  });
  const run = (arg: string) => runRole("client", [arg, url], { cwd: directory.path });
  for (const wrong of [`--sha256=${"0".repeat(64)}`, "--checksums=bad"]) {
    const { code, stderr } = await run(wrong);
    assertMatch(stderr, /^client: .*has the sha-256 2cf24dba.*, but was expected 0000/m);
    assertEquals([code, await directory.names()], [6, ["bad", "good"]]);
  }
  for (const right of [`--sha256=${HELLO.toUpperCase()}`, "--checksums=good"]) {
    assertEquals((await run(right)).code, 0);
  }
  const requests = server.requestHeads.length;
  const again = await runRole("client", ["-c", "--checksums=good", url], { cwd: directory.path });
  assertStringIncludes(again.stderr, "a is already complete");
  assertEquals(server.requestHeads.length, requests);
  assertRefused(await run("--sha256=abc"), 2, /--sha256=abc: a SHA-256 of 64 hexadecimal digits/);
});

Deno.test({
  name: "client that is interrupted keeps what it has, and goes on with it",
  ignore: Deno.build.os === "windows",
  async fn() {
    const half = `HTTP/1.1 200 OK\r\nContent-Length: 10\r\n${ETAG}\r\n\r\nhello`;
    await using server = new FakeServer(async (conn, requestHead) => {
      await saying(half)(conn, requestHead);
      await hanging(conn, requestHead);
    });
    await using directory = await TemporaryDirectory.with();
    const url = `http://${server.authority}/a`;
    await using process = startRole("client", [url], { cwd: directory.path });
    await process.stderr.next(/^200 OK$/);
    await eventually(async () => (await directory.read("a.part").catch(() => "")).length === 5);
    process.signal("SIGINT");
    const { code, stderr } = await finished(process);
    assertMatch(stderr, /^a\.part is kept, 5 bytes: the same command with --continue goes on/m);
    assertEquals([code, await directory.names()], [130, ["a.part", "a.part.json"]]);
    server.answer = answering(
      "206 Partial Content",
      "helloworld",
      ETAG,
      "Content-Range: bytes 0-9/10",
    );
    assertEquals((await runRole("client", ["-c", url], { cwd: directory.path })).code, 0);
    assertMatch(server.requestHeads.at(-1)!, /^Range: bytes=0-\r$/m);
    assertEquals(textOf(await directory.read("a")), "helloworld");
    assertEquals(await directory.names(), ["a"]);
  },
});

Deno.test({
  name: "client that writes in place says that the file is overwritten in part",
  ignore: Deno.build.os === "windows",
  async fn() {
    const half = `HTTP/1.1 200 OK\r\nContent-Length: 10\r\n${ETAG}\r\n\r\nhello`;
    await using server = new FakeServer(saying(half));
    await using directory = await TemporaryDirectory.with({ a: "much longer than that" });
    const permissions = ["--allow-net", "--allow-read", `--allow-write=${directory.join("a")}`];
    const args = ["--retries=0", "-o", directory.join("a"), `http://${server.authority}/a`];
    const said = /a is overwritten in part, 5 bytes: the same command begins anew$/m;
    const failed = await runRole("client", args, { permissions });
    assertEquals(failed.code, 3, failed.stderr);
    assertMatch(failed.stderr, said);
    server.answer = async (conn, requestHead) => {
      await saying(half)(conn, requestHead);
      await hanging(conn, requestHead);
    };
    await directory.write("a", "much longer than that");
    await using process = startRole("client", args, { permissions });
    await process.stderr.next(/^200 OK$/);
    await eventually(async () => textOf(await directory.read("a")) === "hello");
    process.signal("SIGTERM");
    const { code, stderr } = await finished(process);
    assertEquals(code, 143, stderr);
    assertMatch(stderr, said);
    assertEquals(await directory.names(), ["a"]);
  },
});

Deno.test("client -v shows the heads of both sides", async () => {
  await using server = new FakeServer(page("hello", "X-Odd: \x1b[2J"));
  server.answer = page("hello", "X-Odd: plain");
  const { stderr } = await runRole("client", ["-v", "-o-", `http://${server.authority}/a`]);
  assertMatch(stderr, /^> GET \/a HTTP\/1\.1$/m);
  assertMatch(stderr, /^> Host: 127\.0\.0\.1:\d+$/m);
  assertMatch(stderr, /^< HTTP\/1\.1 200 OK$/m);
  assertMatch(stderr, /^< X-Odd: plain$/m);
});

Deno.test("client --content-disposition lets the server name the file, safely", async () => {
  const field = (name: string) => `Content-Disposition: attachment; filename="${name}"`;
  await using server = new FakeServer(page("hello", field("../new.txt")));
  await using directory = await TemporaryDirectory.with({ taken: "old" });
  const url = `http://${server.authority}/a`;
  const run = () => runRole("client", ["--content-disposition", url], { cwd: directory.path });
  assertStringIncludes((await run()).stderr, "saved new.txt: 5 bytes");
  server.answer = page("hello", field("taken"));
  assertStringIncludes((await run()).stderr, "taken, as the server calls it, is there");
  assertEquals(await directory.names(), ["a", "new.txt", "taken"]);
  assertEquals(textOf(await directory.read("taken")), "old");
});

Deno.test("client gets a file over TLS from a server that it trusts, and never down from there", async () => {
  await using plain = new FakeServer(page("plain"));
  const [cert, key] = [SERVER.cert, SERVER.key].map((file) => Deno.readTextFileSync(file));
  const listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert: cert!, key: key! });
  const serving = (async () => {
    for await (const conn of listener) {
      const head = new Uint8Array(1024);
      const count = await conn.read(head).catch(() => null);
      const isDown = textOf(head.subarray(0, count ?? 0)).startsWith("GET /down ");
      const answer = isDown
        ? `HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: http://${plain.authority}/\r\n\r\n`
        : "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret";
      if (count !== null) await conn.write(new TextEncoder().encode(answer));
      conn.close();
    }
  })();
  const url = (path: string) => `https://localhost:${listener.addr.port}/${path}`;
  const permissions = ["--allow-net", `--allow-read=${AUTHORITY}`];
  const run = (...args: string[]) => runRole("client", ["-o-", ...args], { permissions });
  const ca = `--ca=${AUTHORITY}`;
  const { code, stdout } = await run(ca, url("a"));
  assertEquals([code, stdout], [0, "secret"]);
  const stranger = await run(url("a"));
  assertMatch(stranger.stderr, /^client: .*: its certificate is signed by nobody who is trusted/m);
  assertEquals(stranger.code, 3);
  const down = await run(ca, url("down"));
  assertMatch(down.stderr, /^client: .*the redirect leads from https to http:.*--allow-downgrade/m);
  assertEquals(down.code, 5);
  assertEquals((await run(ca, "--allow-downgrade", url("down"))).stdout, "plain");
  assertRefused(await run(`--ca=${AUTHORITY}x`, url("a")), 2, /needs --allow-read|does not exist/);
  listener.close();
  await serving.catch(() => {});
});
