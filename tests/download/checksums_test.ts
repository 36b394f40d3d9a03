import { assertEquals } from "@std/assert";
import { Checksums } from "../../lib/download/digests.ts";
import { CHECKSUM_LISTS } from "../cases/checksum_lists.ts";

Deno.test("Checksums.find() reads lists as sha256sum -c takes them", () => {
  for (const { story, text, digests } of CHECKSUM_LISTS) {
    assertEquals(new Checksums(text).find("a.iso", "/pub/1/a.iso"), digests, story);
  }
});

Deno.test("Checksums.find() knows names with blanks, and with what had to be escaped", () => {
  const hex = "a".repeat(64);
  const text = `${hex}  two words\n\\${hex}  a\\\\b\\nc\n\\SHA256 (d\\ne) = ${hex}`;
  const checksums = new Checksums(text);
  for (const name of ["two words", "a\\b\nc", "d\ne"]) {
    assertEquals(checksums.find(name, "/"), [hex], name);
  }
  assertEquals(checksums.count, 3);
});
