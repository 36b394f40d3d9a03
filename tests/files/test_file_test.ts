import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { isTestFile, replyWithTestFile } from "../../lib/files/test_file.ts";
import { encodeLatin1 } from "../../lib/http/grammar.ts";
import type { Reply } from "../../lib/net/handler.ts";
import { contentOf, fieldOf, requestFor } from "../support/replies.ts";

const MIB = 1024 * 1024;

function testFile(target = "/test.bin", fields = ""): Reply {
  return replyWithTestFile(requestFor(target, fields), () => 0);
}

Deno.test("isTestFile() knows the path, whatever the query", () => {
  for (
    const target of "/test.bin /test.bin? /test.bin?a=b //test.bin /test%2ebin?a//b".split(" ")
  ) {
    assert(isTestFile(target), target);
  }
  const others = "/ /test /test.bin/ /a/test.bin /Test.bin /test.bin// /?/test.bin".split(" ");
  for (const target of others) assert(!isTestFile(target), target);
});

async function compressedLength(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
  const compressed = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(compressed).bytes()).length;
}

Deno.test("the test file is 1 MiB that cannot be made smaller", async () => {
  const reply = testFile();
  const { statusCode, content } = reply;
  assertEquals(statusCode, 200);
  assertEquals(fieldOf(reply, "Content-Type"), "application/octet-stream");
  assertEquals(fieldOf(reply, "Cache-Control"), undefined);
  assert(content instanceof Uint8Array);
  assertEquals(content.length, MIB);
  assert(await compressedLength(new Uint8Array(content)) > 1_040_000);
});

Deno.test("the test file is the same every time, and on every server", async () => {
  const { content } = testFile();
  assert(content instanceof Uint8Array);
  assertStrictEquals(testFile().content, content);
  // Of the same generator, written in another language.
  const digest = "ee5a69453c330fe66cefaff93ac63b77bd18266e6ce9e60ad1272ee0257f716b";
  assertEquals(await sha256(new Uint8Array(content)), digest);
});

Deno.test("the test file has as many bytes as it is asked for, beginning as the usual one", async () => {
  const usual = await contentOf(testFile());
  for (const size of [1, 100, MIB - 1, MIB, MIB + 1, 2 * MIB + 5]) {
    const reply = testFile(`/test.bin?bytes=${size}`);
    assertEquals((reply.content as { length: number }).length, size);
    const content = await contentOf(reply);
    assert(content.slice(0, MIB) === usual.slice(0, size), `${size}`);
  }
});

Deno.test("the test file repeats nothing, however large it is", async () => {
  const content = await contentOf(testFile(`/test.bin?bytes=${3 * MIB}`));
  const pieces = new Set<string>();
  for (let at = 0; at < content.length; at += 64) pieces.add(content.slice(at, at + 64));
  assertEquals(pieces.size, (3 * MIB) / 64);
  // That the copies follow one rule is nothing that a compressor looks for.
  assert(await compressedLength(encodeLatin1(content)) > 3 * 1_040_000);
});

Deno.test("the test file has at most 64 MiB, and is asked for by a number", () => {
  assertEquals(testFile(`/test.bin?bytes=${64 * MIB}`).statusCode, 200);
  assertEquals(testFile("/test.bin?a=b&bytes=5").statusCode, 200);
  const wrong = ["", ..."0 -1 1M 1.5 0x10 1e3 abc".split(" "), `${64 * MIB + 1}`, "9".repeat(400)];
  for (const bytes of wrong) {
    assertEquals(testFile(`/test.bin?bytes=${bytes}`).statusCode, 400, bytes);
  }
});

Deno.test("the test file is sent in parts as any other", async () => {
  const whole = await contentOf(testFile(`/test.bin?bytes=${2 * MIB}`));
  const part = testFile(`/test.bin?bytes=${2 * MIB}`, `Range: bytes=${MIB - 10}-${MIB + 9}\r\n`);
  assertEquals(part.statusCode, 206);
  assertEquals(await contentOf(part), whole.slice(MIB - 10, MIB + 10));
  const tag = fieldOf(part, "ETag")!;
  assertEquals(testFile(`/test.bin?bytes=${2 * MIB}`, `If-None-Match: ${tag}\r\n`).statusCode, 304);
  assertEquals(testFile("/test.bin", `If-None-Match: ${tag}\r\n`).statusCode, 200);
});

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return [...new Uint8Array(digest)].map((it) => it.toString(16).padStart(2, "0")).join("");
}
