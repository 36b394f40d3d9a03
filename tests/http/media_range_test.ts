import { chooseMediaType } from "../../lib/http/negotiation.ts";
import { assertEquals } from "@std/assert";
import { TYPES } from "../cases/preferences.ts";
import { fieldsOf } from "../support/field_lines.ts";
import { testRows } from "../support/rows.ts";

testRows("chooseMediaType() follows RFC 9110 §12.5.1", TYPES, ({ raw, mediaType }) => {
  const accept = fieldsOf(raw).get("accept");
  assertEquals(chooseMediaType(accept, ["text/html", "application/json"]), mediaType);
});

Deno.test("chooseMediaType() gives the first of what the client likes equally", () => {
  for (const accept of [undefined, "", "*/*", "a/b, a/c", "a/*", "x/y", "*/*;q=0"]) {
    assertEquals(chooseMediaType(accept, ["a/b", "a/c"]), "a/b", accept);
    assertEquals(chooseMediaType(accept, ["a/c", "a/b"]), "a/c", accept);
  }
});
