import { responseBodyFraming } from "../../lib/http/body.ts";
import { encodeLatin1, ProtocolError } from "../../lib/http/grammar.ts";
import { HEAD_LIMIT } from "../../lib/http/limits.ts";
import { type HttpVersion, isPersistent } from "../../lib/http/message.ts";
import { ReceiveBuffer } from "../../lib/http/receive_buffer.ts";
import { type RequestHead, requestHeadReader } from "../../lib/http/request.ts";
import { responseHeadReader } from "../../lib/http/response.ts";
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import type { Row } from "../cases/case.ts";
import { HOSTS } from "../cases/hosts.ts";
import { REQUEST_FIELDS } from "../cases/request_fields.ts";
import { REQUEST_LINES, type RequestHeadValue } from "../cases/request_heads.ts";
import { REQUEST_LIMITS } from "../cases/request_limits.ts";
import { RESPONSE_HEADS, type ResponseHeadValue } from "../cases/response_heads.ts";
import { TOLERATED_HEADS } from "../cases/response_tolerances.ts";
import { arrive, type Read, received, textOf } from "../support/feed.ts";
import { fieldsWith } from "../support/field_lines.ts";
import { checkRow, testRows } from "../support/rows.ts";

/** What the tables of requests hold. */
type HeadValue = RequestHeadValue & { host?: string };

/** All that a head says, as the tables of requests have it. */
function valueOf(head: RequestHead | undefined): HeadValue | undefined {
  if (head === undefined) return undefined;
  const { fields, ...start } = head;
  const host = fields.get("host");
  return { ...start, fieldLines: [...fields], ...(host === undefined ? {} : { host }) };
}

/** A new reader of request heads, whose values are those of the tables. */
function newRequestRead(): Read<HeadValue> {
  const reader = requestHeadReader();
  return (buffer) => valueOf(reader.read(buffer));
}

/** The same for response heads, with the framing of the body behind them. */
function newResponseRead(): Read<ResponseHeadValue> {
  const reader = responseHeadReader();
  return (buffer) => {
    const head = reader.read(buffer);
    if (head === undefined) return undefined;
    const { fields, ...start } = head;
    return { ...start, fieldLines: [...fields], framing: responseBodyFraming("GET", head) };
  };
}

const REQUEST_TABLES = {
  "reads request lines as RFC 9112 has them": REQUEST_LINES,
  "reads field lines as RFC 9112 has them": REQUEST_FIELDS,
  "wants one Host, and a host in it": HOSTS,
  "keeps its limits to the byte": REQUEST_LIMITS,
};
for (const [name, rows] of Object.entries(REQUEST_TABLES)) {
  testRows<Row<Partial<HeadValue>>>(
    `requestHeadReader() ${name}`,
    rows,
    (row) => checkRow(row, newRequestRead),
  );
}

for (const rows of [RESPONSE_HEADS, TOLERATED_HEADS]) {
  testRows("responseHeadReader() reads what leaves no doubt", rows, (row) => {
    checkRow(row, newResponseRead);
  });
}

const HEADS = [
  "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n",
  "\r\nGET /22 HTTP/1.1\r\nHost: a\r\n\r\n",
  "HEAD /22 HTTP/1.0\r\nA: 1\r\nHost: bb\r\nLonger: than the others, \x80\xff\r\n\r\n",
  "OPTIONS * HTTP/1.1\r\nHost:c\r\nB:\r\n\r\n",
  "GET /3 HTTP/1.1\r\nHost:c\r\nB:\r\n\r\n",
] as const;

/** What is to be read from `HEADS`. */
const VALUES = [
  "GET /1 1.1 Host=a",
  "GET /22 1.1 Host=a",
  "HEAD /22 1.0 A=1 Host=bb Longer=than the others, \x80\xff",
  "OPTIONS * 1.1 Host=c B=",
  "GET /3 1.1 Host=c B=",
];

/** Lets the parts arrive, and reads all heads after each. */
function headsOf(parts: Iterable<string>): string[] {
  const reader = requestHeadReader();
  const buffer = new ReceiveBuffer(16);
  const heads: RequestHead[] = [];
  for (const part of parts) {
    arrive(buffer, encodeLatin1(part));
    for (let head; (head = reader.read(buffer)) !== undefined;) heads.push(head);
  }
  // Only now: what was read is not to change with what is read later.
  return heads.map(({ method, requestTarget, httpVersion, fields }) => {
    const lines = [...fields].map(([fieldName, fieldValue]) => `${fieldName}=${fieldValue}`);
    return [method, requestTarget, httpVersion, ...lines].join(" ");
  });
}

