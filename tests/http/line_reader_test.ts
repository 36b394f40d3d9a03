import { assertEquals, assertThrows } from "@std/assert";
import { LineReader } from "../../lib/http/line_reader.ts";
import { encodeOctets } from "../../lib/http/octets.ts";
import { ProtocolError } from "../../lib/http/protocol_error.ts";
import { feed } from "../support/feed.ts";

const tooLong = () => new ProtocolError("Too long.", 414);

/** What comes of one line of at most eight octets. */
function find(raw: string) {
  return feed(() => {
    const lines = new LineReader();
    return (octets) => {
      const end = lines.find(octets, 0, 8, tooLong);
      return end === undefined ? undefined : { value: end, consumed: end + 2 };
    };
  }, raw);
}

Deno.test("LineReader.find() finds the CRLF of a line", () => {
  for (const line of ["", "a", " ", "\t", "\x80\xff", "12345678"]) {
    const { length } = line;
    const outcome = { verdict: "accepted", value: length, consumed: length + 2 } as const;
    assertEquals(find(`${line}\r\n`), outcome, line);
  }
});

Deno.test("LineReader.find() waits for the end of a line", () => {
  for (const raw of ["", "a", "12345678", "\r", "12345678\r"]) {
    assertEquals(find(raw), { verdict: "incomplete" }, raw);
  }
});

Deno.test("LineReader.find() refuses every octet that no line may hold", () => {
  const message = "A line holds a control character.";
  for (let octet = 0; octet < 256; octet++) {
    const isControl = (octet < 0x20 && octet !== 0x09) || octet === 0x7f;
    if (!isControl || octet === 0x0d) continue;
    const outcome = find(`a${String.fromCharCode(octet)}\r\n`);
    const expected = octet === 0x0a ? "A line ends in a bare LF, where CR LF is needed." : message;
    assertEquals(outcome, { verdict: "refused", status: 400, message: expected }, `${octet}`);
  }
});

Deno.test("LineReader.find() refuses a CR without its LF", () => {
  for (const raw of ["\ra\r\n", "a\r\r\n", "a\r\0", "12345678\ra"]) {
    const outcome = find(raw);
    assertEquals(outcome.verdict === "refused" && outcome.status, 400, raw);
  }
});

Deno.test("LineReader.find() refuses a line of one octet too many", () => {
  const outcome = { verdict: "refused", status: 414, message: "Too long." } as const;
  for (const raw of ["123456789", "123456789\r\n", "123456789\0"]) {
    assertEquals(find(raw), outcome, raw);
  }
});

Deno.test("LineReader.find() reads line after line of one message", () => {
  const octets = encodeOctets("ab\r\n\r\nc\r\nd");
  const lines = new LineReader();
  assertEquals(lines.find(octets, 0, 8, tooLong), 2);
  assertEquals(lines.find(octets, 4, 8, tooLong), 4);
  assertEquals(lines.find(octets, 6, 8, tooLong), 7);
  assertEquals(lines.find(octets, 9, 8, tooLong), undefined);
});

Deno.test("LineReader.reset() lets a message begin at octet 0 again", () => {
  const lines = new LineReader();
  assertEquals(lines.find(encodeOctets("abcd"), 0, 8, tooLong), undefined);
  lines.reset();
  assertThrows(() => lines.find(encodeOctets("\nbcd"), 0, 8, tooLong), ProtocolError);
});
