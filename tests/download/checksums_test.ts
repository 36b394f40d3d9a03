import { assertEquals } from "@std/assert";
import { parseChecksums } from "../../lib/download/checksums.ts";

const A = "a".repeat(64);

Deno.test("parseChecksums() reads what sha256sum writes", () => {
  const text =
    `${A}  plain\n${A.toUpperCase()} *binary\r\n\n# none\n${A}  ./two words\n\\${A}  a\\\\b\\nc`;
  assertEquals([...parseChecksums(text) ?? []], [
    ["plain", A],
    ["binary", A],
    ["two words", A],
    ["a\\b\nc", A],
  ]);
});

Deno.test("parseChecksums() refuses a list of anything else", () => {
  for (const text of ["x", `${A} x`, `${A.slice(1)}  x`, `${A}  `, `MD5 (x) = ${A}`]) {
    assertEquals(parseChecksums(text), undefined, text);
  }
});
