import { assertEquals, assertMatch } from "@std/assert";
import { answering, byTarget, FakeServer, saying } from "../support/fake_server.ts";
import { textOf } from "../support/feed.ts";
import { assertRefused, listeningRole, runRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const BINARY = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * i) >> 5);

Deno.test("client follows the balancer's redirect, prints it, and saves the file", async () => {
  await using root = await TemporaryDirectory.with({ "a.bin": BINARY, "b.html": "<p>b" });
  await using server = await listeningRole("server", [root.path]);
  await using balancer = await listeningRole("balancer", [server.authority]);
  await using directory = await TemporaryDirectory.with();
  const url = `${balancer.origin}/a.bin`;
  const one = await runRole("client", [url], { cwd: directory.path });
  assertEquals(one.stderr.split("\n"), [
    `301 Moved Permanently → ${server.origin}/a.bin`,
    "200 OK",
    `saved a.bin: ${BINARY.length} bytes`,
    "",
  ]);
  assertEquals(await directory.read("a.bin"), BINARY);
  const urls = [url, `${balancer.origin}/b.html?x=y`];
  const { code, stdout, stderr } = await runRole("client", ["--jobs=1", ...urls], {
    cwd: directory.path,
  });
  const lines = stderr.trimEnd().split("\n");
  assertMatch(lines.pop()!, /^2 files: 2 saved; 3000004 bytes in \d+\.\d s$/);
  assertEquals(lines, [
    `a.bin: 301 Moved Permanently → ${server.origin}/a.bin`,
    "a.bin: 200 OK",
    `saved a.bin: ${BINARY.length} bytes`,
    `b.html: 301 Moved Permanently → ${server.origin}/b.html?x=y`,
    "b.html: 200 OK",
    "saved b.html: 4 bytes",
  ]);
  assertEquals([code, stdout], [0, ""]);
  assertEquals(await directory.names(), ["a.bin", "b.html"]);
  assertEquals(await directory.read("a.bin"), BINARY);
  assertEquals(await directory.read("b.html"), await root.read("b.html"));
});

Deno.test("client saves a file straight from a server", async () => {
  await using root = await TemporaryDirectory.with({ "a.bin": BINARY });
  await using server = await listeningRole("server", [root.path]);
  await using directory = await TemporaryDirectory.with({ "a.bin": "old" });
  const { code } = await runRole("client", [`${server.origin}/a.bin`], { cwd: directory.path });
  assertEquals(code, 0);
  assertEquals(await directory.read("a.bin"), BINARY);
  assertEquals(await directory.names(), ["a.bin"]);
});

Deno.test("client -o - writes the file and nothing else to standard output", async () => {
  await using root = await TemporaryDirectory.with({ "a.bin": BINARY, "empty": "" });
  await using server = await listeningRole("server", [root.path]);
  await using balancer = await listeningRole("balancer", [server.authority]);
  const permissions = ["--allow-net"];
  for (const [name, content] of [["a.bin", BINARY], ["empty", new Uint8Array(0)]] as const) {
    const args = ["-o", "-", `${balancer.origin}/${name}`];
    const { code, stdoutBytes } = await runRole("client", args, { permissions });
    assertEquals(stdoutBytes, content);
    assertEquals(code, 0);
  }
  const { code, stdoutBytes } = await runRole("client", ["-o-", `${balancer.origin}/none`], {
    permissions,
  });
  assertEquals([code, stdoutBytes.length], [1, 0]);
});

Deno.test("client --output names the file", async () => {
  await using server = new FakeServer(answering("200 OK", "test"));
  await using directory = await TemporaryDirectory.with({ "sub/here": "" });
  for (const name of ["b.txt", "sub/c.txt", directory.join("d.txt")]) {
    const args = [`--output=${name}`, `http://${server.authority}/a.txt`];
    const { code, stderr } = await runRole("client", args, { cwd: directory.path });
    assertEquals(code, 0, stderr);
  }
  assertEquals(await directory.names(), ["b.txt", "d.txt", "sub"]);
  assertEquals(await directory.read("sub/c.txt"), new TextEncoder().encode("test"));
});

