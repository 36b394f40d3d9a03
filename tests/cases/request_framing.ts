import type { BodyFraming } from "../../lib/http/body.ts";
import { accepted, refused, type Row } from "./case.ts";

/** How the body behind a request head ends. */
export interface FramingValue {
  readonly framing: BodyFraming;
  /** A body that fits; undefined when it would be too long to be sent. */
  readonly body: string | undefined;
}

/** A request head with those fields. */
function head(fields: string, httpVersion = "1.1"): string {
  return `GET / HTTP/${httpVersion}\r\nHost: a\r\n${fields}\r\n\r\n`;
}

/** What would be a request of its own if the five bytes were not taken for content. */
const CONTENT = "GET /";

function length(story: string, fields: string, contentLength = 5): Row<FramingValue> {
  const body = contentLength === 5 ? CONTENT : contentLength === 0 ? "" : undefined;
  const framing = { kind: "length", contentLength } as const;
  return accepted("9110 §8.6", story, head(fields), { framing, body });
}

function chunked(story: string, fields: string): Row<FramingValue> {
  const body = `5\r\n${CONTENT}\r\n0\r\n\r\n`;
  return accepted("9112 §6.1", story, head(fields), { framing: { kind: "chunked" }, body });
}

function none(story: string, raw: string): Row<FramingValue> {
  return accepted("9112 §6.3", story, raw, { framing: { kind: "none" }, body: "" });
}

/** Values of Content-Length that are not one number of digits only. */
const NO_LENGTHS: readonly [story: string, value: string][] = [
  ["an empty one", ""],
  ["nothing but a comma", ","],
  ["an empty member before it", ",5"],
  ["an empty member behind it", "5,"],
  ["a plus sign", "+5"],
  ["a minus sign", "-5"],
  ["minus zero", "-0"],
  ["a fraction", "5.0"],
  ["an exponent", "5e0"],
  ["hexadecimal", "0x5"],
  ["a hexadecimal digit", "a"],
  ["a word", "five"],
  ["two numbers", "5 5"],
  ["an underscore", "1_0"],
  ["a unit", "5B"],
  ["a semicolon", "5;"],
  ["quoted", '"5"'],
  ["NBSP before it", "\xa05"],
  ["NBSP behind it", "5\xa0"],
  ["a superscript", "\xb2"],
  ["Arabic digits, in UTF-8", "\xd9\xa5"],
  ["infinity", "Infinity"],
  ["2^53", "9007199254740992"],
  ["2^63", "9223372036854775808"],
  ["2^64 + 5, which wraps around", "18446744073709551621"],
  ["a number beyond every number", "9".repeat(400)],
  // Lists and repeats of one number could be taken for it (§8.6): we refuse them.
  ["an equal list", "5, 5"],
  ["an equal list, without white space", "5,5"],
  ["a list that differs", "5, 6"],
  ["a list that differs later", "5, 5, 6"],
  ["a list that differs in its zeros", "5, 05"],
  ["a list with NBSP", "5,\xa05"],
  ["a list with a sign", "5, +5"],
];

/** Transfer-Encodings that are not chunked, once and alone, and their status. */
const NO_CODINGS: readonly [story: string, value: string, status: number][] = [
  ["an empty one", "", 400],
  ["nothing but commas", ",,", 400],
  ["chunked twice", "chunked, chunked", 400],
  ["chunked, but not last", "chunked, gzip", 400],
  ["chunked and identity", "chunked, identity", 400],
  ["chunked, another, and chunked", "chunked, gzip, chunked", 400],
  // Without chunked at the end §6.3 asks for 400, §6.1 for 501 as the coding is not known.
  ["a coding we do not know", "gzip", 501],
  ["the coding that there is no more", "identity", 501],
  ["a coding before chunked", "gzip, chunked", 501],
  ["identity before chunked", "identity, chunked", 501],
  ["a longer name", "chunkedx", 501],
  ["a longer name in front", "xchunked", 501],
  ["a shorter name", "chunke", 501],
  ["a parameter", "chunked;a=b", 501],
  ["quoted", '"chunked"', 400],
  ["two words", "chunked chunked", 400],
  ["NBSP before it", "\xa0chunked", 400],
  ["NBSP behind it", "chunked\xa0", 400],
  ["a vertical tab before it", "\x0bchunked", 400],
  ["a form feed behind it", "chunked\x0c", 400],
  ["a NUL behind it", "chunked\0", 400],
];

