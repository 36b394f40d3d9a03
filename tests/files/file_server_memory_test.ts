import { assert, assertEquals } from "@std/assert";
import { contentOf, fieldOf, fileServer, requestFor } from "../support/replies.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

/** The files below a root, and a clock that is set by hand. */
function served(root: TemporaryDirectory) {
  const clock = { monotonicMs: 0 };
  const files = fileServer(root.path, { monotonicMs: () => clock.monotonicMs });
  const get = (target: string, fields = "") => files.reply(requestFor(target, fields));
  const content = async (target: string, fields = "") => await contentOf(await get(target, fields));
  return { clock, get, content };
}

Deno.test("FileServer answers at once with what it looked at less than a second ago", async () => {
  await using root = await TemporaryDirectory.with({ a: "one", "d/index.html": "index" });
  const { clock, get, content } = served(root);
  for (const target of ["/a", "/d/"]) {
    assert(get(target) instanceof Promise);
    await content(target);
    const reply = get(target);
    assert(!(reply instanceof Promise));
    assert(get(`${target}?query`) === reply, "nothing is made anew");
    const part = get(target, "Range: bytes=1-1\r\n");
    assert(!(part instanceof Promise));
    assertEquals(part.statusCode, 206);
  }
  clock.monotonicMs = 999;
  await Deno.remove(root.join("a"));
  assertEquals(await content("/a"), "one");
  clock.monotonicMs = 1000;
  assertEquals((await get("/a")).statusCode, 404);
});

Deno.test("FileServer looks again after a second, once for all who ask", async () => {
  await using root = await TemporaryDirectory.with({ a: "one" });
  const { clock, get, content } = served(root);
  assertEquals(await content("/a"), "one");
  clock.monotonicMs = 1000;
  const replies = await Promise.all([get("/a"), get("/a"), get("/a")]);
  assertEquals(new Set(replies).size, 1);
  assert(!(get("/a") instanceof Promise), "it is as it was");
  await root.write("a", "three");
  clock.monotonicMs = 2000;
  assertEquals(await content("/a"), "three");
});

Deno.test("FileServer notices a sibling that comes, changes and goes", async () => {
  await using root = await TemporaryDirectory.with({ a: "plain" });
  const { clock, get, content } = served(root);
  const accept = "Accept-Encoding: gzip\r\n";
  assertEquals(await content("/a", accept), "plain");
  assertEquals(fieldOf(await get("/a"), "Vary"), undefined);
  for (const gzip of ["coded", "coded anew"]) {
    await root.write("a.gz", gzip);
    clock.monotonicMs += 1000;
    assertEquals(await content("/a", accept), gzip);
    assertEquals(await content("/a"), "plain");
  }
  await Deno.remove(root.join("a.gz"));
  clock.monotonicMs += 1000;
  assertEquals(await content("/a", accept), "plain");
});

Deno.test("FileServer dates what comes from the future as of now, each time", async () => {
  await using root = await TemporaryDirectory.with({ a: "from tomorrow" });
  await Deno.utime(root.join("a"), new Date(), new Date(Date.now() + 86_400_000));
  let epochMs = Date.UTC(2001, 0, 1);
  const files = fileServer(root.path, { epochMs: () => epochMs });
  for (const date of ["Mon, 01 Jan 2001 00:00:00 GMT", "Mon, 01 Jan 2001 00:00:01 GMT"]) {
    const reply = await files.reply(requestFor("/a"));
    assertEquals(fieldOf(reply, "Last-Modified"), date);
    assertEquals(await contentOf(reply), "from tomorrow");
    epochMs += 1000;
  }
});

Deno.test("FileServer keeps a file once, however its path is spelled", async () => {
  await using root = await TemporaryDirectory.with({
    "d/a b.txt": "one",
    "d/index.html": "index",
    "100%.txt": "percent",
    "100%25.txt": "encoded",
    "\u00e9": "letter",
  });
  const { get, content } = served(root);
  const spellings = {
    one: "/d/a%20b.txt /%64/a%20b.txt /d/a%20b%2etxt //d//a%20b.txt?x /d/%61%20%62.txt".split(" "),
    index: ["/d/", "/d/index.html", "/d//", "//d/?a", "/%64/", "/d/index%2Ehtml"],
    percent: ["/100%25.txt", "/%3100%25.txt"],
    encoded: ["/100%2525.txt", "//100%2525.txt"],
    letter: ["/%c3%a9", "/%C3%A9", "/%c3%A9?a=b"],
  };
  for (const [expected, [first, ...others]] of Object.entries(spellings)) {
    assertEquals(await content(first!), expected);
    const reply = get(first!);
    assert(!(reply instanceof Promise));
    for (const target of others) assert(get(target) === reply, `${target} is kept apart`);
  }
});

Deno.test("FileServer keeps a file once, whatever links lead to it", async () => {
  const large = "a".repeat(250_000);
  await using root = await TemporaryDirectory.with({ "d/a": large, "d/a.gz": "coded", b: "b" });
  for (const name of ["0", "1"]) await Deno.symlink(".", root.join(`d/${name}`));
  await Deno.symlink("d/a", root.join("link"));
  await Deno.symlink("d/a", root.join("link.txt"));
  await Deno.link(root.join("b"), root.join("d/hard"));
  const { get, content } = served(root);
  assertEquals(await content("/b"), "b");
  const kept = await get("/d/a");
  // All of them together are more than is kept in memory.
  for (let i = 0; i < 300; i++) {
    const target = `/d/${[...i.toString(2)].join("/")}/a`;
    assert(await get(target) === kept, target);
  }
  assert(!(get("/b") instanceof Promise), "others are kept as well");
  assert(await get("/d/hard") === get("/b"));
  const other = await get("/link.txt");
  assert(other !== kept && await get("/link") !== kept, "they have no siblings");
  assertEquals(fieldOf(other, "Content-Type"), "text/plain; charset=UTF-8");
});

Deno.test("FileServer notices where a link leads by now, whatever is known of other paths", async () => {
  await using root = await TemporaryDirectory.with({ "v1/a": "one", "v2/a": "two" });
  await Deno.symlink("v1", root.join("now"));
  const { clock, content } = served(root);
  for (const target of ["/now/a", "/v1/a", "/v2/a"]) await content(target);
  await Deno.symlink("v2", root.join("next"));
  await Deno.rename(root.join("next"), root.join("now"));
  assertEquals(await content("/now/a"), "one");
  clock.monotonicMs = 1000;
  assertEquals(await content("/v1/a"), "one");
  assertEquals(await content("/now/a"), "two");
  assertEquals(await content("/v1/a"), "one");
});
