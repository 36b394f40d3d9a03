import { assert, assertEquals, assertRejects } from "@std/assert";
import { UsageError } from "../../lib/cli/command.ts";
import type { FileValues } from "../../lib/files/file_server.ts";
import { openFileServer, type Pages } from "../../lib/files/pages.ts";
import type { Reply } from "../../lib/net/handler.ts";
import { contentOf, fieldOf, requestFor } from "../support/replies.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const PAGE = "<h1>Not here</h1>";
const BUILT_IN = "There is no such file here.";
const DEFAULTS: FileValues = {
  listing: false,
  etag: "time",
  "cache-control": "max-age=60",
  fallback: undefined,
};

/** The pages of a directory; files in it are old enough to be kept in memory. */
async function pagesOf(
  files: Readonly<Record<string, string>>,
  values: Partial<FileValues> = {},
): Promise<{ root: TemporaryDirectory; pages: Pages } & AsyncDisposable> {
  const root = await TemporaryDirectory.with({ ...files });
  for (const name of Object.keys(files)) await Deno.utime(root.join(name), 1e9, 1e9);
  const pages = await openFileServer(root.path, { ...DEFAULTS, ...values });
  return { root, pages, [Symbol.asyncDispose]: () => root[Symbol.asyncDispose]() };
}

/** Status and content of what is replied. */
async function ask(pages: Pages, target: string, fields = "", method = "GET") {
  const reply = await pages.reply(requestFor(target, fields, method));
  return [reply.statusCode, await contentOf(reply)] as const;
}

function namesIn({ headerSection }: Reply): string[] {
  return headerSection.split("\r\n").slice(0, -1).map((line) => line.split(":")[0]!);
}

Deno.test("Pages sends 404.html with 404, whatever the request wants of it", async () => {
  await using site = await pagesOf({ "404.html": PAGE, "a.txt": "text" });
  const { pages } = site;
  const fields = ["", "Range: bytes=0-1\r\n", "If-None-Match: *\r\n", 'If-Match: "x"\r\n'];
  for (const more of [...fields, "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n"]) {
    for (const target of ["/x", "/x/y?q", "/.hidden", "/a.txt/", "/%ff", "/404.html/"]) {
      assertEquals(await ask(pages, target, more), [404, PAGE], `${target} ${more}`);
    }
  }
  const reply = await pages.reply(requestFor("/x", "", "HEAD"));
  assertEquals((reply.content as Uint8Array).length, PAGE.length);
  assertEquals(namesIn(reply), ["Content-Type", "X-Content-Type-Options"]);
  assertEquals(fieldOf(reply, "Content-Type"), "text/html; charset=UTF-8");
  assertEquals(await ask(pages, "/a.txt"), [200, "text"]);
  assertEquals(await ask(pages, "/404.html"), [200, PAGE]);
  assertEquals((await ask(pages, "/%zz"))[0], 400);
  assertEquals((await ask(pages, "/test.bin?bytes=1"))[0], 200);
});

Deno.test("Pages sends a page from disk while it is new or large, and in its codings", async () => {
  const large = "x".repeat(300_000);
  await using site = await pagesOf({ "404.html": large, "404.html.gz": "zipped" });
  assertEquals(await ask(site.pages, "/x"), [404, large]);
  const reply = await site.pages.reply(requestFor("/x", "Accept-Encoding: gzip\r\n"));
  assertEquals(await contentOf(reply), "zipped");
  assertEquals([fieldOf(reply, "Content-Encoding"), fieldOf(reply, "Vary")], [
    ...["gzip", "Accept-Encoding"],
  ]);
  await site.root.write("404.html", "new");
  assertEquals(await ask(site.pages, "/x"), [404, "new"]);
});

/** What may be called 404.html, and is no page. */
const NO_PAGES: Readonly<Record<string, (path: string, outside: string) => Promise<void>>> = {
  "a directory": (path) => Deno.mkdir(path),
  "a link to outside": (path, outside) => Deno.symlink(`${outside}/secret`, path),
  "a link to nothing": (path) => Deno.symlink("nothing", path),
  "a link to itself": (path) => Deno.symlink("404.html", path),
  "a pipe": async (path) => {
    const { success } = await new Deno.Command("mkfifo", { args: [path] }).output();
    assert(success);
  },
};

