import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { isTestFile, testFile } from "../../lib/files/test_file.ts";

Deno.test("isTestFile() knows the path, whatever the query", () => {
  for (const target of ["/test.bin", "/test.bin?", "/test.bin?a=b"]) {
    assert(isTestFile(target), target);
  }
  const others = [
    "/",
    "/test",
    "/test.bin/",
    "/a/test.bin",
    "/Test.bin",
    "//test.bin",
    "/?/test.bin",
  ];
  for (const target of others) assert(!isTestFile(target), target);
});

async function compressedLength(octets: Uint8Array<ArrayBuffer>): Promise<number> {
  const compressed = new Blob([octets]).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(compressed).bytes()).length;
}

Deno.test("testFile() is 1 MiB that cannot be made smaller", async () => {
  const { statusCode, headerSection, content } = testFile();
  assertEquals(statusCode, 200);
  assertEquals(headerSection, "Content-Type: application/octet-stream\r\n");
  assert(content instanceof Uint8Array);
  assertEquals(content.length, 1_048_576);
  assert(await compressedLength(new Uint8Array(content)) > 1_040_000);
});

Deno.test("testFile() is the same every time, and on every server", async () => {
  const { content } = testFile();
  assert(content instanceof Uint8Array);
  assertStrictEquals(testFile().content, content);
  const digest = await crypto.subtle.digest("SHA-256", new Uint8Array(content));
  const hex = [...new Uint8Array(digest)].map((it) => it.toString(16).padStart(2, "0")).join("");
  // Of the same generator, written in another language.
  assertEquals(hex, "ee5a69453c330fe66cefaff93ac63b77bd18266e6ce9e60ad1272ee0257f716b");
});
