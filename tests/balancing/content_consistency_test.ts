import { assertEquals } from "@std/assert";
import { ContentConsistency } from "../../lib/balancing/health_checker.ts";
import { serversOf } from "../support/servers.ts";

const servers = serversOf(3);

/** What is found about `s0`, `s1` and so on, which gave files of that size with that ETag. */
function compared(
  files: ContentConsistency,
  given: readonly (readonly [number, string?])[],
): string[] {
  const map = new Map(given.map(([bytes, entityTag], i) => [servers[i]!, { bytes, entityTag }]));
  return files.compare(map).map(([server, problem]) => `${server.hostname}: ${problem}`);
}

Deno.test("ContentConsistency finds nothing where all give the same", () => {
  const files = new ContentConsistency();
  assertEquals(compared(files, []), []);
  assertEquals(compared(files, [[4]]), []);
  assertEquals(compared(files, [[4, '"x"'], [4, '"x"'], [4, 'W/"x"']]), []);
  assertEquals(compared(files, [[4, '"x"'], [4], [4, "no tag"]]), []);
});

Deno.test("ContentConsistency names the odd one out by size", () => {
  const found = compared(new ContentConsistency(), [[4, '"x"'], [1024, '"y"'], [1024, '"y"']]);
  assertEquals(found, ["s0: its test file has 4 bytes, not 1024"]);
});

Deno.test("ContentConsistency names the odd one out by ETag", () => {
  const found = compared(new ContentConsistency(), [[4, '"x"'], [4, '"y"'], [4, '"x"']]);
  assertEquals(found, ["s1: its test file has another ETag than the others"]);
});

Deno.test("ContentConsistency goes by the first where there is no majority", () => {
  assertEquals(compared(new ContentConsistency(), [[1], [2]]), [
    "s1: its test file has 2 bytes, not 1",
  ]);
});

Deno.test("ContentConsistency tells nothing twice in a row, but whatever is new", () => {
  const files = new ContentConsistency();
  assertEquals(compared(files, [[1], [1], [2]]).length, 1);
  assertEquals(compared(files, [[1], [1], [2]]), []);
  assertEquals(compared(files, [[1], [1], [3]]), ["s2: its test file has 3 bytes, not 1"]);
  assertEquals(compared(files, [[3], [3], [3]]), []);
  assertEquals(compared(files, [[3], [3], [1]]).length, 1);
});

Deno.test("ContentConsistency quotes no server's ETag, however strange", () => {
  const [found] = compared(new ContentConsistency(), [[1, '"a"'], [1, '"a"'], [
    1,
    `"${"\x9b".repeat(999)}"`,
  ]]);
  assertEquals(found, "s2: its test file has another ETag than the others");
});
