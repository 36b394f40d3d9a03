import type { FieldLine } from "../../lib/http/fields.ts";
import { type Accepted, accepted, refused, type Row } from "./case.ts";
import { type RequestHeadValue } from "./request_heads.ts";

/** Field lines, with their CRLFs, in an otherwise faultless head. */
function withFields(lines: string): string {
  return `GET / HTTP/1.1\r\n${lines}Host: a\r\n\r\n`;
}

/** A row whose one field line, without its CRLF, has that name and value. */
function one(
  section: string,
  story: string,
  line: string,
  ...fieldLine: FieldLine
): Accepted<Partial<RequestHeadValue>> {
  const fieldLines: readonly FieldLine[] = [fieldLine, ["Host", "a"]];
  return accepted(section, story, withFields(`${line}\r\n`), { fieldLines });
}

/** Header sections of requests. */
export const REQUEST_FIELDS: readonly Row<Partial<RequestHeadValue>>[] = [
  one("9112 §5", "one SP, as everybody writes it", "A: b", "A", "b"),
  one("9112 §5", "no white space", "A:b", "A", "b"),
  one("9112 §5.1", "white space around the value", "A: \t b \t ", "A", "b"),
  one("9112 §5.1", "white space in the value is its own", "A: b \t  c", "A", "b \t  c"),
  one("9110 §5.5", "an empty value", "A:", "A", ""),
  one("9110 §5.5", "a value of white space", "A: \t ", "A", ""),
  one("9110 §5.5", "a colon in the value", "A: b: c::", "A", "b: c::"),
  one("9110 §5.5", "a colon begins the value", "A::b", "A", ":b"),
  one("9110 §5.5", "obs-text", "A: \x80\xe9\xff", "A", "\x80\xe9\xff"),
  one("9110 §5.6.3", "NBSP and NEL are not white space", "A: \xa0b\x85\xa0", "A", "\xa0b\x85\xa0"),
  one("9110 §5.5", "all of VCHAR", `A: ${visibleAscii()}`, "A", visibleAscii()),
  one("9110 §5.1", "every tchar", "!#$%&'*+-.^_`|~09azAZ: b", "!#$%&'*+-.^_`|~09azAZ", "b"),
  one("9110 §5.1", "a name in its own case", "aCcEpT: b", "aCcEpT", "b"),
  one("9110 §5.1", "a name that is a number", "1: b", "1", "b"),
  one("9110 §5.1", "a name every object has", "__proto__: b", "__proto__", "b"),
  accepted("9110 §5.3", "lines keep their order", withFields("B: 1\r\na: 2\r\nb: 3\r\n"), {
    fieldLines: [["B", "1"], ["a", "2"], ["b", "3"], ["Host", "a"]],
  }),

  refused("9112 §5.1", "SP before the colon", withFields("A : b\r\n")),
  refused("9112 §5.1", "HTAB before the colon", withFields("A\t: b\r\n")),
  refused("9112 §5.1", "SP before the colon of Host", "GET / HTTP/1.1\r\nHost : a\r\n\r\n"),
  refused("9112 §5", "no colon", withFields("A\r\n")),
  refused("9112 §5", "no colon in what looks like a request", withFields("GET / HTTP/1.1\r\n")),
  refused("9112 §5", "no name", withFields(": b\r\n")),
  refused("9112 §5", "nothing but a colon", withFields(":\r\n")),
  refused("9112 §5", "two words before the colon", withFields("A B: c\r\n")),
  refused("9112 §5.2", "a fold with SP", withFields("A: b\r\n c\r\n")),
  refused("9112 §5.2", "a fold with HTAB", withFields("A: b\r\n\tc\r\n")),
  refused("9112 §5.2", "a fold of a value that was empty", withFields("A:\r\n b\r\n")),
  refused("9112 §5.2", "a fold of white space", withFields("A: b\r\n \r\n")),
  refused("9112 §5.2", "a fold that looks like a field", withFields("A: b\r\n C: d\r\n")),
  refused("9112 §5.2", "a fold of Host", "GET / HTTP/1.1\r\nHost:\r\n a\r\n\r\n"),
  refused("9112 §2.2", "SP before the first field line", withFields(" A: b\r\n")),
  refused("9112 §2.2", "HTAB before the first field line", withFields("\tA: b\r\n")),
  refused("9112 §2.2", "SP in the line that should be empty", "GET / HTTP/1.0\r\n \r\n\r\n"),

  refused("9112 §2.2", "LF ends the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n"),
  refused("9112 §2.2", "LF ends every line", "GET / HTTP/1.1\nHost: a\n\n"),
  refused("9112 §2.2", "LF ends a field line", withFields("A: b\n")),
  refused("9112 §2.2", "LF ends the section", "GET / HTTP/1.1\r\nHost: a\r\n\n"),
  refused("9112 §2.2", "LF ends the section after LF", "GET / HTTP/1.1\r\nHost: a\n\r\n"),
  refused("9112 §2.2", "CR ends a field line", withFields("A: b\r")),
  refused("9112 §2.2", "CR ends every line", "GET / HTTP/1.1\rHost: a\r\r"),
  refused("9112 §2.2", "CR CR LF ends a field line", withFields("A: b\r\r\n")),
  refused("9112 §2.2", "CR CR LF ends the section", "GET / HTTP/1.1\r\nHost: a\r\n\r\r\n"),
  refused("9112 §2.2", "LF CR ends a field line", withFields("A: b\n\r")),
  refused("9112 §2.2", "a CR in a value", withFields("A: b\rc\r\n")),
  refused("9112 §11.1", "a CR that hides a field", withFields("A: b\rC: d\r\n")),
  refused("9112 §11.1", "a LF that hides a field", withFields("A: b\nC: d\r\n")),
  refused("9112 §11.2", "a LF that hides a request", withFields("A: b\n\nGET /c HTTP/1.1\r\n")),

  ...[..."\0\x01\x08\x0b\x0c\x0e\x1b\x1f\x7f"].flatMap((byte) => {
    const name = JSON.stringify(byte);
    return [
      refused("9110 §5.5", `${name} in a value`, withFields(`A: b${byte}c\r\n`)),
      refused("9110 §5.5", `${name} before a value`, withFields(`A:${byte}b\r\n`)),
      refused("9110 §5.5", `${name} after a value`, withFields(`A: b${byte}\r\n`)),
      refused("9110 §5.1", `${name} in a name`, withFields(`A${byte}B: c\r\n`)),
    ];
  }),
  ...[...'"(),/;<=>?@[\\]{}\x80\xa0\xff'].map((byte) =>
    refused("9110 §5.1", `${JSON.stringify(byte)} in a name`, withFields(`A${byte}B: c\r\n`))
  ),
  refused("9110 §5.1", "a quoted name", withFields('"A": b\r\n')),
  refused("9110 §5.1", "NBSP before the colon", withFields("A\xa0: b\r\n")),
];

function visibleAscii(): string {
  return String.fromCharCode(...Array.from({ length: 0x7f - 0x21 }, (_, i) => 0x21 + i));
}
