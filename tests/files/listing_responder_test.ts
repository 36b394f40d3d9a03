import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { TYPES } from "../cases/preferences.ts";
import { testLiveRows } from "../support/live_rows.ts";
import { contentOf, fieldOf, fileServer, replyTo, requestFor } from "../support/replies.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const LISTED = { isListing: true };

testLiveRows("FileServer lists a directory in the form that is liked best", TYPES, async (row) => {
  await using root = await TemporaryDirectory.with({ a: "" });
  const reply = await replyTo(root.path, "/", row.raw, LISTED);
  await contentOf(reply);
  assertEquals(fieldOf(reply, "Content-Type")?.split(";")[0], row.mediaType);
  assertEquals(fieldOf(reply, "Vary"), "Accept");
});

Deno.test("FileServer lists a directory only if it is told to and there is no index", async () => {
  await using root = await TemporaryDirectory.with({ "d/a": "", "e/index.html": "index" });
  assertEquals((await replyTo(root.path, "/d/")).statusCode, 404);
  const listed = await replyTo(root.path, "/d/", "", LISTED);
  assertEquals(listed.statusCode, 200);
  assertStringIncludes(await contentOf(listed), ">a</a>");
  assertEquals(await contentOf(await replyTo(root.path, "/e/", "", LISTED)), "index");
  assertEquals((await replyTo(root.path, "/d", "", LISTED)).statusCode, 301);
  assertEquals((await replyTo(root.path, "/none/", "", LISTED)).statusCode, 404);
  assertEquals((await replyTo(root.path, "/d/a/", "", LISTED)).statusCode, 404);
});

Deno.test("FileServer lists as JSON what it serves, and it is served under that name", async () => {
  const names = ["a b", "é", "100%", "%2e", "a\nb", "\"'<>&", "?", "#", "a:b", "~", "x;y=z", "+"];
  await using root = await TemporaryDirectory.with(
    Object.fromEntries(names.map((name) => [`d/${name}`, name])),
  );
  const reply = await replyTo(root.path, "/d/", "Accept: application/json\r\n", LISTED);
  const entries = JSON.parse(new TextDecoder().decode(octetsOf(await contentOf(reply))));
  const listed = entries.map(({ name }: { name: string }) => name);
  assertEquals(listed, names.toSorted());
  for (const name of listed) {
    const found = await replyTo(root.path, `/d/${encodeURIComponent(name)}`);
    assertEquals([found.statusCode, fieldOf(found, "ETag") !== undefined], [200, true], name);
    await contentOf(found);
  }
});

Deno.test("FileServer sorts a listing as it is asked to", async () => {
  await using root = await TemporaryDirectory.with({ a: "333", b: "1", c: "22" });
  const order = async (query: string) => {
    const content = await contentOf(await replyTo(root.path, `/${query}`, "", LISTED));
    return [...content.matchAll(/>([abc])<\/a>/g)].map(([, name]) => name).join("");
  };
  assertEquals(await order(""), "abc");
  assertEquals(await order("?sort=-name"), "cba");
  assertEquals(await order("?sort=size"), "bca");
  assertEquals(await order("?sort=nonsense"), "abc");
});

Deno.test("FileServer lets a listing's page do nothing but show itself", async () => {
  await using root = await TemporaryDirectory.with({ "<script>alert(1)<": "" });
  const reply = await replyTo(root.path, "/", "", LISTED);
  const policy = fieldOf(reply, "Content-Security-Policy");
  assertEquals(policy, "default-src 'none'; style-src 'unsafe-inline'");
  assertEquals(fieldOf(reply, "X-Content-Type-Options"), "nosniff");
  assert(!(await contentOf(reply)).includes("<script"));
});

Deno.test("FileServer lists so many directories at a time", async () => {
  await using root = await TemporaryDirectory.with({ a: "" });
  const files = fileServer(root.path, LISTED);
  const replies = await Promise.all(
    Array.from({ length: 17 }, async () => await files.reply(requestFor("/"))),
  );
  const full = replies.filter(({ statusCode }) => statusCode === 503);
  assertEquals(full.map((reply) => fieldOf(reply, "Retry-After")), ["1"]);
  await Promise.all(replies.map(contentOf));
  assertEquals((await files.reply(requestFor("/"))).statusCode, 200);
});

Deno.test("FileServer helps whoever asks for an empty root, and only them", async () => {
  await using root = await TemporaryDirectory.with({ ".hidden": "" });
  const page = await replyTo(root.path, "/");
  assertEquals(page.statusCode, 404);
  assertStringIncludes(await contentOf(page), "there is nothing in its directory yet");
  await Deno.mkdir(root.join("d"));
  for (const target of ["/", "/d/", "/none"]) {
    const bare = await contentOf(await replyTo(root.path, target));
    assertStringIncludes(bare, "There is no such file here.");
  }
});

function octetsOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