/** What is typed behind the server, what is asked for, and the name of the file. */
const NAMES: readonly (readonly [typed: string, requestTarget: string, name: string])[] = [
  ["", "/", "index.html"],
  ["/", "/", "index.html"],
  ["/a/", "/a/", "index.html"],
  ["/a.txt#part", "/a.txt", "a.txt"],
  ["/a.txt?b=/c.txt", "/a.txt?b=/c.txt", "a.txt"],
  ["/a.txt?", "/a.txt?", "a.txt"],
  ["/gr%C3%BC%C3%9Fe.txt", "/gr%C3%BC%C3%9Fe.txt", "grüße.txt"],
  ["/%2e%2e%2fabove.txt", "/%2e%2e%2fabove.txt", ".._above.txt"],
  ["/a%2Fb%5Cc", "/a%2Fb%5Cc", "a_b_c"],
  ["/nul%00.txt", "/nul%00.txt", "nul_.txt"],
  ["/%zz.txt", "/%zz.txt", "%zz.txt"],
  [`/${"x".repeat(300)}.txt`, `/${"x".repeat(300)}.txt`, `${"x".repeat(251)}.txt`],
];

Deno.test("client asks for the URL without its fragment, and names the file by it, safely", async () => {
  await using server = new FakeServer(answering("200 OK", "test"));
  let left = NAMES;
  while (left.length > 0) {
    // One run can save only one file of a name.
    const rows = left.filter(([, , name], i) => left.findIndex((row) => row[2] === name) === i);
    left = left.filter((row) => !rows.includes(row));
    await using directory = await TemporaryDirectory.with();
    const urls = rows.map(([typed]) => `http://${server.authority}${typed}`);
    const before = server.requestHeads.length;
    const args = ["--jobs=1", ...urls];
    const { code, stderr } = await runRole("client", args, { cwd: directory.path });
    assertEquals(code, 0, stderr);
    assertEquals(
      server.requestHeads.slice(before).map((head) => head.split("\r\n")[0]),
      rows.map(([, requestTarget]) => `GET ${requestTarget} HTTP/1.1`),
    );
    assertEquals(await directory.names(), rows.map(([, , name]) => name).toSorted());
  }
});

Deno.test("client names the file by the URL as typed, not by where it is redirected", async () => {
  const moved = (location: string) => answering("302 Found", "", `Location: ${location}`);
  await using server = new FakeServer(byTarget({
    "/typed.txt": moved("/a/b/other.txt?x"),
    "/a/b/other.txt?x": moved("../relative.txt"),
    "/a/relative.txt": answering("200 OK", "test"),
  }));
  await using directory = await TemporaryDirectory.with();
  const args = [`http://${server.authority}/typed.txt`];
  const { code, stderr } = await runRole("client", args, { cwd: directory.path });
  assertEquals(stderr.split("\n").slice(0, 3), [
    `302 Found → http://${server.authority}/a/b/other.txt?x`,
    `302 Found → http://${server.authority}/a/relative.txt`,
    "200 OK",
  ]);
  assertEquals(code, 0);
  assertEquals(await directory.names(), ["typed.txt"]);
});

Deno.test("client reads every framing of a whole response", async () => {
  const chunks = "4\r\ntest\r\n5;x=y\r\n again\r\n0\r\nTrailer: x\r\n\r\n".replace("5;", "6;");
  const responses = [
    `HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\ntest again`,
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`,
    `HTTP/1.1 200 OK\r\n\r\ntest again`,
    `HTTP/1.0 200 OK\r\n\r\ntest again`,
    `HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 \r\nContent-Length: 10\r\n\r\ntest again`,
  ];
  const answers = responses.map((response, i) => [`/${i}`, saying(response)] as const);
  await using server = new FakeServer(byTarget(Object.fromEntries(answers)));
  await using directory = await TemporaryDirectory.with();
  const urls = answers.map(([target]) => `http://${server.authority}${target}`);
  const { code, stderr } = await runRole("client", urls, { cwd: directory.path });
  assertEquals(code, 0, stderr);
  assertEquals(await directory.names(), responses.map((_, i) => `${i}`).toSorted());
  for (const name of await directory.names()) {
    assertEquals(textOf(await directory.read(name)), "test again");
  }
});

Deno.test("client names a mistake in a URL in one line and ends with 2, before it asks", async () => {
  await using server = new FakeServer(answering("200 OK", "test"));
  await using directory = await TemporaryDirectory.with();
  const mistakes = [
    ["127.0.0.1:8080/a", /"127\.0\.0\.1:8080\/a" has no scheme: write http:\/\/127/],
    ["ftp://a/b", /ftp: is not supported, only http:/],
    ["http://user:secret@a:b/", /"http:\/\/…@a:b\/" is not a valid URL/],
    ["http://a:65536/", /is not a valid URL/],
  ] as const;
  for (const [url, line] of mistakes) {
    const args = [`http://${server.authority}/first`, url];
    const refused = await runRole("client", args, { cwd: directory.path });
    assertRefused(refused, 2, line);
    assertMatch(refused.stderr, /^client: (?!.*secret)/);
  }
  assertEquals(server.requestHeads, []);
  assertEquals(await directory.names(), []);
});
