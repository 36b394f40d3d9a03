import type { BodyFraming } from "../../lib/http/body.ts";
import { type BodyValue } from "./bodies.ts";
import { accepted, refused, type Row } from "./case.ts";
import type { ResponseHeadValue } from "./response_heads.ts";

type HeadRow = Row<Partial<ResponseHeadValue>>;

const FIVE: BodyFraming = { kind: "length", contentLength: 5 };
const CHUNKED: BodyFraming = { kind: "chunked" };

/** What is borne in responses and refused in requests, and why nothing can come of it. */
export const TOLERANCES = {
  equalLengths: "all of them name one end",
  bareLf: "a line's end is where everybody sees it, and no other reader stands behind this one",
  manyFields: "the bounds keep memory small; the content begins where the head ends",
  spaceBeforeColon: "no name but the one before it can be meant, and nobody passes the line on",
  spaceAroundChunkSize: "the number is the same",
  anyExtension: "extensions never say how long a chunk is",
  controls:
    "they are never shown as they are, and a field that is used is judged by its own grammar",
  identity: "it changes no byte; the end is known as it is without the field",
} as const;

function row(
  why: keyof typeof TOLERANCES,
  story: string,
  raw: string,
  value: Partial<ResponseHeadValue>,
): HeadRow {
  return accepted("9112 §6.3", `${story}: ${TOLERANCES[why]}`, raw, value);
}

const head = (...lines: string[]) => ["HTTP/1.1 200 OK", ...lines, "", ""].join("\r\n");
const lines = (count: number) => Array<string>(count).fill("A: b");
const LENGTH = "Content-Length: 5";
const TE = "Transfer-Encoding";

/** Response heads beyond the grammar. */
export const TOLERATED_HEADS: readonly HeadRow[] = [
  row("equalLengths", "two lines", head(LENGTH, "A: b", LENGTH), { framing: FIVE }),
  row("equalLengths", "a list", head("Content-Length: 5, 5,5"), { framing: FIVE }),
  row("equalLengths", "lines and lists", head("Content-Length: 5 ,5", LENGTH), { framing: FIVE }),
  row("equalLengths", "a zero before it", head("Content-Length: 05, 5"), { framing: FIVE }),
  refused("9112 §6.3", "lengths that differ", head(LENGTH, "Content-Length: 6")),
  refused("9112 §6.3", "a list that differs", head("Content-Length: 5, 5, 6")),
  refused("9112 §6.3", "a list with nothing in it", head("Content-Length: 5,")),

  row("bareLf", "every line", `HTTP/1.1 200 OK\n${LENGTH}\nA: b\n\n`, {
    framing: FIVE,
    fieldLines: [["Content-Length", "5"], ["A", "b"]],
  }),
  row("bareLf", "the status line", `HTTP/1.1 200 OK\n${LENGTH}\r\n\r\n`, { framing: FIVE }),
  row("bareLf", "one line", head(`A: b\n${LENGTH}`), { framing: FIVE }),
  row("bareLf", "the empty line", `HTTP/1.1 200 OK\r\n${LENGTH}\r\n\n`, { framing: FIVE }),
  row("bareLf", "a fold", `HTTP/1.1 200 OK\nA: b\n c\n${LENGTH}\n\n`, {
    fieldLines: [["A", "b c"], ["Content-Length", "5"]],
  }),
  refused("9112 §2.2", "CR alone", "HTTP/1.1 200 OK\rContent-Length: 5\r\r"),
  refused("9112 §2.2", "CR CR LF", "HTTP/1.1 200 OK\r\r\nContent-Length: 5\r\r\n\r\r\n"),

  row("manyFields", "150 lines", head(...lines(150)), {
    fieldLines: lines(150).map(() => ["A", "b"]),
  }),
  row("manyFields", "5000 lines", head(...lines(5000)), {}),
  row("manyFields", "one long line", head(`A: ${"b".repeat(200_000)}`), {}),

  row("spaceBeforeColon", "SP", head("Content-Length : 5"), {
    framing: FIVE,
    fieldLines: [["Content-Length", "5"]],
  }),
  row("spaceBeforeColon", "HTAB and SP", head("Content-Length\t : 5"), { framing: FIVE }),
  refused("9112 §5", "two words", head("Content Length: 5")),
  refused("9112 §5", "no name before it", head(" : 5")),
  refused("9112 §6.1", "it hides no coding", head(`${TE} : chunked`, LENGTH)),

  row("controls", "in a value", head("A: \x1b[2J\x07\x7f\x01", LENGTH), {
    framing: FIVE,
    fieldLines: [["A", "\x1b[2J\x07\x7f\x01"], ["Content-Length", "5"]],
  }),
  refused("9112 §6.3", "in a length", head("Content-Length: 5\x01")),
  refused("9112 §6.1", "in a coding", head(`${TE}: chunked\x01`)),
  refused("9112 §5.1", "in a name", head("A\x01: b")),
  refused("9110 §5.5", "NUL", head("A: b\0")),

  row("identity", "with a length", head(`${TE}: identity`, LENGTH), { framing: FIVE }),
  row("identity", "with no length", head(`${TE}: Identity`), { framing: { kind: "untilClose" } }),
  row("identity", "before chunked", head(`${TE}: identity, chunked`), { framing: CHUNKED }),
  row("identity", "on 1.0", `HTTP/1.0 200 OK\r\n${TE}: identity\r\n${LENGTH}\r\n\r\n`, {
    framing: FIVE,
  }),
  refused("9112 §6.1", "identity and gzip", head(`${TE}: identity, gzip`), 501),
  refused("9112 §6.3", "identity, chunked and a length", head(`${TE}: identity, chunked`, LENGTH)),
];

