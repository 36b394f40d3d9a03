import { assertEquals } from "@std/assert";
import { Checksums } from "../../lib/download/jobs/checksums.ts";
import { digestOf } from "../../lib/http/digest_fields.ts";
import { CHECKSUM_LISTS } from "../cases/checksum_lists.ts";
import { fieldsWith } from "../support/field_lines.ts";

const BASE64 = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=";
const SHA256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
const ZEROS = `${"A".repeat(86)}==`;

const read = (...values: string[]) =>
  digestOf(fieldsWith(values.map((value) => ["Repr-Digest", value] as const)), "repr-digest");

Deno.test("digestOf() reads the strongest digest that is known", () => {
  const sha256 = { algorithm: "sha-256", hex: SHA256 } as const;
  const sha512 = { algorithm: "sha-512", hex: "0".repeat(128) } as const;
  assertEquals(read(`sha-256=:${BASE64}:`), sha256);
  assertEquals(read(`md5=:AAAA:,\tsha-256=:${BASE64}:;q=1 , unixsum=:AA==:`), sha256);
  assertEquals(read(`sha-256=:${BASE64}:;by="a, b";q=1`), sha256);
  assertEquals(read(`sha-256=:${BASE64}:`, `sha-512=:${ZEROS}:`), sha512);
});

Deno.test("digestOf() passes over what promises nothing that could be checked", () => {
  const nothing = [
    "",
    "md5=:AAAA:",
    `sha-256=${BASE64}`,
    `sha-256="${BASE64}"`,
    "sha-256=:AAAA:",
    "sha-256=:====:",
    `sha-256=:${ZEROS}:`,
    `SHA-256=:${BASE64}:`,
  ];
  for (const value of nothing) assertEquals(read(value), undefined, value);
  assertEquals(read(), undefined);
});

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
