import type { HttpVersion } from "../../lib/http/message.ts";
import {
  RESPONSE_FIELD_COUNT_LIMIT,
  RESPONSE_HEAD_LIMIT,
  START_LINE_LIMIT,
} from "../../lib/http/limits.ts";
import type { FieldLine } from "../../lib/http/fields.ts";
import type { BodyFraming } from "../../lib/http/body.ts";
import { accepted, incomplete, refused, type Row } from "./case.ts";

/** What a response head says, as the answer to a GET. */
export interface ResponseHeadValue {
  readonly httpVersion: HttpVersion;
  readonly statusCode: number;
  readonly reasonPhrase: string;
  readonly fieldLines: readonly FieldLine[];
  readonly framing: BodyFraming;
}

type ResponseRow = Row<Partial<ResponseHeadValue>>;

const NONE: BodyFraming = { kind: "none" };
const CHUNKED: BodyFraming = { kind: "chunked" };
const UNTIL_CLOSE: BodyFraming = { kind: "untilClose" };
const FIVE: BodyFraming = { kind: "length", contentLength: 5 };

/** A row of an otherwise faultless head with such a status line. */
function line(statusLine: string, value: Partial<ResponseHeadValue>): ResponseRow {
  return accepted("9112 §4", statusLine, `${statusLine}\r\nContent-Length: 5\r\n\r\n`, value);
}

function badLine(story: string, statusLine: string, status = 400): ResponseRow {
  return refused("9112 §4", story, `${statusLine}\r\nContent-Length: 5\r\n\r\n`, status);
}

function head(fields: string, statusLine = "HTTP/1.1 200 OK"): string {
  return `${statusLine}\r\n${fields}\r\n\r\n`;
}

function framed(story: string, raw: string, framing: BodyFraming): ResponseRow {
  return accepted("9112 §6.3", story, raw, { framing });
}

function folded(story: string, fields: string, value: string): ResponseRow {
  return accepted("9112 §5.2", story, head(`${fields}\r\nB: c`), {
    fieldLines: [["A", value], ["B", "c"]],
  });
}

