import {
  CHUNK_EXTENSIONS_LIMIT,
  CHUNK_LINE_LIMIT,
  FIELD_COUNT_LIMIT,
  HEAD_LIMIT,
} from "../../lib/http/limits.ts";
import { accepted, incomplete, refused, type Row } from "./case.ts";

/** What a body carries. */
export interface BodyValue {
  readonly content: string;
}

/** What stands before a chunked body of the tables, to make a request of it. */
export const CHUNKED_REQUEST_HEAD =
  "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

const LAST = "0\r\n\r\n";

function ok(section: string, story: string, raw: string, content = "hello"): Row<BodyValue> {
  return accepted(section, story, raw, { content });
}

/** A chunk of five bytes with such a chunk-size line, without its CRLF; and the end. */
function five(line: string): string {
  return `${line}\r\nhello\r\n${LAST}`;
}

/** Extensions that are none. */
const BAD_EXTENSIONS: readonly [story: string, extension: string][] = [
  ["SP and no extension", " "],
  ["HTAB and no extension", "\t"],
  ["a semicolon and no name", ";"],
  ["SP behind the semicolon and no name", "; "],
  ["two semicolons", ";;a"],
  ["a semicolon behind it", ";a;"],
  ["SP behind it", ";a=b "],
  ["no name before the equals sign", ";=b"],
  ["no value", ";a="],
  ["two values", ";a=b=c"],
  ["two words", ";a b"],
  ["a name that is no token", ";a@b"],
  ["a value that is no token", ";a=b/c"],
  ["a quoted name", ';"a"'],
  ["a quote without end", ';a="b'],
  ["a quote whose end is quoted", ';a="b\\"'],
  ["more behind a quote", ';a="b"c'],
  ["obs-text outside quotes", ";a=\xe9"],
  ["a comma", ",a=b"],
  ["a comment", " (a)"],
  ["a NUL", ";a\0"],
  ["a control in quotes", ';a="\x1b"'],
  ["DEL in quotes", ';a="\x7f"'],
  ["a CR in it", ";a\rb"],
  ["a LF in it", ";a\nb"],
  ["a CR in quotes", ';a="b\rc"'],
  ["a LF in quotes", ';a="b\nc"'],
];

/** Chunk-sizes that are none; an empty content means that the chunk itself is not to blame. */
const BAD_SIZES: readonly [story: string, chunkSize: string][] = [
  ["none", ""],
  ["a letter that is no digit", "g"],
  ["a letter behind it", "5g"],
  ["a prefix", "0x5"],
  ["a capital prefix", "0X5"],
  ["a suffix", "5h"],
  ["a plus sign", "+5"],
  ["a minus sign", "-5"],
  ["minus zero", "-0"],
  ["SP before it", " 5"],
  ["HTAB before it", "\t5"],
  ["two numbers", "5 5"],
  ["a comma", "5,5"],
  ["a fraction", "5.0"],
  ["an underscore", "0_5"],
  ["quoted", '"5"'],
  ["only an extension", ";a=b"],
  ["a superscript", "\xb9"],
  ["NBSP behind it", "5\xa0"],
  ["a NUL behind it", "5\0"],
  ["a vertical tab behind it", "5\x0b"],
  ["2^53", "20000000000000"],
  ["2^64 - 1", "ffffffffffffffff"],
  ["2^64 + 5, which wraps around", "10000000000000005"],
  ["2^32 times 2^32 + 5", "100000000000000000000005"],
  ["a number beyond every number", "f".repeat(400)],
  ["more zeros than a size may have digits", "00000000000000005"],
];

/** A body whose extensions have so many bytes in all, each line as long as it may be. */
function extensionsOf(total: number): string {
  const most = CHUNK_LINE_LIMIT - 1;
  let body = "";
  for (let left = total; left > 0; left -= most) {
    body += `1;${"a".repeat(Math.min(left, most) - 1)}\r\nx\r\n`;
  }
  return body + LAST;
}

/** A trailer section, after the last-chunk, whose last line ends after so many bytes. */
function trailersOf(length: number): string {
  return `0\r\n${"A: ".padEnd(length - 4, "b")}\r\n\r\n`;
}