Deno.test("requestHeadReader() reads head after head, however they arrive", () => {
  const raw = HEADS.join("");
  for (let first = 0; first <= raw.length; first++) {
    for (const second of [first, first + 1, first + 10, raw.length]) {
      const parts = [raw.slice(0, first), raw.slice(first, second), raw.slice(second)];
      assertEquals(headsOf(parts), VALUES, `split at ${first} and ${second}`);
    }
  }
  assertEquals(headsOf(raw), VALUES, "byte by byte");
});

Deno.test("requestHeadReader() takes no section for the last one that only begins like it", () => {
  const last = "GET /1 HTTP/1.1\r\nHost: a\r\nA: 1\r\n\r\n";
  const sections = ["Host: a\r\nA: 12\r\n", "Host: a\r\nA: 1\r\nB: 2\r\n", "host: a\r\nA: 1\r\n"];
  const values = ["Host=a A=12", "Host=a A=1 B=2", "host=a A=1"];
  for (const [index, section] of sections.entries()) {
    const heads = headsOf([`${last}GET /2 HTTP/1.1\r\n${section}\r\n`]);
    assertEquals(heads, ["GET /1 1.1 Host=a A=1", `GET /2 1.1 ${values[index]}`]);
  }
});

Deno.test("requestHeadReader() reads the section of the last request no second time", () => {
  const read = (raw: string) => requestHeadReader().read(received(raw))!;
  const section = "Host: a\r\nA: 1\r\n\r\n";
  const { fields } = read(`GET /1 HTTP/1.1\r\n${section}`);
  assertStrictEquals(read(`HEAD /2 HTTP/1.0\r\n${section}and more`).fields, fields);
  assert(read(`GET /3 HTTP/1.1\r\n${section.toLowerCase()}`).fields !== fields);
});

Deno.test("requestHeadReader() reads heads of any length again as the same", () => {
  for (let length = 900; length < 1100; length++) {
    const head = `GET / HTTP/1.1\r\nHost: a\r\nA: ${"x".repeat(length)}\r\n\r\n`;
    assertEquals(headsOf([`${head}${HEADS[0]}`]), headsOf([head, HEADS[0]!]), `${length}`);
    const twice = headsOf([head + head]);
    assertEquals([twice.length, twice[0]], [2, twice[1]], `${length}`);
  }
});

Deno.test("requestHeadReader() wants a Host on 1.1, though the last request on 1.0 did without", () => {
  const section = "A: 1\r\n\r\n";
  for (let times = 0; times < 2; times++) {
    assertEquals(headsOf([`GET / HTTP/1.0\r\n${section}`]), ["GET / 1.0 A=1"]);
    assertThrows(() => headsOf([`GET / HTTP/1.1\r\n${section}`]), ProtocolError, "Host");
  }
});

Deno.test("requestHeadReader() judges the size of a head by its own start line", () => {
  const end = "\r\nHost: a\r\nA: \r\n\r\n";
  const filler = "x".repeat(HEAD_LIMIT - `GET / HTTP/1.1${end}`.length);
  const section = end.replace("A: ", `A: ${filler}`);
  assertEquals(headsOf(Array(3).fill(`GET / HTTP/1.1${section}`)).length, 3);
  const error = assertThrows(
    () => headsOf([`GET / HTTP/1.1${section}`, `GET /1 HTTP/1.1${section}`]),
    ProtocolError,
  );
  assertEquals(error.statusHint, 431);
});

Deno.test("requestHeadReader() leaves what stands between two heads alone", () => {
  const reader = requestHeadReader();
  const buffer = received(`${HEADS[0]}a body\r\n\r\n${HEADS[2]}`);
  assertEquals(reader.read(buffer)?.requestTarget, "/1");
  assertEquals(textOf(buffer.take("a body\r\n\r\n".length)), "a body\r\n\r\n");
  assertEquals(reader.read(buffer)?.requestTarget, "/22");
});

