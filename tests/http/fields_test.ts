import { assertEquals, assertThrows } from "@std/assert";
import {
  type FieldLine,
  fieldLine,
  fieldSection,
  FieldSectionReader,
  NO_FIELDS,
} from "../../lib/http/fields.ts";
import { ProtocolError } from "../../lib/http/grammar.ts";
import { LENIENT, type Reading, STRICT } from "../../lib/http/limits.ts";
import { feed, type Outcome, received, textOf } from "../support/feed.ts";
import { fieldsWith } from "../support/field_lines.ts";
import { assertLinear } from "../support/growth.ts";

const lines: FieldLine[] = [["Accept", "a"], ["HOST", "h"], ["accept", ""], ["ACCEPT", "b, c"]];

Deno.test("Fields keeps lines in order, and finds them whatever the case of their names", () => {
  const fields = fieldsWith(lines);
  assertEquals([...fields], lines);
  assertEquals(["accept", "host", "x"].map((name) => fields.values(name)), [
    ["a", "", "b, c"],
    ["h"],
    [],
  ]);
  assertEquals(["accept", "host", "x"].map((name) => fields.get(name)), [
    "a, , b, c",
    "h",
    undefined,
  ]);
  assertEquals([fields.has("host"), fields.has("x")], [true, false]);
});

Deno.test("Fields does not find what every object has", () => {
  const fields = fieldsWith();
  for (const name of ["constructor", "__proto__", "tostring", "hasownproperty"]) {
    assertEquals([fields.has(name), fields.get(name), fields.values(name)], [false, undefined, []]);
  }
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
    const fields = fieldsWith(values.map((value) => ["Connection", value]));
    assertEquals(fields.tokens("connection"), tokens, JSON.stringify(values));
  }
});

Deno.test("Fields finds the lines of a section that was read, and no text beside them", () => {
  const buffer = received(
    "HOST:h\r\nAccept: \t a\t\r\naccept:\r\nX-Host: x\r\nACCEPT:b, c \r\n\r\nAccept: behind\r\n\r\n",
  );
  const fields = new FieldSectionReader(STRICT).read(buffer)!;
  assertEquals(textOf(buffer.bytes), "Accept: behind\r\n\r\n");
  buffer.bytes.fill(0); // The fields are to be good when the memory is used again.
  assertEquals(fields.values("accept"), ["a", "", "b, c"]);
  assertEquals([fields.get("accept"), fields.get("host")], ["a, , b, c", "h"]);
  assertEquals(fields.tokens("accept"), ["a", "b", "c"]);
  const found = ["host", "x-host", "accep", "acceptx", ""].filter((it) => fields.has(it));
  assertEquals(found, ["host", "x-host"]);
  const all: FieldLine[] = [["HOST", "h"], ["Accept", "a"], ["accept", ""], ["X-Host", "x"]];
  all.push(["ACCEPT", "b, c"]);
  assertEquals([[...fields], [...fields]], [all, all]);
});

/** What is read of one section. */
function read(raw: string, reading: Reading): Outcome<FieldLine[]> {
  return feed(() => {
    const reader = new FieldSectionReader(reading);
    return (buffer) => {
      const fields = reader.read(buffer);
      return fields && [...fields];
    };
  }, raw);
}

Deno.test("FieldSectionReader.read() ends behind the empty line", () => {
  assertEquals(read("\r\n", STRICT), { verdict: "accepted", value: [], consumed: 2 });
  assertEquals(read("A: b\r\n\r\n", STRICT), {
    verdict: "accepted",
    value: [["A", "b"]],
    consumed: 8,
  });
  assertEquals(read("A: b\r\n", STRICT), { verdict: "incomplete" });
});

Deno.test("FieldSectionReader.read() refuses or joins folded lines, as it was told", () => {
  const raw = "A: b\r\n c\r\nB:\r\n 2 \r\n\t3\r\nC: \xa0b\r\n c\xa0\r\n\r\n";
  assertEquals(read(raw, STRICT).verdict, "refused");
  const outcome = read(raw, LENIENT);
  const value: FieldLine[] = [["A", "b c"], ["B", "2 3"], ["C", "\xa0b c\xa0"]];
  assertEquals(outcome, { verdict: "accepted", value, consumed: raw.length });
});

Deno.test("FieldSectionReader.read() says 431 beyond a limit, 400 for any other fault", () => {
  const statuses = ["A: b\r\n".repeat(101), "A".repeat(40_000), "A : b\r\n", "A: \0\r\n"].map(
    (raw) => {
      const reader = new FieldSectionReader(STRICT);
      return assertThrows(() => reader.read(received(raw)), ProtocolError).statusHint;
    },
  );
  assertEquals(statuses, [431, 431, 400, 400]);
});

Deno.test("Fields.tokens() takes time in proportion to its text", () => {
  const tokens = (value: string) => fieldsWith([["Connection", value]]).tokens("connection");
  assertEquals(tokens("a  b"), ["a  b"]);
  assertLinear(tokens, (length) => `a${" ".repeat(length)}b`);
});

Deno.test("fieldSection() writes field lines in their order, each with its CRLF", () => {
  const section = fieldSection([["Host", "a"], ["Accept", "*/*"], ["host", "b"], ["X", ""]]);
  assertEquals(section, "Host: a\r\nAccept: */*\r\nhost: b\r\nX: \r\n");
});

Deno.test("fieldSection() goes on behind what was written before", () => {
  const before = fieldSection([["A", "1"]]);
  assertEquals(fieldSection([["B", "2"]], before), "A: 1\r\nB: 2\r\n");
  assertEquals(fieldSection([], before), before);
  assertEquals(before, "A: 1\r\n");
  assertEquals(fieldSection(new Map([["A", "1"], ["B", "2"]])), "A: 1\r\nB: 2\r\n");
  assertEquals([fieldSection([]), NO_FIELDS as string], [NO_FIELDS, ""]);
});

Deno.test("fieldLine() writes a name and a value as they are", () => {
  assertEquals(
    fieldLine("x-!#$%&'*+-.^_`|~09", " \ta b\t~ "),
    "x-!#$%&'*+-.^_`|~09:  \ta b\t~ \r\n",
  );
});

Deno.test("fieldLine() and fieldSection() refuse what would end a line early", () => {
  for (const byte of ["\r", "\n", "\0", "\r\nX: y", "\x0b", "\x1b", "\x7f", "\xe9", "\u0100"]) {
    const lines: [part: string, line: FieldLine][] = [
      ["name", [`A${byte}`, "b"]],
      ["value", ["A", `b${byte}`]],
      ["value's beginning", ["A", `${byte}b`]],
      ["value of a name that was written before", ["Host", byte]],
    ];
    fieldLine("Host", "a");
    for (const [part, line] of lines) {
      const story = `${JSON.stringify(byte)} in a ${part}`;
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