for (const [what, make] of Object.entries(NO_PAGES)) {
  Deno.test({
    name: `Pages sends our own page where 404.html is ${what}`,
    ignore: Deno.build.os === "windows",
    async fn() {
      await using outside = await TemporaryDirectory.with({ secret: "secret" });
      await using site = await pagesOf({ "a.txt": "text" });
      await make(site.root.join("404.html"), outside.path);
      const [statusCode, content] = await ask(site.pages, "/x");
      assertEquals([statusCode, content.includes(BUILT_IN)], [404, true]);
    },
  });
}

Deno.test("Pages follows 404.html as it comes, changes and goes", async () => {
  await using site = await pagesOf({ "a.txt": "text" });
  const { root, pages } = site;
  assert((await ask(pages, "/x"))[1].includes(BUILT_IN));
  for (const text of ["one", "two"]) {
    await Deno.writeTextFile(root.join("404.html"), text); // New files are not kept in memory.
    assertEquals(await ask(pages, "/x"), [404, text]);
  }
  await Deno.remove(root.join("404.html"));
  assert((await ask(pages, "/x"))[1].includes(BUILT_IN));
});

Deno.test("Pages sends what was promised of a page that grows while it is sent", async () => {
  const large = "x".repeat(300_000);
  await using site = await pagesOf({ "404.html": large });
  const reply = await site.pages.reply(requestFor("/x"));
  await Deno.writeTextFile(site.root.join("404.html"), "more", { append: true });
  assertEquals(await contentOf(reply), large);
});

Deno.test("Pages sends 50x.html for what fails here, with Retry-After where that helps", async () => {
  await using site = await pagesOf({ "50x.html": "sorry", "a": "" });
  const failed = await site.pages.replyToError(requestFor("/a", "Range: bytes=0-1\r\n"));
  assertEquals([failed.statusCode, await contentOf(failed)], [500, "sorry"]);
  assertEquals(fieldOf(failed, "Retry-After"), undefined);
  await using bare = await pagesOf({ "a": "" });
  const plain = await bare.pages.replyToError(requestFor("/a"));
  assertEquals([plain.statusCode, fieldOf(plain, "Content-Type")], [
    ...[500, "text/html; charset=utf-8"],
  ]);
});

const FALLBACK = { fallback: "app/index.html" };

Deno.test("Pages sends the fallback for paths that name nothing, as if it had been asked for", async () => {
  const files = { "app/index.html": "app", "404.html": PAGE, "a.txt": "text", "empty/.x": "" };
  await using site = await pagesOf(files, FALLBACK);
  const { pages, root } = site;
  for (const target of ["/x", "/x/y.js?q", "/a.txt/", "/empty/", "/"]) {
    assertEquals(await ask(pages, target), [200, "app"], target);
    assertEquals((await pages.reply(requestFor(target, "", "HEAD"))).statusCode, 200);
  }
  assertEquals(await ask(pages, "/a.txt"), [200, "text"]);
  for (const target of ["/.git/config", "/%00"]) {
    assertEquals(await ask(pages, target), [404, PAGE], target);
  }
  assertEquals((await ask(pages, "/%zz"))[0], 400);
  assertEquals((await ask(pages, "/test.bin?bytes=1"))[0], 200);
  const reply = await pages.reply(requestFor("/x"));
  assertEquals(fieldOf(reply, "Cache-Control"), "max-age=60");
  const tag = fieldOf(reply, "ETag")!;
  assertEquals((await ask(pages, "/y", `If-None-Match: ${tag}\r\n`))[0], 304);
  assertEquals(await ask(pages, "/y", "Range: bytes=1-1\r\n"), [206, "p"]);
  await Deno.remove(root.join("app/index.html"));
  assertEquals(await askUntilGone(pages, "/z"), [404, PAGE]);
});

/** Asks until what is in memory has been compared with the disk. */
async function askUntilGone(pages: Pages, target: string): Promise<readonly [number, string]> {
  for (;;) {
    const answer = await ask(pages, target);
    if (answer[0] !== 200) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

Deno.test("openFileServer() refuses a fallback that cannot be sent", async () => {
  await using outside = await TemporaryDirectory.with({ secret: "secret" });
  await using site = await pagesOf({ "d/a.html": "", ".hidden": "" });
  await Deno.symlink(outside.join("secret"), site.root.join("link"));
  const refused = ["missing.html", "d", "d/", "../x", "/d/a.html", ".hidden", "link", "d//a.html"];
  for (const fallback of refused) {
    await assertRejects(
      () => openFileServer(site.root.path, { ...DEFAULTS, fallback }),
      UsageError,
      `--fallback=${fallback} is no file below ROOT that can be sent`,
    );
  }
});
