import { assertEquals } from "@std/assert";
import { FieldSectionReader } from "../../lib/http/field_section_reader.ts";
import { type FieldLine, Fields } from "../../lib/http/fields.ts";
import { LineReader } from "../../lib/http/line_reader.ts";
import { encodeOctets } from "../../lib/http/octets.ts";
import { STRICT } from "../../lib/http/reading.ts";

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
  const fields = new Fields(lines);
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
  given.push(["B", "2"]);
  assertEquals(fields.count, 1);
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

Deno.test("Fields takes marked lines apart, and joins folds by one SP each", () => {
  const text = "A: 1\r\nB:\r\n 2 \r\n\t3\r\nC: \xa0b\r\n c\xa0";
  const fields = new Fields();
  fields.appendMarks(0, 1, 3, 4);
  fields.appendMarks(6, 7, 8, 8);
  fields.extendLast(text.indexOf("3") + 1);
  fields.appendMarks(text.indexOf("C"), text.indexOf("C") + 1, text.indexOf("\xa0"), text.length);
  fields.settle(text);
  assertEquals(fields.get("b"), "2 3");
  assertEquals([...fields], [["A", "1"], ["B", "2 3"], ["C", "\xa0b c\xa0"]]);
});

Deno.test("Fields finds the lines of a section that was read, and no text beside them", () => {
  const raw = "GET /host:x HTTP/1.1\r\nHost: no\r\n\r\nHOST:h\r\nAccept: \t a\t\r\naccept:\r\n" +
    "X-Host: x\r\nACCEPT:b, c \r\n\r\nAccept: behind\r\n\r\n";
  const octets = encodeOctets(raw);
  const fields = new Fields();
  const start = raw.indexOf("HOST:h");
  const end = new FieldSectionReader(new LineReader(), STRICT, fields).read(octets, start);
  assertEquals(end, raw.indexOf("Accept: behind"));
  fields.settle(raw);
  octets.fill(0); // The fields are to be good when the memory is used again.
  assertEquals(fields.count, 5);
  assertEquals(fields.values("accept"), ["a", "", "b, c"]);
  assertEquals([fields.get("accept"), fields.get("host")], ["a, , b, c", "h"]);
  assertEquals(fields.tokens("accept"), ["a", "b", "c"]);
  const found = ["host", "x-host", "accep", "acceptx", ""].filter((it) => fields.has(it));
  assertEquals(found, ["host", "x-host"]);
  const all: FieldLine[] = [
    ...[["HOST", "h"], ["Accept", "a"], ["accept", ""]] as const,
    ...[["X-Host", "x"], ["ACCEPT", "b, c"]] as const,
  ];
  assertEquals([[...fields], [...fields]], [all, all]);
});

Deno.test("Fields.tokens() takes no more time than its text has octets", () => {
  const value = `a${" ".repeat(1_000_000)}b`;
  assertEquals(new Fields([["Connection", value]]).tokens("connection"), [value]);
});
