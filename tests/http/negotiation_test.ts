import {
  chooseContentCoding,
  chooseMediaType,
  type ContentCoding,
  weightedMembers,
} from "../../lib/http/negotiation.ts";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { CODINGS, TYPES } from "../cases/preferences.ts";
import { fieldsOf } from "../support/field_lines.ts";
import { assertLinear } from "../support/growth.ts";
import { testRows } from "../support/rows.ts";

Deno.test("weightedMembers() reads members and their weights in order", () => {
  const read = weightedMembers('text/*;q=0.3, Text/HTML;level="1,\\"2";Q=0.7;x=y, */*, a ; ; q=0');
  assertEquals(read, [
    { value: "text/*", qvalue: 0.3 },
    { value: "text/html", qvalue: 0.7 },
    { value: "*/*", qvalue: 1 },
    { value: "a", qvalue: 0 },
  ]);
});

Deno.test("weightedMembers() knows every qvalue of RFC 9110 §12.4.2, and no other", () => {
  for (const text of ["0", "0.", "0.0", "0.000", "0.5", "0.125", "1", "1.", "1.0", "1.000"]) {
    assertEquals(weightedMembers(`a;q=${text}`), [{ value: "a", qvalue: Number(text) }], text);
  }
  for (
    const text of ["", ".5", "00", "01", "0.0000", "1.001", "2", "-0", "+1", "1e0", '"1"', "NaN"]
  ) {
    assertEquals(weightedMembers(`a;q=${text}, b`), [{ value: "b", qvalue: 1 }], text);
  }
});

Deno.test("weightedMembers() gives weights from 0 to 1, whatever it is given", () => {
  const text = fc.oneof(fc.string(), fc.stringMatching(/^[a*/;=q01.," \t\\]{0,60}$/));
  const property = fc.property(text, (fieldValue) => {
    for (const { qvalue } of weightedMembers(fieldValue)) assert(0 <= qvalue && qvalue <= 1);
  });
  fc.assert(property, { seed: 124, numRuns: 2000 });
});

Deno.test("weightedMembers() takes time in proportion to its text", () => {
  const parts = [
    "a",
    ";",
    " ;",
    "; ",
    ";a=",
    ';a="',
    ';a="\\"',
    "a,",
    'a;b="\\",',
    " ",
    "/a",
    ";a=b",
  ];
  for (const part of [...parts, "a;q=1 "]) {
    assertLinear(weightedMembers, (length) => `a${part.repeat(length / part.length)}@`);
    assertLinear(weightedMembers, (length) => `a/b${part.repeat(length / part.length)}`);
  }
});

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
