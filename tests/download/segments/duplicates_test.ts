import { fieldsWith } from "../../support/field_lines.ts";
import { assertEquals } from "@std/assert";
import { duplicatesOf } from "../../../lib/download/segments/segmented.ts";
import { parseTypedUri } from "../../../lib/download/requests/target_uri.ts";

const BASE = parseTypedUri("http://a/dir/file");
const found = (...values: string[]) =>
  duplicatesOf(fieldsWith(values.map((it) => ["Link", it])), BASE).map(({ href }) => href);

Deno.test("duplicatesOf() gives the links of rel=duplicate, the best first", () => {
  assertEquals(
    found(
      "<http://c/f>; rel=duplicate; pri=2; geo=de",
      '<http://b/f>; rel="duplicate"; pri=1, </other>; rel=DUPLICATE',
    ),
    ["http://b/f", "http://c/f", "http://a/other"],
  );
});

Deno.test("duplicatesOf() passes over other links, and what cannot be asked for", () => {
  const rows = [
    "<http://b/f>; rel=describedby",
    "<http://b/f>",
    "<ftp://b/f>; rel=duplicate",
    "<http://u:p@b/f>; rel=duplicate",
    "<>; rel=duplicate",
    "http://b/f; rel=duplicate",
    '<http://b/f>; title="rel=duplicate"',
    '<http://b/f>; title="a; rel=duplicate"',
    "<http://b/f>; rel=alternate; rel=duplicate",
  ];
  for (const row of rows) assertEquals(found(row), [], row);
  assertEquals(found(), []);
});
