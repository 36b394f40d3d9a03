import { assertEquals, assertThrows } from "@std/assert";
import { FieldSectionReader } from "../../lib/http/field_section_reader.ts";
import { type FieldLine, Fields } from "../../lib/http/fields.ts";
import { LineReader } from "../../lib/http/line_reader.ts";
import { decodeOctets, encodeOctets } from "../../lib/http/octets.ts";
import { ProtocolError } from "../../lib/http/protocol_error.ts";
import { LENIENT, type Reading, STRICT } from "../../lib/http/reading.ts";
import { feed, type Outcome } from "../support/feed.ts";

function read(raw: string, reading: Reading): Outcome<FieldLine[]> {
  return feed(() => {
    const fields = new Fields();
    const reader = new FieldSectionReader(new LineReader(reading), reading, fields);
    return (octets) => {
      const consumed = reader.read(octets, 0);
      if (consumed === undefined) return undefined;
      fields.settle(raw);
      return { value: [...fields], consumed };
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
  const raw = "A: b\r\n c\r\n\r\n";
  assertEquals(read(raw, STRICT).verdict, "refused");
  assertEquals(read(raw, LENIENT), { verdict: "accepted", value: [["A", "b c"]], consumed: 12 });
});

Deno.test("FieldSectionReader.read() begins where the section does", () => {
  const octets = encodeOctets("start\r\nA: b\r\n\r\nbehind");
  const fields = new Fields();
  const reader = new FieldSectionReader(new LineReader(), STRICT, fields);
  assertEquals(reader.read(octets.subarray(0, 12), 7), undefined);
  assertEquals(reader.read(octets, 7), 15);
  fields.settle(decodeOctets(octets, 0, 15));
  assertEquals([...fields], [["A", "b"]]);
});

Deno.test("FieldSectionReader.read() says 431 beyond a limit, 400 for any other fault", () => {
  const statuses = ["A: b\r\n".repeat(101), "A".repeat(40_000), "A : b\r\n", "A: \0\r\n"].map(
    (raw) => {
      const reader = new FieldSectionReader(new LineReader(), STRICT, new Fields());
      return assertThrows(() => reader.read(encodeOctets(raw), 0), ProtocolError).statusHint;
    },
  );
  assertEquals(statuses, [431, 431, 400, 400]);
});
