import { chooseContentCoding, type ContentCoding } from "../../lib/http/negotiation.ts";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { CODINGS } from "../cases/preferences.ts";
import { fieldsOf } from "../support/field_lines.ts";
import { testRows } from "../support/rows.ts";

const AVAILABLE: readonly ContentCoding[] = ["br", "zstd", "gzip"];

testRows("chooseContentCoding() follows RFC 9110 §12.5.3", CODINGS, ({ raw, coding }) => {
  assertEquals(chooseContentCoding(fieldsOf(raw).get("accept-encoding"), AVAILABLE), coding);
});

Deno.test("chooseContentCoding() gives what is available, and nothing else", () => {
  assertEquals(chooseContentCoding("br, gzip", ["gzip"]), "gzip");
  assertEquals(chooseContentCoding("br", ["gzip"]), "identity");
  assertEquals(chooseContentCoding("*", []), "identity");
  assertEquals(chooseContentCoding("identity;q=0", []), "identity");
  assertEquals(chooseContentCoding("gzip, identity", ["identity", "gzip"]), "identity");
  assertEquals(chooseContentCoding("gzip;q=0.2, *;q=0.5", ["gzip"]), "identity");

  const property = fc.property(fc.string(), fc.subarray([...AVAILABLE]), (text, available) => {
    const coding = chooseContentCoding(text, available);
    assert(coding === "identity" || available.includes(coding));
  });
  fc.assert(property, { seed: 125, numRuns: 1000 });
});
