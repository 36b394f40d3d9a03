import { assertEquals, assertThrows } from "@std/assert";
import { fieldLine, fieldSection, NO_FIELDS } from "../../lib/http/field_section.ts";
import type { FieldLine } from "../../lib/http/fields.ts";

Deno.test("fieldSection() writes field lines in their order, each with its CRLF", () => {
  const section = fieldSection([["Host", "a"], ["Accept", "*/*"], ["host", "b"], ["X", ""]]);
  assertEquals(section, "Host: a\r\nAccept: */*\r\nhost: b\r\nX: \r\n");
});

Deno.test("fieldSection() writes nothing for no field lines", () => {
  assertEquals(fieldSection([]), NO_FIELDS);
  assertEquals<string>(NO_FIELDS, "");
});

Deno.test("fieldSection() goes on behind what was written before", () => {
  const before = fieldSection([["A", "1"]]);
  assertEquals(fieldSection([["B", "2"]], before), "A: 1\r\nB: 2\r\n");
  assertEquals(fieldSection([], before), before);
  assertEquals(before, "A: 1\r\n");
});

Deno.test("fieldSection() takes whatever gives field lines", () => {
  const lines = new Map([["A", "1"], ["B", "2"]]);
  assertEquals(fieldSection(lines), "A: 1\r\nB: 2\r\n");
});

Deno.test("fieldLine() writes a name and a value as they are", () => {
  assertEquals(
    fieldLine("x-!#$%&'*+-.^_`|~09", " \ta b\t~ "),
    "x-!#$%&'*+-.^_`|~09:  \ta b\t~ \r\n",
  );
});

Deno.test("fieldLine() and fieldSection() refuse what would end a line early", () => {
  for (const octet of ["\r", "\n", "\0", "\r\nX: y", "\x0b", "\x1b", "\x7f", "\xe9", "\u0100"]) {
    const lines: [part: string, line: FieldLine][] = [
      ["name", [`A${octet}`, "b"]],
      ["value", ["A", `b${octet}`]],
      ["value's beginning", ["A", `${octet}b`]],
      ["value of a name that was written before", ["Host", octet]],
    ];
    fieldLine("Host", "a");
    for (const [part, line] of lines) {
      const story = `${JSON.stringify(octet)} in a ${part}`;
      for (const write of [() => fieldLine(...line), () => fieldSection([["A", "b"], line])]) {
        const error = assertThrows(write, TypeError);
        assertEquals(error.message.startsWith("Cannot write"), true, story);
      }
    }
  }
});

Deno.test("fieldLine() refuses a name that is not a token, each time anew", () => {
  for (const name of ["", "A B", " A", "A ", "A:", "A\t", "\u00e9", "(", '"A"']) {
    for (let i = 0; i < 2; i++) {
      assertThrows(() => fieldLine(name, "b"), TypeError, "field name");
    }
  }
});

Deno.test("fieldLine() checks names beyond those that it remembers", () => {
  for (let i = 0; i < 3000; i++) assertEquals(fieldLine(`X-${i}`, "a"), `X-${i}: a\r\n`);
  assertThrows(() => fieldLine("X-3000 ", "a"), TypeError, "field name");
  assertThrows(() => fieldLine("X-2999", "\n"), TypeError, "this value of X-2999");
});