/** Request heads by Content-Length and Transfer-Encoding. */
export const REQUEST_FRAMING: readonly Row<FramingValue>[] = [
  none("neither field", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
  none("neither field on 1.0", "GET / HTTP/1.0\r\n\r\n"),
  length("a number", "Content-Length: 5"),
  length("zero", "Content-Length: 0", 0),
  length("zeros", "Content-Length: 000", 0),
  length("zeros before it", "Content-Length: 0005"),
  length("zeros before it, beyond every number", `Content-Length: ${"0".repeat(400)}5`),
  length("white space around it", "Content-Length: \t 5 \t "),
  length("the name in another case", "cONTENT-lENGTH: 5"),
  length("2^32 + 5, which wraps around", "Content-Length: 4294967301", 4294967301),
  length("2^53 - 1", "Content-Length: 9007199254740991", 9007199254740991),
  length("a name with an underscore is another", "Content-Length: 5\r\nContent_Length: 6"),
  length("so is that of the coding", "Content-Length: 5\r\nTransfer_Encoding: chunked"),
  accepted("9110 §8.6", "on 1.0", head("Content-Length: 5", "1.0"), {
    framing: { kind: "length", contentLength: 5 },
    body: CONTENT,
  }),
  chunked("chunked", "Transfer-Encoding: chunked"),
  chunked("chunked in another case", "tRANSFER-eNCODING: cHUNKED"),
  chunked("white space around it", "Transfer-Encoding: \t chunked \t "),
  chunked("empty members", "Transfer-Encoding: , chunked,,"),
  chunked("TE is another field", "TE: gzip, trailers\r\nTransfer-Encoding: chunked"),
  accepted("9112 §6.1", "chunked on 1.2", head("Transfer-Encoding: chunked", "1.2"), {
    framing: { kind: "chunked" },
    body: "0\r\n\r\n",
  }),

  ...NO_LENGTHS.map(([story, value]) =>
    refused("9110 §8.6", `Content-Length: ${story}`, head(`Content-Length: ${value}`))
  ),
  ...NO_CODINGS.map(([story, value, status]) =>
    refused("9112 §6.1", `the coding: ${story}`, head(`Transfer-Encoding: ${value}`), status)
  ),
  ...([
    ["two lengths that agree", "Content-Length: 5\r\nContent-Length: 5"],
    ["two that agree, far apart", "Content-Length: 5\r\nA: b\r\ncontent-length: 5"],
    ["two lengths", "Content-Length: 5\r\nContent-Length: 6"],
    ["two lengths, one empty", "Content-Length: 5\r\nContent-Length:"],
    ["two lengths that differ in case and zeros", "Content-Length: 5\r\ncontent-length: 05"],
    ["three lengths", "Content-Length: 5\r\nContent-Length: 5\r\nContent-Length: 6"],
    ["length and coding", "Content-Length: 5\r\nTransfer-Encoding: chunked"],
    ["coding and length", "Transfer-Encoding: chunked\r\nContent-Length: 5"],
    ["coding and a length of zero", "Transfer-Encoding: chunked\r\nContent-Length: 0"],
    ["coding and no length", "Transfer-Encoding: chunked\r\nContent-Length: x"],
    ["length and no coding", "Content-Length: 5\r\nTransfer-Encoding: identity"],
    ["length and an empty coding", "Content-Length: 5\r\nTransfer-Encoding:"],
    ["chunked on two lines", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"],
    ["chunked, and another line", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"],
    ["SP before the colon", "Transfer-Encoding : chunked"],
    ["SP before the colon, and a length", "Content-Length: 5\r\nTransfer-Encoding : chunked"],
    ["a folded coding", "Transfer-Encoding:\r\n chunked"],
    ["a coding folded into another field", "Content-Length: 5\r\n Transfer-Encoding: chunked"],
    ["a folded length", "Content-Length:\r\n 5"],
    ["a coding behind a bare LF", "A: b\nTransfer-Encoding: chunked"],
    ["a coding behind a bare CR", "A: b\rTransfer-Encoding: chunked"],
    ["a length behind a bare LF", "Content-Length: 5\nContent-Length: 6"],
    ["a NUL in the name", "Transfer-Encoding\0: chunked"],
    ["a NUL in a length", "Content-Length: 5\x006"],
  ] as const).map(([story, fields]) => refused("9112 §6.3", story, head(fields))),
  refused(
    "9112 §6.3",
    "another coding before chunked",
    head(
      "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
    ),
    501,
  ),
  refused("9112 §6.1", "chunked on 1.0", head("Transfer-Encoding: chunked", "1.0")),
  refused("9112 §6.1", "an unknown coding on 1.0", head("Transfer-Encoding: gzip", "1.0")),
  refused(
    "9112 §6.1",
    "chunked on 1.0, and a length",
    head("Transfer-Encoding: chunked\r\nContent-Length: 5", "1.0"),
  ),
];
