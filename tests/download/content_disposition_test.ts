import { fieldsWith } from "../support/field_lines.ts";
import { assertEquals } from "@std/assert";
import { proposedName } from "../../lib/download/file_name.ts";

/** The value of Content-Disposition, and the name that it proposes. */
const ROWS: readonly (readonly [value: string, name: string | undefined])[] = [
  ["attachment", undefined],
  ["attachment; filename=a.txt", "a.txt"],
  ['attachment; filename="a b.txt"', "a b.txt"],
  ['inline;FILENAME="a\\"b"', 'a"b'],
  ["attachment; filename=annual report 2024.pdf", "annual report 2024.pdf"],
  ["attachment; filename=annual report.pdf ; size=5", "annual report.pdf"],
  ["attachment; size=5; filename=\tannual report.pdf\t", "annual report.pdf"],
  ["filename=a.txt", "a.txt"],
  ['filename="a b.txt"', "a b.txt"],
  ["filename*=UTF-8''a%20b", "a b"],
  ['attachment; filename="/srv/files/a.txt"', "a.txt"],
  ['attachment; filename="C:\\files\\new.txt"', "new.txt"],
  ["attachment; filename*=UTF-8''..%2f..%2fa", "a"],
  ['attachment; filename="files/"', undefined],
  ['attachment; filename=".."', undefined],
  ["attachment; filename = a.txt ; x=y", "a.txt"],
  ["attachment; filename=\"plain\"; filename*=UTF-8''%e2%82%ac.txt", "€.txt"],
  ["attachment; filename*=UTF-8''%zz; filename=plain", "plain"],
  ["attachment; filename*=iso-8859-1''%a3; filename=plain", "plain"],
  ["attachment; filename*=UTF-8''%ff; filename=plain", "plain"],
  ['attachment; filename="\xe2\x82\xac"', "€"],
  ['attachment; filename="\xe9"', "é"],
  ['attachment; filename="../../etc/passwd"', "passwd"],
  ['attachment; filename=""', undefined],
];

Deno.test("proposedName() is the name that Content-Disposition proposes, without its path", () => {
  for (const [value, name] of ROWS) {
    assertEquals(proposedName(fieldsWith([["Content-Disposition", value]])), name, value);
  }
  assertEquals(proposedName(fieldsWith()), undefined);
});