/** Response heads as a client reads them. */
export const RESPONSE_HEADS: readonly ResponseRow[] = [
  line("HTTP/1.1 200 OK", {
    httpVersion: "1.1",
    statusCode: 200,
    reasonPhrase: "OK",
    fieldLines: [["Content-Length", "5"]],
    framing: FIVE,
  }),
  line("HTTP/1.1 200 ", { statusCode: 200, reasonPhrase: "" }),
  line("HTTP/1.1 200", { statusCode: 200, reasonPhrase: "" }),
  line("HTTP/1.1 404 Not Found", { statusCode: 404, reasonPhrase: "Not Found" }),
  line("HTTP/1.1 200  two SP", { reasonPhrase: " two SP" }),
  line("HTTP/1.1 200 a\tb \xe9\xff", { reasonPhrase: "a\tb \xe9\xff" }),
  line("HTTP/1.0 200 OK", { httpVersion: "1.0", framing: FIVE }),
  line("HTTP/1.2 200 OK", { httpVersion: "1.1" }),
  line("HTTP/1.1 299 ?", { statusCode: 299 }),
  line("HTTP/1.1 999 ?", { statusCode: 999 }),
  accepted("9110 §15.4.2", "a redirect", head("Location: http://b/%2F?", "HTTP/1.1 301 Moved"), {
    statusCode: 301,
    fieldLines: [["Location", "http://b/%2F?"]],
  }),
  accepted("9112 §5", "no field at all", "HTTP/1.1 200 OK\r\n\r\n", { fieldLines: [] }),

  badLine("no HTTP", "<!DOCTYPE html>"),
  badLine("a mail server", "220 mail.example ESMTP"),
  badLine("a shell server", "SSH-2.0-OpenSSH_9.2"),
  badLine("a radio", "ICY 200 OK"),
  badLine("a request", "GET / HTTP/1.1"),
  badLine("an empty line before it", "\r\nHTTP/1.1 200 OK"),
  badLine("SP before it", " HTTP/1.1 200 OK"),
  badLine("no status code", "HTTP/1.1"),
  badLine("no status code, but its SP", "HTTP/1.1 "),
  badLine("no status code, but a reason", "HTTP/1.1 OK"),
  badLine("two digits", "HTTP/1.1 20 OK"),
  badLine("four digits", "HTTP/1.1 2000 OK"),
  badLine("a letter for a digit", "HTTP/1.1 20O OK"),
  badLine("a code below 100", "HTTP/1.1 099 OK"),
  badLine("three zeros", "HTTP/1.1 000 OK"),
  badLine("a sign", "HTTP/1.1 +20 OK"),
  badLine("no SP behind the code", "HTTP/1.1 200OK"),
  badLine("no SP before the code", "HTTP/1.1200 OK"),
  badLine("two SP before the code", "HTTP/1.1  200 OK"),
  badLine("HTAB before the code", "HTTP/1.1\t200 OK"),
  badLine("HTAB behind the code", "HTTP/1.1 200\tOK"),
  badLine("the name in lower case", "http/1.1 200 OK"),
  badLine("two digits behind the dot", "HTTP/1.10 200 OK"),
  badLine("no minor version", "HTTP/1 200 OK"),
  badLine("HTTP/2.0", "HTTP/2.0 200 OK", 505),
  badLine("HTTP/0.9", "HTTP/0.9 200 OK", 505),
  badLine("a NUL in the reason", "HTTP/1.1 200 O\0K"),
  badLine("an escape in the reason", "HTTP/1.1 200 \x1b[2J"),
  badLine("a CR in the reason", "HTTP/1.1 200 O\rK"),
  badLine("a LF in the reason", "HTTP/1.1 200 O\nK"), // Then K is a field line without a colon.

  folded("with SP", "A: b\r\n c", "b c"),
  folded("with HTAB", "A: b\r\n\tc", "b c"),
  folded("with much white space", "A: b \t\r\n \t c \t", "b c"),
  folded("twice", "A: b\r\n c\r\n d", "b c d"),
  folded("a value that was empty", "A:\r\n b", "b"),
  folded("white space", "A: b\r\n \t", "b"),
  folded("what looks like a field", "A: b\r\n C: d", "b C: d"),
  framed("a folded length", head("Content-Length:\r\n 5"), FIVE),
  refused("9112 §5.2", "a fold with nothing before it", head(" A: b")),
  refused("9112 §6.3", "a length folded into two", head("Content-Length: 5\r\n 5")),
  refused("9112 §5", "no colon", head("A")),
  refused("9112 §5", "no name", head(": b")),
  refused("9112 §2.2", "a CR in a value", head("A: b\rC: d")),
  refused("9110 §5.5", "a NUL in a value", head("A: \0")),

  framed("neither field", head("A: b"), UNTIL_CLOSE),
  framed("neither field on 1.0", head("A: b", "HTTP/1.0 200 OK"), UNTIL_CLOSE),
  framed("chunked", head("Transfer-Encoding: chunked"), CHUNKED),
  framed("chunked in another case", head("transfer-encoding: Chunked"), CHUNKED),
  framed("a length of zero", head("Content-Length: 0"), { kind: "length", contentLength: 0 }),
  framed("100", head("A: b", "HTTP/1.1 100 Continue"), NONE),
  framed("103", head("Link: </a>", "HTTP/1.1 103 Early Hints"), NONE),
  framed("199 with a length", head("Content-Length: 5", "HTTP/1.1 199 ?"), NONE),
  framed("204", head("A: b", "HTTP/1.1 204 No Content"), NONE),
  framed("204 with a length", head("Content-Length: 5", "HTTP/1.1 204 No Content"), NONE),
  framed("204, chunked", head("Transfer-Encoding: chunked", "HTTP/1.1 204 No Content"), NONE),
  framed("304 with a length", head("Content-Length: 5", "HTTP/1.1 304 Not Modified"), NONE),
  framed("205 is as any other", head("Content-Length: 5", "HTTP/1.1 205 Reset Content"), FIVE),
  framed("203 is as any other", head("A: b", "HTTP/1.1 203 ?"), UNTIL_CLOSE),
  ...([
    ["lengths that differ", "Content-Length: 5\r\nContent-Length: 6"],
    ["a list that differs", "Content-Length: 5, 6"],
    ["an empty length", "Content-Length:"],
    ["a negative length", "Content-Length: -5"],
    ["a length that is no number", "Content-Length: five"],
    ["NBSP before a length", "Content-Length: \xa05"],
    ["a length of 2^53", "Content-Length: 9007199254740992"],
    ["length and coding", "Content-Length: 5\r\nTransfer-Encoding: chunked"],
    ["chunked twice", "Transfer-Encoding: chunked, chunked"],
    ["chunked, but not last", "Transfer-Encoding: chunked, gzip"],
    ["an empty coding", "Transfer-Encoding:"],
  ] as const).map(([story, fields]) => refused("9112 §6.3", story, head(fields))),
  refused("9112 §6.1", "a coding we do not know", head("Transfer-Encoding: gzip, chunked"), 501),
  refused("9112 §6.1", "a coding alone", head("Transfer-Encoding: gzip"), 501),
  refused("9112 §6.1", "chunked on 1.0", head("Transfer-Encoding: chunked", "HTTP/1.0 200 OK")),

  accepted("9112 §4", "the longest status line", statusLineOf(START_LINE_LIMIT), {}),
  refused("9112 §4", "a status line too long", statusLineOf(START_LINE_LIMIT + 1), 414),
  accepted("9110 §5.4", "the most field lines", head(fieldsOf(RESPONSE_FIELD_COUNT_LIMIT)), {}),
  refused(
    "9110 §5.4",
    "a field line too many",
    head(fieldsOf(RESPONSE_FIELD_COUNT_LIMIT + 1)),
    431,
  ),
  accepted("9110 §5.4", "the largest head", headOf(RESPONSE_HEAD_LIMIT), {}),
  refused("9110 §5.4", "a head too large", headOf(RESPONSE_HEAD_LIMIT + 1), 431),
  refused(
    "9110 §5.4",
    "folds without end",
    head(`A: b${"\r\n c".repeat(RESPONSE_HEAD_LIMIT / 4)}`),
    431,
  ),
  incomplete("9112 §8", "half a head", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"),
];

function statusLineOf(length: number): string {
  return head("A: b", "HTTP/1.1 200 ".padEnd(length, "a"));
}

function fieldsOf(count: number): string {
  return Array(count).fill("A: b").join("\r\n");
}

/** A head whose last field line ends after so many bytes. */
function headOf(length: number): string {
  return `${"HTTP/1.1 200 OK\r\nA: ".padEnd(length - 4, "a")}\r\n\r\n`;
}