Deno.test("HeadReader.isUnderWay and line tell how far a head was read", () => {
  const reader = requestHeadReader();
  const buffer = received("\r\nGET /");
  const state = () => [reader.read(buffer)?.method, reader.isUnderWay, reader.line, buffer.length];
  assertEquals(state(), [undefined, false, "", 5]);
  arrive(buffer, encodeLatin1("1 HTTP/1.1\r\n"));
  assertEquals(state(), [undefined, true, "GET /1 HTTP/1.1", 0]);
  arrive(buffer, encodeLatin1("Host: a\r\n\r\n"));
  assertEquals(state(), ["GET", false, "", 0]);
  assertThrows(() => reader.read(received("GET HTTP/1.1\r\n")), ProtocolError);
  assertEquals(reader.line, "GET HTTP/1.1");
});

Deno.test("requestHeadReader() bears no end of empty lines, however they arrive", () => {
  const lines = "\r\n".repeat(HEAD_LIMIT / 2);
  assertEquals(headsOf([lines]), []);
  for (const parts of [[lines, "\r\n"], [`${lines}\r\n`]]) {
    assertEquals(assertThrows(() => headsOf(parts), ProtocolError).statusHint, 431);
  }
});

Deno.test("requestHeadReader() refuses as soon as the bytes cannot become a head", () => {
  for (const raw of ["GET / HTTP/1.1\n", "GET / HTTP/2.0\r\n", "GET / HTTP/1.1\r\n ", "\0"]) {
    const settled = raw.endsWith(" ") ? `${raw}A: b\r\n` : raw;
    assertThrows(() => requestHeadReader().read(received(settled)), ProtocolError);
  }
});

Deno.test("requestHeadReader() quotes nothing of the input in its errors", () => {
  for (const row of [...REQUEST_LINES, ...REQUEST_FIELDS, ...HOSTS]) {
    if (row.verdict !== "refused") continue;
    const error = assertThrows(
      () => requestHeadReader().read(received(row.raw)),
      ProtocolError,
    );
    assertEquals(/^[A-Z][\x20-\x7e]*\.$/.test(error.message), true, error.message);
  }
});

/** Version, values of Connection, and whether the connection may go on. */
const PERSISTENCE: readonly [HttpVersion, string[], boolean][] = [
  ["1.1", [], true],
  ["1.1", ["close"], false],
  ["1.1", ["Close"], false],
  ["1.1", ["CLOSE"], false],
  ["1.1", ["keep-alive"], true],
  ["1.1", ["upgrade"], true],
  ["1.1", [""], true],
  ["1.1", ["keep-alive, close"], false],
  ["1.1", ["close, keep-alive"], false],
  ["1.1", ["TE,close"], false],
  ["1.1", [" ,, close ,"], false],
  ["1.1", ["TE", "close"], false],
  ["1.1", ["keep-alive", "x", "close"], false],
  ["1.1", ["closed"], true],
  ["1.1", ["not-close"], true],
  ["1.1", ["close=1"], true],
  ["1.1", ["close\xa0"], true],
  ["1.0", [], false],
  ["1.0", ["close"], false],
  ["1.0", ["keep-alive"], true],
  ["1.0", ["Keep-Alive"], true],
  ["1.0", ["TE", "Keep-Alive"], true],
  ["1.0", ["TE, keep-alive"], true],
  ["1.0", ["keep-alive, close"], false],
  ["1.0", ["keep-alive=60"], false],
  ["1.0", [""], false],
];

Deno.test("isPersistent() follows RFC 9112 §9.3 and takes Connection for a list", () => {
  for (const [httpVersion, values, expected] of PERSISTENCE) {
    const fields = fieldsWith(values.map((value) => ["Connection", value]));
    const story = `${httpVersion} ${JSON.stringify(values)}`;
    assertEquals(isPersistent({ httpVersion, fields }), expected, story);
  }
});

Deno.test("isPersistent() looks at no other field", () => {
  const fields = fieldsWith([["Proxy-Connection", "close"], ["Keep-Alive", "timeout=0"]]);
  assertEquals(isPersistent({ httpVersion: "1.1", fields }), true);
  assertEquals(isPersistent({ httpVersion: "1.0", fields }), false);
});
