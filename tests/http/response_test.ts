import { assertEquals, assertThrows } from "@std/assert";
import { LAST_CHUNK, writeChunk } from "../../lib/http/body.ts";
import { fieldSection } from "../../lib/http/fields.ts";
import { encodeLatin1 } from "../../lib/http/grammar.ts";
import { writeRequestHead } from "../../lib/http/request.ts";
import { isWhole, reasonPhrase, writeResponseHead } from "../../lib/http/response.ts";
import { WHOLE_ANSWERS } from "../cases/response_tolerances.ts";
import { textOf } from "../support/feed.ts";
import { fieldsWith } from "../support/field_lines.ts";

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
  for (const byte of [..."\r\n\0\x0b\x1b\x7f\xe9\u0100\u560a", "\r\nX: y"]) {
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

Deno.test("isWhole() tells answers that bring the whole content", () => {
  for (const [statusCode, range, expected] of WHOLE_ANSWERS) {
    const fields = fieldsWith(range === undefined ? [] : [["Content-Range", range]]);
    const head = { httpVersion: "1.1", statusCode, reasonPhrase: "", fields } as const;
    assertEquals(isWhole(head), expected, `${statusCode} ${range}`);
  }
});

Deno.test("reasonPhrase() has one for every status code that we send, and none for unknown ones", () => {
  const sent = [100, 200, 204, 206, 301, 302, 303, 304, 307, 308, 400, 403, 404, 405, 408, 412];
  const unnamed = [...sent, 414, 416, 417, 431, 500, 501, 503, 505].filter((it) =>
    !reasonPhrase(it)
  );
  assertEquals(unnamed, []);
  assertEquals([reasonPhrase(301), reasonPhrase(404)], ["Moved Permanently", "Not Found"]);
  assertEquals([0, 299, 306, 418, 999].filter((it) => reasonPhrase(it)), []);
});
