import { gzipSync } from "node:zlib";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { answering, byTarget, FakeServer, saying } from "../support/fake_server.ts";
import { fileServer } from "../support/file_server.ts";
import { run } from "../support/process.ts";
import { listeningRole, runRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const FILES = {
  "a.iso": "a",
  "b c/d&é.txt": "d",
  "b c/deep/e": "e".repeat(300_000), // More than server.ts keeps in memory.
  "part": "x",
  "part.part": "y",
  "part.part.json": "z",
};

async function assertSameTrees(one: string, other: string): Promise<void> {
  const { code, stdout } = await run("diff", ["-r", one, other]);
  assertEquals([code, stdout], [0, ""]);
}

Deno.test("client --recursive keeps a copy of a directory through a balancer", async () => {
  await using stack = new AsyncDisposableStack();
  const first = stack.use(await fileServer(FILES, ["--listing"]));
  const { root } = first;
  const second = stack.use(await listeningRole("server", ["--listing", "--log=none", root.path]));
  const servers = [first.role.authority, second.authority];
  const balancer = stack.use(await listeningRole("balancer", servers));
  await using directory = await TemporaryDirectory.with({
    "copy/gone/old": "",
    "copy/mine.txt": "",
  });
  const mirror = (...args: string[]) =>
    runRole("client", ["-r", "-d", "copy", ...args, `${balancer.origin}/`], {
      cwd: directory.path,
    });
  const fresh = await mirror();
  assertEquals(fresh.code, 0, fresh.stderr);
  assertMatch(fresh.stderr, /^6 files: 6 saved; 300005 bytes in /m);
  const again = await mirror("-c", "--json", "--delete", "--exclude=*.txt");
  assertEquals(again.code, 0, again.stderr);
  assertMatch(again.stderr, /^5 files: 0 saved, 5 were there; 0 bytes in /m);
  const removed = again.stdout.trim().split("\n").map((line) => JSON.parse(line))
    .filter((it) => it.removed);
  assertEquals(removed.map(({ file }) => file), ["copy/gone/old", "copy/gone/"]);
  await root.write("b c/deep/e", "f".repeat(300_001));
  await Deno.remove(root.join("part"));
  const changed = await mirror("-c", "--delete");
  assertMatch(changed.stderr, /^saved copy\/b c\/deep\/e: 300001 bytes$/m);
  assertMatch(changed.stderr, /^5 files: 1 saved, 4 were there/m);
  await assertSameTrees(root.path, directory.join("copy"));
  // A directory takes the place of a file, and a file that of a directory.
  await Deno.remove(root.join("part.part"));
  await root.write("part.part/x/y", "y");
  await Deno.remove(root.join("b c/deep"), { recursive: true });
  await root.write("b c/deep", "deep");
  const swapped = await mirror("-c", "--delete");
  assertEquals(swapped.code, 0, swapped.stderr);
  assertMatch(swapped.stderr, /^5 files: 2 saved, 3 were there/m);
  await assertSameTrees(root.path, directory.join("copy"));
});

const html = (text: string) => answering("200 OK", text, "Content-Type: text/html");
const json = (text: string) => answering("200 OK", text, "Content-Type: application/json");

Deno.test("client --recursive maps what a redirect leads to back below the typed URL", async () => {
  await using server = new FakeServer(byTarget({
    "/pub/x/": html(`<a href="../">up</a><a href="/pub/x/a">a</a><a href="sub/">sub</a>`),
    "/pub/x/sub/": json('[{"name":"b","type":"file","size":1}]'),
    "/pub/x/a": answering("200 OK", "a"),
    "/pub/x/sub/b": answering("200 OK", "b"),
  }));
  await using redirector = new FakeServer(async (conn, head) => {
    const target = head.split(" ")[1]!;
    const location = `Location: http://${server.authority}/pub${target}`;
    await answering("301 Moved Permanently", "", location)(conn, head);
  });
  await using directory = await TemporaryDirectory.with();
  const args = ["-r", "-d", "copy", `http://${redirector.authority}/x/`];
  const { code, stderr } = await runRole("client", args, { cwd: directory.path });
  assertEquals(code, 0, stderr);
  const asked = redirector.requestHeads.map((head) => head.split(" ")[1]).sort();
  assertEquals(asked, ["/x/", "/x/a", "/x/sub/", "/x/sub/b"]);
  assertEquals(await directory.read("copy/sub/b"), new TextEncoder().encode("b"));
});

Deno.test({
  name: "client --recursive writes nothing outside, and removes nothing in doubt",
  ignore: Deno.build.os === "windows",
  async fn() {
    const listing = [
      ...["../x", "..\\x", "/etc/x", "a", "A", "link"].map((name) => ({ name, type: "file" })),
      ...["..", "out", "a"].map((name) => ({ name, type: "directory" })),
    ];
    await using server = new FakeServer((conn, head) => {
      const target = head.split(" ")[1]!;
      const text = target.endsWith("/") ? JSON.stringify(target === "/" ? listing : []) : "x";
      return (target.endsWith("/") ? json(text) : answering("200 OK", text))(conn, head);
    });
    await using directory = await TemporaryDirectory.with({ "outside/y": "y", "copy/old": "" });
    await Deno.symlink("../outside", directory.join("copy/out"));
    await Deno.symlink("../outside/y", directory.join("copy/link"));
    const args = ["-r", "--delete", "-d", "copy", `http://${server.authority}/`];
    const { code, stderr } = await runRole("client", args, { cwd: directory.path });
    assertEquals(code, 4, stderr);
    assertStringIncludes(stderr, "/a/ is not saved: it has two entries of that name");
    assertStringIncludes(stderr, "copy/out is a symbolic link that leads out of copy");
    assertStringIncludes(stderr, "copy/link is a symbolic link, which is left as it is");
    assertStringIncludes(stderr, "--delete removes nothing: not all was downloaded");
    assertEquals(await directory.names(), ["copy", "outside"]);
    assertEquals([...Deno.readDirSync(directory.join("outside"))].length, 1);
    assertEquals(Deno.readTextFileSync(directory.join("outside/y")), "y");
    // Not everywhere can there be an A beside a.
    const names = [...Deno.readDirSync(directory.join("copy"))].map(({ name }) => name)
      .filter((name) => name !== "A").sort();
    const saved = ["..%2Fx", "..%5Cx", "%2Fetc%2Fx", "a"];
    assertEquals(names, [...saved, "link", "old", "out"].sort());
  },
});

Deno.test("client --recursive tells listings that fail, and keeps all when the first lists nothing", async () => {
  await using directory = await TemporaryDirectory.with({ "copy/old": "" });
  const outcomes:
    readonly (readonly [answer: Parameters<typeof byTarget>[0][string], number, RegExp])[] = [
      [json("[]"), 3, /\/: it lists nothing, which may be a mistake: --delete removes nothing$/m],
      [html(""), 3, /\/: it lists nothing/],
      [json("[{]"), 3, /\/: the listing is no JSON array$/m],
      [answering("200 OK", "x", "Content-Type: text/plain"), 3, /text\/plain is no listing/],
      [answering("404 Not Found", ""), 1, /404 Not Found$/m],
    ];
  for (const [answer, status, line] of outcomes) {
    await using server = new FakeServer(answer);
    const args = ["-r", "--delete", "-d", "copy", `http://${server.authority}/`];
    const { code, stderr } = await runRole("client", args, { cwd: directory.path });
    assertMatch(stderr, line);
    assertEquals(code, status, stderr);
    assertEquals([...Deno.readDirSync(directory.join("copy"))].length, 1);
  }
});

Deno.test("client --recursive asks for a page where the JSON is of a format that it does not know", async () => {
  const formats = ['{"files":[{"base":"a"}],"directory":"/"}', '["a"]', '[{"file":"a"}]'];
  for (const text of formats) {
    await using server = new FakeServer((conn, head) => {
      const accepts = (type: string) => new RegExp(`^accept:.*${type}`, "im").test(head);
      if (head.startsWith("GET /a ")) return answering("200 OK", "a")(conn, head);
      return (accepts("json") ? json(text) : html('<a href="/a">a</a>'))(conn, head);
    });
    await using directory = await TemporaryDirectory.with();
    const args = ["-r", "-d", "copy", `http://${server.authority}/`];
    const { code, stderr } = await runRole("client", args, { cwd: directory.path });
    assertEquals(code, 0, stderr);
    assertEquals(await directory.read("copy/a"), new TextEncoder().encode("a"));
  }
});

Deno.test("client --delete keeps what a listing that is encoded or cut short may name", async () => {
  const page = "Content-Type: text/html";
  const text = '<a href="b">b</a>';
  const gzip = gzipSync(text).toString("latin1");
  const cases: readonly (readonly [Parameters<typeof byTarget>[0][string], number, RegExp])[] = [
    [answering("200 OK", gzip, page, "Content-Encoding: gzip"), 0, /^removed copy\/sub\/old$/m],
    [answering("200 OK", gzip, page, "Content-Encoding: x-y"), 3, /x-y, which was not asked for/],
    [
      saying(`HTTP/1.1 200 OK\r\n${page}\r\n\r\n${text}<a hr`),
      ...[0, /^--delete removes nothing: copy\/sub\/ .* may have been cut short$/m] as const,
    ],
  ];
  for (const [listing, status, line] of cases) {
    await using directory = await TemporaryDirectory.with({ "copy/sub/old": "", "copy/sub/b": "" });
    await using server = new FakeServer(byTarget({
      "/": html('<a href="sub/">sub</a>'),
      "/sub/": listing,
      "/sub/b": answering("200 OK", "b"),
    }));
    const args = ["-r", "--delete", "-d", "copy", `http://${server.authority}/`];
    const { code, stderr } = await runRole("client", args, { cwd: directory.path });
    assertEquals(code, status, stderr);
    assertMatch(stderr, line);
    const names = [...Deno.readDirSync(directory.join("copy/sub"))].map(({ name }) => name);
    assertEquals(names.sort(), stderr.includes("removed ") ? ["b"] : ["b", "old"], stderr);
  }
});

Deno.test("client --depth ends loops of links on a server", async () => {
  await using server = new FakeServer((conn, head) => {
    const isDirectory = head.split(" ")[1]!.endsWith("/");
    const text = '[{"name":"again","type":"directory"},{"name":"a","type":"file"}]';
    return (isDirectory ? json(text) : answering("200 OK", "x"))(conn, head);
  });
  await using directory = await TemporaryDirectory.with();
  const args = ["-r", "--depth=3", `http://${server.authority}/`];
  const { code, stderr } = await runRole("client", args, { cwd: directory.path });
  assertMatch(stderr, /^--depth=3: 1 directories were not entered\n3 files: 3 saved/m);
  assertEquals(code, 0);
});
