import { assertEquals } from "@std/assert";
import { type FieldLine, Fields } from "../../lib/http/fields.ts";

const lines: FieldLine[] = [["Accept", "a"], ["HOST", "h"], ["accept", ""], ["ACCEPT", "b, c"]];

Deno.test("Fields finds lines whatever the case of their names", () => {
  const fields = new Fields(lines);
  assertEquals(fields.values("accept"), ["a", "", "b, c"]);
  assertEquals(fields.values("host"), ["h"]);
  assertEquals(fields.values("x"), []);
  assertEquals([fields.has("host"), fields.has("x")], [true, false]);
});

Deno.test("Fields.get() joins the lines of a name in their order", () => {
  const fields = new Fields(lines);
  assertEquals(fields.get("accept"), "a, , b, c");
  assertEquals(fields.get("host"), "h");
  assertEquals(fields.get("x"), undefined);
});

Deno.test("Fields keeps the order and the names as they were given", () => {
  const fields = new Fields();
  for (const [fieldName, fieldValue] of lines) fields.append(fieldName, fieldValue);
  assertEquals([...fields], lines);
  assertEquals(fields.count, 4);
});

Deno.test("Fields does not find what every object has", () => {
  const fields = new Fields();
  for (const name of ["constructor", "__proto__", "tostring", "hasownproperty"]) {
    assertEquals([fields.has(name), fields.get(name), fields.values(name)], [false, undefined, []]);
  }
});

Deno.test("Fields copies the lines it begins with", () => {
  const given: FieldLine[] = [["A", "1"]];
  const fields = new Fields(given);
  fields.append("B", "2");
  assertEquals(given.length, 1);
});

Deno.test("Fields.tokens() splits a list into its members in lower case", () => {
  const lists: [values: string[], tokens: string[]][] = [
    [[], []],
    [[""], []],
    [["close"], ["close"]],
    [["Close, KEEP-alive"], ["close", "keep-alive"]],
    [["a,b ,\tc"], ["a", "b", "c"]],
    [[", ,a,, ,b,"], ["a", "b"]],
    [["a", "b, c", "", "d"], ["a", "b", "c", "d"]],
    // RFC 9110 §5.6.3: white space is SP and HTAB. Whoever trims more reads another list.
    [["a\xa0, \xa0b"], ["a\xa0", "\xa0b"]],
  ];
  for (const [values, tokens] of lists) {
    const fields = new Fields(values.map((value) => ["Connection", value]));
    assertEquals(fields.tokens("connection"), tokens, JSON.stringify(values));
  }
});

Deno.test("Fields.continueLast() joins a folded line with one SP", () => {
  const fields = new Fields([["A", "1"], ["B", ""]]);
  fields.continueLast("2");
  fields.continueLast("3");
  fields.continueLast("");
  assertEquals([...fields], [["A", "1"], ["B", "2 3"]]);
  assertEquals(fields.get("b"), "2 3");
});

Deno.test("Fields.continueLast() leaves alone what is not SP or HTAB", () => {
  const fields = new Fields([["A", "\xa0b"]]);
  fields.continueLast("c\xa0");
  assertEquals(fields.get("a"), "\xa0b c\xa0");
});
