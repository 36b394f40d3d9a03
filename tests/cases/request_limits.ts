import { FIELD_COUNT_LIMIT, HEAD_LIMIT, START_LINE_LIMIT } from "../../lib/http/limits.ts";
import { accepted, incomplete, refused, type Row } from "./case.ts";
import { type RequestHeadValue } from "./request_heads.ts";

/** The text, filled up with `filler` where `…` stands, to so many bytes. */
function filled(text: string, length: number, filler = "a"): string {
  return text.replace("…", filler.repeat(length - text.length + 1));
}

const END = "\r\nHost: a\r\n\r\n";

/** A request line of so many bytes. */
function lineOf(length: number): string {
  return filled("GET /… HTTP/1.1", length) + END;
}

/** A head of so many bytes. */
function headOf(length: number): string {
  return `${filled("GET / HTTP/1.1\r\nHost: a\r\nA: …", length - 4)}\r\n\r\n`;
}

/** The same of many short lines. */
function headOfLines(length: number): string {
  const lines = filled("A: …\r\n", 1000).repeat(30);
  return `${filled(`GET / HTTP/1.1\r\nHost: a\r\n${lines}B: …`, length - 4)}\r\n\r\n`;
}

/** A head of so many field lines. */
function fieldsOf(count: number): string {
  return `GET / HTTP/1.1\r\n${"A: b\r\n".repeat(count - 1)}Host: a\r\n\r\n`;
}

const EMPTY_LINES = Math.floor(HEAD_LIMIT / 2);

/** Heads exactly at a limit, and one byte or line beyond it. */
export const REQUEST_LIMITS: readonly Row<Partial<RequestHeadValue>>[] = [
  accepted("9112 §3", "the longest request line", lineOf(START_LINE_LIMIT), { method: "GET" }),
  refused("9112 §3", "a request line too long", lineOf(START_LINE_LIMIT + 1), 414),
  refused("9112 §3", "a request line much too long", lineOf(START_LINE_LIMIT * 8), 414),
  refused("9112 §3", "a method without end", "A".repeat(START_LINE_LIMIT + 1), 414),
  refused("9112 §3", "a target without end", "GET /".padEnd(START_LINE_LIMIT + 1, "a"), 414),
  incomplete("9112 §3", "a line that may end yet", "GET /".padEnd(START_LINE_LIMIT, "a")),
  refused(
    "9112 §3",
    "the longest request line, and LF alone",
    lineOf(START_LINE_LIMIT).replace("\r\n", "\n"),
  ),
  accepted("9110 §5.4", "the largest head", headOf(HEAD_LIMIT), { requestTarget: "/" }),
  refused("6585 §5", "a head too large", headOf(HEAD_LIMIT + 1), 431),
  refused("6585 §5", "a head much too large", headOf(HEAD_LIMIT * 4), 431),
  accepted("9110 §5.4", "the largest head of many lines", headOfLines(HEAD_LIMIT), {}),
  refused("6585 §5", "a head of many lines too large", headOfLines(HEAD_LIMIT + 1), 431),
  refused(
    "6585 §5",
    "a field name without end",
    "GET / HTTP/1.1\r\n".padEnd(HEAD_LIMIT - 3, "A"),
    431,
  ),
  incomplete(
    "9110 §5.4",
    "a head that may end yet",
    "GET / HTTP/1.1\r\n".padEnd(HEAD_LIMIT - 4, "A"),
  ),
  accepted("9110 §5.4", "the most field lines", fieldsOf(FIELD_COUNT_LIMIT), {}),
  refused("6585 §5", "a field line too many", fieldsOf(FIELD_COUNT_LIMIT + 1), 431),
  accepted(
    "9112 §2.2",
    "empty lines count",
    `${"\r\n".repeat(EMPTY_LINES - 100)}GET / HTTP/1.1${END}`,
    {},
  ),
  refused("9112 §2.2", "nothing but empty lines", "\r\n".repeat(EMPTY_LINES + 100), 431),
];