function body(why: keyof typeof TOLERANCES, story: string, raw: string): Row<BodyValue> {
  return accepted("9112 §7.1", `${story}: ${TOLERANCES[why]}`, raw, { content: "hello" });
}

const LAST = "0\r\n\r\n";

/** Chunked content of responses beyond the grammar. */
export const TOLERATED_BODIES: readonly Row<BodyValue>[] = [
  body("spaceAroundChunkSize", "behind it", `5 \r\nhello\r\n${LAST}`),
  body("spaceAroundChunkSize", "much of it", `5    \t\r\nhello\r\n0  \r\n\r\n`),
  body("spaceAroundChunkSize", "before it", ` 5\r\nhello\r\n${LAST}`),
  body("anyExtension", "an empty one", `5;\r\nhello\r\n${LAST}`),
  body("anyExtension", "one of other words", `5; a b="c\r\nhello\r\n${LAST}`),
  body("bareLf", "everywhere", "5\nhello\n0\n\n"),
  body("bareLf", "behind the size", `5\nhello\r\n${LAST}`),
  body("bareLf", "behind the data", `5\r\nhello\n${LAST}`),
  body("bareLf", "at the end", "5\r\nhello\r\n0\r\n\n"),
  body("bareLf", "in the trailers", "5\r\nhello\r\n0\r\nA: b\n\r\n"),
  body("spaceBeforeColon", "in a trailer", "5\r\nhello\r\n0\r\nA : b\r\n\r\n"),
  refused("9112 §7.1", "two numbers", `5 5\r\nhello\r\n${LAST}`),
  refused("9112 §7.1", "a prefix", `0x5\r\nhello\r\n${LAST}`),
  refused("9112 §7.1", "a sign", `-5\r\nhello\r\n${LAST}`),
  refused("9112 §7.1", "no size", `\r\nhello\r\n${LAST}`),
  refused("9112 §7.1", "more data than announced", `4\r\nhello\r\n${LAST}`),
  refused("9112 §7.1", "less data than announced", `6\nhello\n${LAST}`),
  refused("9112 §7.1", "CR ends the data", `5\r\nhello\r${LAST}`),
  refused("9110 §5.5", "NUL in an extension", `5;\0\r\nhello\r\n${LAST}`),
];

/** Status lines, the Content-Range beside them, and whether the answer to a GET is the whole. */
export const WHOLE_ANSWERS: readonly (readonly [
  statusCode: number,
  contentRange: string | undefined,
  isWhole: boolean,
])[] = [
  ...([200, 203, 209, 218, 250, 299] as const).map((code) => [code, undefined, true] as const),
  ...([201, 202, 204, 205, 206, 207, 208, 226, 199, 300, 304, 404, 999] as const)
    .map((code) => [code, undefined, false] as const),
  [206, "bytes 0-4/5", true],
  [206, "BYTES 0-4/5", true],
  [206, "bytes 0-3/5", false],
  [206, "bytes 1-4/5", false],
  [206, "bytes 0-4/*", false],
  [206, "bytes 0-4", false],
  [206, "lines 0-4/5", false],
];
