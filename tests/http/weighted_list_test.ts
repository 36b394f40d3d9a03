import { weightedMembers } from "../../lib/http/negotiation.ts";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";

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

Deno.test("weightedMembers() takes no more time than its text has octets", () => {
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
    "a;q=1 ",
    ";a=b",
  ];
  for (const part of parts) {
    weightedMembers(`a${part.repeat(50_000)}@`);
    weightedMembers(`a/b${part.repeat(50_000)}`);
  }
});
