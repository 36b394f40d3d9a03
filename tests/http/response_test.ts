import { assertEquals, assertThrows } from "@std/assert";
import { LAST_CHUNK, writeChunk } from "../../lib/http/body.ts";
import { type FieldLine, fieldSection } from "../../lib/http/fields.ts";
import { encodeLatin1 } from "../../lib/http/grammar.ts";
import { ReceiveBuffer } from "../../lib/http/receive_buffer.ts";
import { requestHeadReader, writeRequestHead } from "../../lib/http/request.ts";
import {
  isWhole,
  reasonPhrase,
  responseHeadReader,
  writeResponseHead,
} from "../../lib/http/response.ts";
import { WHOLE_ANSWERS } from "../cases/response_tolerances.ts";
import { arrive, textOf } from "../support/feed.ts";
import { fieldsWith } from "../support/field_lines.ts";
import { randomInteger, randomText, seededRandom } from "../support/random.ts";

const VISIBLE = String.fromCharCode(...Array.from({ length: 94 }, (_, i) => 0x21 + i));
const TCHARS = VISIBLE.replace(/["(),/:;<=>?@[\\\]{}]/g, "");
const TARGET = VISIBLE.replace("#", "");

/** A value that stands as it is between OWS: no SP or HTAB at either end. */
function randomValue(random: () => number): string {
  const inner = randomText(random, `${VISIBLE} \t`, randomInteger(random, 40));
  return inner.replace(/^[ \t]+|[ \t]+$/g, "");
}

function randomFieldLines(random: () => number): FieldLine[] {
  return Array.from({ length: randomInteger(random, 12) }, () => [
    `X${randomText(random, TCHARS, randomInteger(random, 12))}`,
    randomValue(random),
  ]);
}

Deno.test("writeRequestHead() writes a head line by line", () => {
  const head = writeRequestHead("GET", "/a?b", [["Host", "a"], ["Accept", "*/*"], ["X", ""]]);
  assertEquals(head, "GET /a?b HTTP/1.1\r\nHost: a\r\nAccept: */*\r\nX: \r\n\r\n");
});

Deno.test("writeResponseHead() writes a head line by line", () => {
  const head = writeResponseHead(301, fieldSection([["Location", "http://b/%2F"]]));
  assertEquals(head, "HTTP/1.1 301 Moved Permanently\r\nLocation: http://b/%2F\r\n\r\n");
  assertEquals(writeResponseHead(100), "HTTP/1.1 100 Continue\r\n\r\n");
});

Deno.test("writeResponseHead() keeps the SP before a reason that it has none for", () => {
  assertEquals(writeResponseHead(299), "HTTP/1.1 299 \r\n\r\n");
});

Deno.test("the writers refuse what would end a line early", () => {
  for (
    const byte of [
      "\r",
      "\n",
      "\0",
      "\r\nX: y",
      "\x0b",
      "\x1b",
      "\x7f",
      "\xe9",
      "\u0100",
      "\u560a",
    ]
  ) {
    const story = JSON.stringify(byte);
    const writes: [part: string, write: () => unknown][] = [
      ["method", () => writeRequestHead(`G${byte}`, "/", [])],
      ["target", () => writeRequestHead("GET", `/${byte}`, [])],
      ["name", () => writeRequestHead("GET", "/", [[`A${byte}`, "b"]])],
      ["value", () => writeRequestHead("GET", "/", [["A", `b${byte}`]])],
      ["name of a section", () => fieldSection([[`A${byte}`, "b"]])],
      ["value of a section", () => fieldSection([["A", `${byte}b`]])],
    ];
    for (const [part, write] of writes) {
      const error = assertThrows(write, TypeError);
      assertEquals(error.message.startsWith("Cannot write"), true, `${story} in a ${part}`);
    }
  }
});

Deno.test("the writers refuse what is not a token or a target", () => {
  for (const method of ["", "G T", "G:T"]) {
    assertThrows(() => writeRequestHead(method, "/", []), TypeError, "method");
  }
  for (const target of ["", "/a b", "/\u00e9", "/#a"]) {
    assertThrows(() => writeRequestHead("GET", target, []), TypeError, "request-target");
  }
  for (const name of ["", "A B", "A:", "\u00e9"]) {
    assertThrows(() => fieldSection([[name, "b"]]), TypeError, "field name");
  }
});

Deno.test("writeChunk() writes size, data and CRLF", () => {
  assertEquals(textOf(writeChunk(encodeLatin1("hello"))), "5\r\nhello\r\n");
  assertEquals(textOf(writeChunk(encodeLatin1("x".repeat(26)))), `1a\r\n${"x".repeat(26)}\r\n`);
  assertEquals(textOf(LAST_CHUNK), "0\r\n\r\n");
});

Deno.test("writeChunk() refuses to end the body", () => {
  assertThrows(() => writeChunk(new Uint8Array(0)), TypeError, "empty chunk");
});

Deno.test("requestHeadReader() reads back what writeRequestHead() wrote", () => {
  const random = seededRandom(21);
  const reader = requestHeadReader();
  for (let round = 0; round < 3000; round++) {
    const method = randomText(random, TCHARS, 1 + randomInteger(random, 10));
    const requestTarget = randomText(random, TARGET, 1 + randomInteger(random, 60));
    const fieldLines: FieldLine[] = [["Host", "a"], ...randomFieldLines(random)];
    const bytes = encodeLatin1(writeRequestHead(method, requestTarget, fieldLines));
    const buffer = new ReceiveBuffer();
    const split = randomInteger(random, bytes.length);
    arrive(buffer, bytes.subarray(0, split));
    assertEquals(reader.read(buffer), undefined);
    arrive(buffer, bytes.subarray(split));
    const head = reader.read(buffer)!;
    assertEquals(
      { ...head, fields: [...head.fields], consumed: buffer.takenBytes },
      { method, requestTarget, httpVersion: "1.1", fields: fieldLines, consumed: bytes.length },
      `round ${round}`,
    );
  }
});

Deno.test("responseHeadReader() reads back what writeResponseHead() wrote", () => {
  const random = seededRandom(22);
  const reader = responseHeadReader();
  for (let round = 0; round < 3000; round++) {
    const statusCode = 100 + randomInteger(random, 900);
    const fieldLines = randomFieldLines(random);
    const bytes = encodeLatin1(writeResponseHead(statusCode, fieldSection(fieldLines)));
    const buffer = new ReceiveBuffer();
    const split = randomInteger(random, bytes.length);
    arrive(buffer, bytes.subarray(0, split));
    assertEquals(reader.read(buffer), undefined);
    arrive(buffer, bytes.subarray(split));
    const head = reader.read(buffer)!;
    assertEquals(
      { ...head, fields: [...head.fields], consumed: buffer.takenBytes },
      {
        httpVersion: "1.1",
        statusCode,
        reasonPhrase: reasonPhrase(statusCode),
        fields: fieldLines,
        consumed: bytes.length,
      },
      `round ${round}`,
    );
  }
});

Deno.test("isWhole() tells answers that bring the whole content", () => {
  for (const [statusCode, range, expected] of WHOLE_ANSWERS) {
    const fields = fieldsWith(range === undefined ? [] : [["Content-Range", range]]);
    const head = { httpVersion: "1.1", statusCode, reasonPhrase: "", fields } as const;
    assertEquals(isWhole(head), expected, `${statusCode} ${range}`);
  }
});
