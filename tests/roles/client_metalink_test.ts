import {
  assert,
  assertEquals,
  assertMatch,
  assertNotMatch,
  assertStringIncludes,
} from "@std/assert";
import { answering, byTarget, FakeServer } from "../support/fake_server.ts";
import { manyOctets } from "../support/farm.ts";
import { type FileServer, fileServer } from "../support/file_server.ts";
import { type Described, metalinkOf, metalinkWith } from "../support/metalink.ts";
import { assertRefused, listeningRole, QUICK_PROBE, runRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const PIECE = 256 * 1024;
const CONTENT = manyOctets(3_000_000);
/** Damaged within its sixth piece. */
const DAMAGED = CONTENT.with(5 * PIECE + 9, CONTENT[5 * PIECE + 9]! ^ 1);
const BAD_PIECE = "piece 6 of 12, bytes 1310720 to 1572863, does not have the expected sha-256";

/** Servers of a file each, `a.bin`, and documents about them. */
async function mirrors(...contents: readonly Uint8Array[]) {
  await using stack = new AsyncDisposableStack();
  const servers: FileServer[] = [];
  for (const content of contents) servers.push(stack.use(await fileServer({ "a.bin": content })));
  const urls = servers.map(({ role }) => `${role.origin}/a.bin`);
  const directory = stack.use(await TemporaryDirectory.with());
  const owned = stack.move();
  return {
    servers,
    urls,
    directory,
    /** Runs the client with a document in its directory. */
    run: async (described: Partial<Described>, ...args: readonly string[]) => {
      const document = metalinkOf({ content: CONTENT, urls, pieceBytes: PIECE, ...described });
      await directory.write("a.meta4", document);
      return await runRole("client", [...args, "a.meta4"], { cwd: directory.path });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

Deno.test("client fetches a bad piece anew from another server, and nothing else", async (t) => {
  await using farm = await mirrors(DAMAGED, CONTENT, CONTENT);
  for (const segments of [1, 3]) {
    await t.step(`--segments=${segments}`, async () => {
      const args = [`--segments=${segments}`, "--json", "-d", `of${segments}`];
      const { code, stdout, stderr } = await farm.run({}, ...args);
      assertEquals(code, 0, stderr);
      assert(same(await farm.directory.read(`of${segments}/a.bin`), CONTENT));
      const { url, finalUrl, file, bytes, servers } = JSON.parse(stdout);
      assertEquals([url, file, bytes], ["a.meta4", `of${segments}/a.bin`, CONTENT.length]);
      assert(farm.urls.includes(finalUrl));
      const outcomes = new Map<string, string[]>(
        servers.map((it: { server: string; outcomes: string[] }) => [it.server, it.outcomes]),
      );
      const [damaged, ...others] = farm.servers.map(({ role }) => outcomes.get(role.authority));
      assertEquals(others.flat().filter((it) => it !== undefined && it !== "done"), []);
      if (segments === 1) {
        assertEquals(damaged, [BAD_PIECE]);
        assertMatch(stderr, /^going on behind 1310720 of 3000000 /m);
      } else { // It may have been faster than the others with what is not damaged.
        assertEquals(damaged!.filter((it) => it !== "done" && it !== BAD_PIECE), []);
        assertStringIncludes(stderr, "in segments, up to 3 at a time");
      }
    });
  }
});

Deno.test("client joins content of servers whose ETags differ by a digest alone", async () => {
  await using farm = await mirrors(CONTENT, CONTENT);
  for (const [i, { root }] of farm.servers.entries()) {
    await Deno.utime(root.join("a.bin"), 1e9 + i, 1e9 + i);
  }
  const { code, stderr } = await farm.run({ pieceBytes: undefined }, "--segments=2");
  assertEquals(code, 0, stderr);
  assertStringIncludes(stderr, "in segments, up to 2 at a time");
  assertMatch(stderr, /^saved a\.bin: 3000000 bytes$/m);
  assert(same(await farm.directory.read("a.bin"), CONTENT));
  const again = await farm.run({}, "-c");
  assertEquals([again.code, again.stderr], [0, "a.bin is already complete: 3000000 bytes\n"]);
});

Deno.test("client keeps nothing where no server has what a document describes", async (t) => {
  await using farm = await mirrors(DAMAGED, DAMAGED);
  const cases: [string, Partial<Described>, number, string][] = [
    ["content", { pieceBytes: undefined }, 6, "the content has the sha-256"],
    ["a piece", {}, 6, BAD_PIECE],
    ["a piece whose digest is wrong", { wrongPiece: 5, content: DAMAGED }, 6, BAD_PIECE],
    ["its size", { size: 10 ** 12 }, 6, "but 1000000000000 were expected"],
    ["MD5", { hash: "md5", pieceBytes: undefined }, 6, "the content has the md5"],
    ["no URL", { urls: ["ftp://127.0.0.1/a.bin"] }, 3, "names no URL for it"],
    ["no server", { urls: ["http://127.0.0.1:1/a.bin"] }, 3, "127.0.0.1:1"],
  ];
  for (const [what, described, status, reason] of cases) {
    await t.step(what, async () => {
      const { code, stderr } = await farm.run(described, "--retries=1", "--segments=2");
      assertEquals(code, status, stderr);
      assertStringIncludes(stderr, reason);
      assertEquals(await farm.directory.names(), ["a.meta4"]);
    });
  }
});

Deno.test("client asks all servers of a document before it gives up", async () => {
  await using missing = new FakeServer(answering("404 Not Found", ""));
  await using failing = new FakeServer(answering("500 Internal Server Error", ""));
  await using farm = await mirrors(CONTENT);
  const urls = [missing, failing].map(({ authority }) => `http://${authority}/a.bin`);
  const all = ["http://127.0.0.1:1/a.bin", ...urls, farm.urls[0]!];
  const { code, stderr } = await farm.run({ urls: all });
  assertEquals(code, 0, stderr);
  assertMatch(stderr, /^\S+ 404 Not Found; asking for another server$/m);
  assert(same(await farm.directory.read("a.bin"), CONTENT));
});

Deno.test("client follows documents by their name or type, and saves them with --no-metalink", async () => {
  await using farm = await mirrors(CONTENT);
  const files = [
    { name: "one", content: CONTENT, urls: farm.urls },
    { name: "deep/er/two", content: CONTENT, urls: farm.urls },
  ];
  const document = metalinkOf(...files);
  const typed = answering("200 OK", document, "Content-Type: application/metalink4+xml;a=b");
  const sent = new TextEncoder().encode(document);
  await using site = new FakeServer(byTarget({
    "/x.meta4": answering("200 OK", document),
    "/typed?f=x": typed,
    "/evil.meta4": answering("200 OK", metalinkOf({ ...files[0]!, name: "../../x" })),
  }));
  const run = async (...args: readonly string[]) => {
    const directory = await TemporaryDirectory.with();
    return { directory, ...await runRole("client", args, { cwd: directory.path }) };
  };
  const origin = `http://${site.authority}`;
  for (const target of ["/x.meta4", "/typed?f=x"]) {
    const { directory, code, stderr, stdout } = await run("--json", `${origin}${target}`);
    await using _ = directory;
    assertEquals(code, 0, stderr);
    assertMatch(stderr, /^it describes 2 files$/m);
    assertMatch(stderr, /^2 files: 2 saved; 6000000 bytes in /m);
    const lines = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    assertEquals(lines.map(({ file }) => file).sort(), ["deep/er/two", "one"]);
    assertEquals(await directory.names(), ["deep", "one"]);
    assert(same(await directory.read("deep/er/two"), CONTENT));
  }
  const kept = await run("--no-metalink", `${origin}/x.meta4`);
  await using directory = kept.directory;
  assertEquals(kept.code, 0, kept.stderr);
  assertEquals(await directory.read("x.meta4"), sent);
  const several = await run("-q", "-o", "a", `${origin}/x.meta4`);
  await using nothing = several.directory;
  assertRefused(several, 2, /x\.meta4: --output=a takes one file, but it describes 2$/m);
  const evil = await run("-q", `${origin}/evil.meta4`);
  await using empty = evil.directory;
  assertRefused(evil, 3, /names a file that may not be written: "\.\.\/\.\.\/x"$/m);
  for (const it of [nothing, empty]) assertEquals(await it.names(), []);
});

Deno.test("client asks once for the newer version of a document, where its origin is dynamic", async (t) => {
  await using farm = await mirrors(CONTENT);
  const gone = { content: CONTENT, urls: ["http://127.0.0.1:1/a.bin"] };
  const now = { content: CONTENT, urls: farm.urls };
  await using site = new FakeServer(answering("500 Internal Server Error", ""));
  const origin = `http://${site.authority}/now?x`;
  const element = (uri: string, isDynamic = true) =>
    `<origin dynamic="${isDynamic}">${uri}</origin>`;
  const newer = metalinkWith(element(`${origin}/more`), now);
  const several = metalinkOf(now, { ...now, name: "b.bin" });
  const rows: readonly [
    story: string,
    document: string,
    answer: string,
    said: RegExp,
    asked: number,
  ][] = [
    ["it is had", metalinkWith(element(origin), gone), newer, /^it describes a file$/m, 1],
    ["it has more files", metalinkWith(element(origin), gone), several, /^2 files: 2 saved; /m, 1],
    [
      "it is none",
      metalinkWith(element(origin), now),
      "<html/>",
      /^going by the version at hand: .*has another root than metalink$/m,
      1,
    ],
    ["it is not dynamic", metalinkWith(element(origin, false), now), newer, /^saved a\.bin/m, 0],
    ["it is no URL", metalinkWith(element("../x"), now), newer, /^saved a\.bin/m, 0],
    [
      "nobody answers",
      metalinkWith(element("http://127.0.0.1:1/x"), now),
      "",
      /^going by the version at hand: 127\.0\.0\.1:1: the connection was refused$/m,
      0,
    ],
  ];
  for (const [story, document, answer, said, asked] of rows) {
    await t.step(story, async () => {
      await using directory = await TemporaryDirectory.with({ "a.meta4": document });
      site.answer = answering("200 OK", answer);
      site.requestHeads.length = 0;
      const args = ["--user=alice:s3cret", "a.meta4"];
      const { code, stderr } = await runRole("client", args, { cwd: directory.path });
      assertEquals(code, 0, stderr);
      assertMatch(stderr, said);
      assertEquals(site.requestHeads.length, asked);
      for (const head of site.requestHeads) assertNotMatch(head, /^Authorization/mi);
      assert(same(await directory.read("a.bin"), CONTENT));
    });
  }
});

Deno.test("client finds mistakes in documents of this machine before it asks anything", async () => {
  await using directory = await TemporaryDirectory.with({
    "no.meta4": "<html/>",
    "three.metalink": `<metalink xmlns="http://www.metalinker.org/"/>`,
  });
  const cwd = { cwd: directory.path };
  const cases: [string[], RegExp][] = [
    [["none.meta4"], /^client: none\.meta4: it is neither a file nor a URL$/m],
    [["no.meta4"], /^client: no\.meta4: the Metalink document has another root than metalink$/m],
    [["three.metalink"], /is of Metalink 3, which is not read, only 4 \(RFC 5854\)$/m],
    [["--no-metalink", "no.meta4"], /^client: "no\.meta4" has no scheme/m],
    [["--metalink-location=Germany", "no.meta4"], /--metalink-location/],
  ];
  for (const [args, line] of cases) assertRefused(await runRole("client", args, cwd), 2, line);
});

Deno.test("client downloads by the documents of the balancer, and sees what is wrong", async () => {
  await using farm = await mirrors(DAMAGED);
  await using stack = new AsyncDisposableStack();
  const servers = [...farm.servers];
  for (let i = 0; i < 2; i++) {
    servers.push(stack.use(await fileServer({ "a.bin": CONTENT }, ["--etag=content"])));
  }
  // Nothing that HEAD tells shows the difference.
  for (const { root } of servers) await Deno.utime(root.join("a.bin"), 1e9, 1e9);
  const authorities = servers.map(({ role }) => role.authority);
  const args = [QUICK_PROBE, "--check-files=before", "--check-timeout=10s", ...authorities];
  await using balancer = await listeningRole("balancer", args);
  const { path } = farm.directory;
  for (const segments of ["--segments=1", "--segments=3"]) {
    const url = `${balancer.origin}/a.bin.meta4`;
    const { code, stderr } = await runRole("client", [segments, url], { cwd: path });
    assertEquals(code, 0, stderr);
    assert(same(await farm.directory.read("a.bin"), CONTENT), stderr);
    assertEquals(await farm.directory.names(), ["a.bin"]);
  }
});

/** Without the difference, which takes long to find. */
function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
