import type { FieldLine } from "../../../lib/http/fields.ts";
import { fieldsWith } from "../../support/field_lines.ts";
import { assertEquals } from "@std/assert";
import { isSameFile, modifiedAt } from "../../../lib/download/output/finished_file.ts";
import { ANSWER_DATES } from "../../cases/answer_dates.ts";

const DATE = "Sun, 06 Nov 1994 08:49:37 GMT";
const SECONDS = Date.UTC(1994, 10, 6, 8, 49, 37) / 1000;
const NOW = SECONDS + 1000;
const HELLO = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
const DIGEST: FieldLine = [
  "Repr-Digest",
  "sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:",
];
const LENGTH: FieldLine = ["Content-Length", "5"];

Deno.test("modifiedAt() is what Last-Modified says, if that is past", () => {
  const fields = fieldsWith([["Last-Modified", DATE]]);
  assertEquals(modifiedAt(fields, NOW), SECONDS);
  assertEquals(modifiedAt(fields, SECONDS - 1), undefined);
  assertEquals(modifiedAt(fieldsWith(), NOW), undefined);
});

Deno.test("modifiedAt() takes the answer's clock for what is past", () => {
  for (const { story, own, date, time, seconds } of ANSWER_DATES) {
    const fields = fieldsWith([
      ["Last-Modified", time],
      ...(date === undefined ? [] : [["Date", date] as const]),
    ]);
    const expected = seconds > 0 ? undefined : Date.parse(time) / 1000;
    assertEquals(modifiedAt(fields, Date.parse(own) / 1000), expected, story);
  }
});

Deno.test("isSameFile() wants a proof: the digest, or else length and time", async () => {
  const file = { size: 5, modifiedAt: SECONDS + 0.5, digest: () => Promise.resolve(HELLO) };
  const isSame = (...lines: FieldLine[]) => isSameFile(file, fieldsWith(lines), NOW);
  assertEquals(await isSame(LENGTH, ["Last-Modified", DATE]), true);
  assertEquals(await isSame(LENGTH, DIGEST), true);
  assertEquals(await isSame(["Content-Length", "6"], ["Last-Modified", DATE]), false);
  assertEquals(await isSame(["Last-Modified", DATE]), false);
  assertEquals(await isSame(LENGTH), false);
  assertEquals(await isSame(LENGTH, ["Last-Modified", "Sun, 06 Nov 1994 08:49:36 GMT"]), false);
  const other = { ...file, digest: () => Promise.resolve("0") };
  const all = fieldsWith([LENGTH, DIGEST, ["Last-Modified", DATE]]);
  assertEquals(await isSameFile(other, all, NOW), false);
});