/** Chunked bodies, each from its first byte. */
export const CHUNKED_BODIES: readonly Row<BodyValue>[] = [
  ok("9112 §7.1", "one chunk", five("5")),
  ok("9112 §7.1", "no chunk", LAST, ""),
  ok("9112 §7.1", "many chunks", `1\r\nh\r\n3\r\nell\r\n1\r\no\r\n${LAST}`),
  ok("9112 §7.1", "small letters", `a\r\n0123456789\r\n${LAST}`, "0123456789"),
  ok("9112 §7.1", "capitals", `A\r\n0123456789\r\n${LAST}`, "0123456789"),
  ok("9112 §7.1", "10 is sixteen", `10\r\n0123456789abcdef\r\n${LAST}`, "0123456789abcdef"),
  ok("9112 §7.1", "zeros before it", five("0005")),
  ok("9112 §7.1", "as many digits as may be", five("0000000000000005")),
  ok("9112 §7.1", "a last-chunk of many zeros", "5\r\nhello\r\n0000\r\n\r\n"),
  ok("9112 §7.1", "CRLF as data", `4\r\n\r\n\r\n\r\n${LAST}`, "\r\n\r\n"),
  ok("9112 §7.1", "a last-chunk as data", `5\r\n${LAST}\r\n${LAST}`, LAST),
  ok("9112 §7.1", "any bytes as data", `3\r\n\0\xff\n\r\n${LAST}`, "\0\xff\n"),
  ok("9112 §7.1", "a long chunk", `1000\r\n${"x".repeat(4096)}\r\n${LAST}`, "x".repeat(4096)),
  ok("9112 §7.1.1", "an extension", five("5;a")),
  ok("9112 §7.1.1", "an extension with a value", five("5;a=b")),
  ok("9112 §7.1.1", "an extension with a quoted value", five('5;a="b c"')),
  ok("9112 §7.1.1", "an empty quoted value", five('5;a=""')),
  ok("9112 §7.1.1", "quoted quotes and semicolons", five('5;a="\\";\\\\;b=\\c"')),
  ok("9112 §7.1.1", "obs-text in quotes", five('5;a="\xe9\\\xff"')),
  ok("9112 §7.1.1", "many extensions", five('5;a;b=c;d="e";f')),
  ok("9112 §7.1.1", "bad white space", five('5 ; a = b\t;\tc = "d"')),
  ok("9112 §7.1.1", "an extension of the last-chunk", "5\r\nhello\r\n0;a=b\r\n\r\n"),
  ok("9112 §7.1.2", "a trailer field", "5\r\nhello\r\n0\r\nA: b\r\n\r\n"),
  ok("9112 §7.1.2", "trailer fields", "5\r\nhello\r\n0\r\nA: b\r\nC:\r\nA: d\r\n\r\n"),
  ok("9110 §6.5.1", "a trailer field that may not be one", "0\r\nContent-Length: 9\r\n\r\n", ""),

  ...BAD_SIZES.map(([story, size]) => refused("9112 §7.1", `a size: ${story}`, five(size))),
  ...BAD_EXTENSIONS.map(([story, extension]) =>
    refused("9112 §7.1.1", `an extension: ${story}`, five(`5${extension}`))
  ),
  refused("9112 §7.1", "LF ends the size", `5\nhello\r\n${LAST}`),
  refused("9112 §7.1", "CR ends the size", `5\rhello\r\n${LAST}`),
  refused("9112 §7.1", "CR CR LF ends the size", `5\r\r\nhello\r\n${LAST}`),
  refused("9112 §7.1", "LF ends the data", `5\r\nhello\n${LAST}`),
  refused("9112 §7.1", "CR ends the data", `5\r\nhello\r${LAST}`),
  refused("9112 §7.1", "LF CR ends the data", `5\r\nhello\n\r${LAST}`),
  refused("9112 §7.1", "nothing ends the data", `5\r\nhello${LAST}`),
  // Who skips two bytes unseen reads the size 1a here.
  refused("9112 §7.1", "other bytes end the data", `3\r\nxxx__1a\r\n${LAST}`),
  refused("9112 §7.1", "more data than announced", `4\r\nhello\r\n${LAST}`),
  refused("9112 §7.1", "less data than announced", `6\r\nhello\r\n${LAST}`),
  refused("9112 §7.1", "an empty line between chunks", `5\r\nhello\r\n\r\n${LAST}`),
  refused("9112 §7.1", "an empty line at first", `\r\n${five("5")}`),
  refused("9112 §7.1", "LF ends the last-chunk", "0\n\r\n"),
  refused("9112 §7.1", "LF ends the body", "0\r\n\n"),
  refused("9112 §7.1", "CR CR LF ends the body", "0\r\n\r\r\n"),
  refused("9112 §11.2", "a request for a trailer section", "0\r\nGET / HTTP/1.1\r\n\r\n"),
  refused("9112 §7.1.2", "a trailer field without colon", "0\r\nA\r\n\r\n"),
  refused("9112 §7.1.2", "a trailer field without name", "0\r\n: b\r\n\r\n"),
  refused("9112 §5.1", "SP before a trailer's colon", "0\r\nA : b\r\n\r\n"),
  refused("9112 §5.2", "a folded trailer field", "0\r\nA: b\r\n c\r\n\r\n"),
  refused("9112 §5.2", "SP before the first trailer field", "0\r\n A: b\r\n\r\n"),
  refused("9112 §2.2", "LF ends a trailer field", "0\r\nA: b\n\r\n"),
  refused("9112 §2.2", "a CR in a trailer field", "0\r\nA: b\rc\r\n\r\n"),
  refused("9110 §5.5", "a NUL in a trailer field", "0\r\nA: \0\r\n\r\n"),

  incomplete("9112 §8", "nothing", ""),
  incomplete("9112 §8", "half a size", "5"),
  incomplete("9112 §8", "half a CRLF", "5\r"),
  incomplete("9112 §8", "half the data", "5\r\nhel"),
  incomplete("9112 §8", "the data without its CRLF", "5\r\nhello"),
  incomplete("9112 §8", "the data with half of it", "5\r\nhello\r"),
  incomplete("9112 §8", "no last-chunk", "5\r\nhello\r\n"),
  incomplete("9112 §8", "half a last-chunk", "5\r\nhello\r\n0"),
  incomplete("9112 §8", "a last-chunk alone", "5\r\nhello\r\n0\r\n"),
  incomplete("9112 §8", "half of the last CRLF", "5\r\nhello\r\n0\r\n\r"),
  incomplete("9112 §8", "a trailer field alone", "5\r\nhello\r\n0\r\nA: b\r\n"),
  incomplete("9112 §7.1", "a size of 2^53 - 1", "1fffffffffffff\r\nhello\r\n"),
  incomplete("9112 §7.1", "a size of 2^53 - 1 with zeros", "001FFFFFFFFFFFFF\r\nhello\r\n"),

  ok("9112 §7.1.1", "the longest chunk-size line", five(`5;${"a".repeat(CHUNK_LINE_LIMIT - 2)}`)),
  refused(
    "9112 §7.1.1",
    "a chunk-size line too long",
    five(`5;${"a".repeat(CHUNK_LINE_LIMIT - 1)}`),
  ),
  refused("9112 §7.1.1", "a chunk-size line without end", "0".repeat(CHUNK_LINE_LIMIT + 1)),
  incomplete("9112 §7.1.1", "a line that may end yet", "5;".padEnd(CHUNK_LINE_LIMIT, "a")),
  ok(
    "9112 §7.1.1",
    "as many extensions as may be",
    extensionsOf(CHUNK_EXTENSIONS_LIMIT),
    "x".repeat(Math.ceil(CHUNK_EXTENSIONS_LIMIT / (CHUNK_LINE_LIMIT - 1))),
  ),
  refused("9112 §7.1.1", "too many extensions", extensionsOf(CHUNK_EXTENSIONS_LIMIT + 1)),
  ok(
    "9112 §7.1.2",
    "the most trailer fields",
    `0\r\n${"A:b\r\n".repeat(FIELD_COUNT_LIMIT)}\r\n`,
    "",
  ),
  refused("6585 §5", "too many", `0\r\n${"A:b\r\n".repeat(FIELD_COUNT_LIMIT + 1)}\r\n`, 431),
  ok("9112 §7.1.2", "the largest trailer section", trailersOf(HEAD_LIMIT), ""),
  refused("6585 §5", "a trailer section too large", trailersOf(HEAD_LIMIT + 1), 431),
];

/** Bodies that are as long as their Content-Length. */
export const LENGTH_BODIES: readonly Row<BodyValue>[] = [
  ok("9112 §6.2", "text", "hello"),
  ok("9112 §6.2", "nothing", "", ""),
  ok("9112 §6.2", "what looks like the end of a chunked one", LAST, LAST),
  ok("9112 §6.2", "what looks like a request", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"),
  ok("9112 §6.2", "any bytes", "\0\r\n\xff\n\r\0", "\0\r\n\xff\n\r\0"),
];
