import { assertEquals } from "@std/assert";
import { proposedName } from "../../lib/download/content_disposition.ts";
import { Fields } from "../../lib/http/fields.ts";

/** The value of Content-Disposition, and the name that it proposes. */
const ROWS: readonly (readonly [value: string, name: string | undefined])[] = [
  ["attachment", undefined],
  ["attachment; filename=a.txt", "a.txt"],
  ['attachment; filename="a b.txt"', "a b.txt"],
  ['inline;FILENAME="a\\"b\\\\c"', 'a"b\\c'],
  ["attachment; filename = a.txt ; x=y", "a.txt"],
  ["attachment; filename=\"plain\"; filename*=UTF-8''%e2%82%ac.txt", "€.txt"],
  ["attachment; filename*=UTF-8''%zz; filename=plain", "plain"],
  ["attachment; filename*=iso-8859-1''%a3; filename=plain", "plain"],
  ["attachment; filename*=UTF-8''%ff; filename=plain", "plain"],
  ['attachment; filename="\xe2\x82\xac"', "€"],
  ['attachment; filename="\xe9"', "é"],
  ['attachment; filename="../../etc/passwd"', "../../etc/passwd"],
  ['attachment; filename=""', ""],
];

Deno.test("proposedName() is the name that Content-Disposition proposes, as it stands", () => {
  for (const [value, name] of ROWS) {
    assertEquals(proposedName(new Fields([["Content-Disposition", value]])), name, value);
  }
  assertEquals(proposedName(new Fields()), undefined);
});
