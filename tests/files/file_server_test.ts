import { assert, assertEquals, assertMatch } from "@std/assert";
import { EntityTags } from "../../lib/files/entity_tags.ts";
import { textOf } from "../support/feed.ts";
import { openedBy } from "../support/file_state.ts";
import { seededRandom } from "../support/random.ts";
import { contentOf, fieldOf, fileServer } from "../support/replies.ts";
import { replyTo, requestFor, statusCodes } from "../support/replies.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

Deno.test("FileServer sends a file with its media type, or as bytes", async () => {
  const types: Readonly<Record<string, RegExp>> = {
    "a/b.html": /^text\/html; charset=utf-8$/i,
    "A.HTM": /^text\/html; charset=utf-8$/i,
    "a.js": /^text\/javascript/,
    "a.JPG": /^image\/jpeg$/,
    "a.tar.gz": /^application\/gzip$/,
    "a.wasm": /^application\/wasm$/,
    "a": /^application\/octet-stream$/,
    "a.": /^application\/octet-stream$/,
    "a.unknown-extension": /^application\/octet-stream$/,
    "html": /^application\/octet-stream$/,
  };
  for (const [name, type] of Object.entries(types)) {
    await using root = await TemporaryDirectory.with({ [name]: "<p>hello" });
    const reply = await replyTo(root.path, `/${name}?c`);
    assertEquals([reply.statusCode, await contentOf(reply)], [200, "<p>hello"]);
    assertMatch(fieldOf(reply, "Content-Type")!, type);
    assertEquals(fieldOf(reply, "X-Content-Type-Options"), "nosniff");
  }
});

Deno.test("FileServer gives any file byte for byte", async () => {
  const random = seededRandom(3);
  const large = Uint8Array.from({ length: 3_000_001 }, () => Math.floor(random() * 256));
  await using root = await TemporaryDirectory.with({ "large.bin": large, empty: "" });
  assert(await contentOf(await replyTo(root.path, "/large.bin")) === textOf(large));
  assertEquals(await contentOf(await replyTo(root.path, "/empty")), "");
});

Deno.test("FileServer does not send what is appended after it was opened", async () => {
  for (const length of [5, 1_000_000]) {
    const begun = "b".repeat(length);
    await using root = await TemporaryDirectory.with({ a: begun });
    const reply = await replyTo(root.path, "/a");
    await Deno.writeTextFile(root.join("a"), " and gone on", { append: true });
    assert(await contentOf(reply) === begun);
  }
});

Deno.test("FileServer finds every name that a file may have", async () => {
  const names = [..."?#~", "a b", "é€🐑", "100%", "%2e", "a\nb\t", "\"'<>&", "a+b", "a;b=c", "ab."];
  names.push("e\u0301");
  await using root = await TemporaryDirectory.with();
  for (const name of names) {
    await root.write(name, name);
    const target = `/${encodeURIComponent(name)}`;
    const content = await contentOf(await replyTo(root.path, target));
    assertEquals(content, textOf(new TextEncoder().encode(name)), target);
  }
});

Deno.test("FileServer sends a directory's name on to its slash, and to no other host", async () => {
  const files = { "a/b/c": "c", "x:y/c": "c", "é/c": "c", "{x}|/c": "c" };
  await using root = await TemporaryDirectory.with(files);
  const directories = [
    ["/a", "./a/"],
    ["/a/b", "./b/"],
    ["/a/b?", "./b/?"],
    ["/a?b=c?d", "./a/?b=c?d"],
    ["/a?b/c", "./a/?b/c"],
    ["/%61", "./%61/"],
    ["/x:y", "./x:y/"],
    ["/%C3%A9", "./%C3%A9/"],
    ["//a", "./a/"],
    ["/{x}|?{y}", "./%7Bx%7D%7C/?%7By%7D"],
    ["///a//b?", "./b/?"],
  ] as const;
  for (const [target, location] of directories) {
    const reply = await replyTo(root.path, target);
    assertEquals([reply.statusCode, fieldOf(reply, "Location")], [301, location]);
    const { pathname, host, search } = new URL(location, `http://a${target}`);
    const uri = target.replace(/[{|}]/g, (it) => `%${it.charCodeAt(0).toString(16).toUpperCase()}`);
    const [path, query] = uri.split(/\?(.*)/s);
    assertEquals([pathname, host, search], [`${path}/`, "a", query ? `?${query}` : ""]);
  }
  assertEquals(await statusCodes(root.path, ["//evil.example/..", "//evil.example"]), [404, 404]);
});

Deno.test("FileServer gives index.html for a directory", async () => {
  const files = { "index.html": "top", "d/index.html": "below", "e/a": "" };
  await using root = await TemporaryDirectory.with(files);
  await Deno.mkdir(root.join("f/index.html"), { recursive: true });
  const top = await replyTo(root.path, "/?a");
  assertEquals(fieldOf(top, "Content-Type")?.toLowerCase(), "text/html; charset=utf-8");
  assertEquals(await contentOf(top), "top");
  assertEquals(await contentOf(await replyTo(root.path, "/d/")), "below");
  assertEquals(await statusCodes(root.path, ["/e/", "/f/"]), [404, 404]);
});

Deno.test("FileServer serves the file system from its root as well", async () => {
  await using root = await TemporaryDirectory.with({ a: "a" });
  assertEquals(await statusCodes("/", [root.join("a")]), [200]);
});

Deno.test("FileServer notices a file that is written twice within a tick of its clock", async () => {
  await using root = await TemporaryDirectory.with();
  const now = new Date();
  const tags = new EntityTags(undefined, () => now.getTime() + 5);
  const files = fileServer(root.path, { tags, epochMs: () => now.getTime() + 5 });
  const path = root.join("a");
  await Deno.writeTextFile(path, "one");
  await Deno.utime(path, now, now);
  const first = await files.reply(requestFor("/a"));
  assertEquals([await contentOf(first), fieldOf(first, "ETag")], ["one", undefined]);
  await Deno.writeTextFile(path, "two");
  await Deno.utime(path, now, now);
  assertEquals(await contentOf(await files.reply(requestFor("/a"))), "two");
});

Deno.test({
  name: "FileServer leaves no file open behind a reply, whatever it is",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const large = "a".repeat(300_000);
    const names = ["a", "a.gz", "small", "small.gz", "d/index.html"];
    await using root = await TemporaryDirectory.with(
      Object.fromEntries(names.map((name) => [name, name.startsWith("small") ? "b" : large])),
    );
    const server = fileServer(root.path);
    const GZIP = "Accept-Encoding: gzip\r\n";
    const rows = [
      ["/a", "", 200],
      ["/a", GZIP, 200],
      ["/a", "Range: bytes=1-2,5-6\r\n", 206],
      ["/a", "If-None-Match: *\r\n", 304],
      ["/a", `${GZIP}If-None-Match: *\r\n`, 304],
      ["/a", 'If-Match: "x"\r\n', 412],
      ["/a", `${GZIP}Range: bytes=999999-\r\n`, 416],
      ["/a/", "", 404],
      ["/small", GZIP, 200],
      ["/small", GZIP, 200],
      ["/d/", "", 200],
    ] as const;
    for (const [target, fields, statusCode] of rows) {
      const reply = await server.reply(requestFor(target, fields));
      await contentOf(reply);
      assertEquals(reply.statusCode, statusCode, `${target} ${fields}`);
    }
    for (const name of names) await openedBy(root.join(name), 0);
    const reply = await server.reply(requestFor("/a"));
    await openedBy(root.join("a"), 1);
    await contentOf(reply);
    await openedBy(root.join("a"), 0);
  },
});
