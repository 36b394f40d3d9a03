import { assert, assertEquals } from "@std/assert";
import {
  type BodyFraming,
  bodyReader,
  requestBodyFraming,
  responseBodyFraming,
} from "../../lib/http/body.ts";
import { LENIENT } from "../../lib/http/limits.ts";
import { requestHeadReader } from "../../lib/http/request.ts";
import { CHUNKED_BODIES, LENGTH_BODIES } from "../cases/bodies.ts";
import { REQUEST_FRAMING } from "../cases/request_framing.ts";
import { TOLERATED_BODIES } from "../cases/response_tolerances.ts";
import { feed, type Read, readBody, received, textOf } from "../support/feed.ts";
import { fieldsWith } from "../support/field_lines.ts";
import { checkRow, testRows } from "../support/rows.ts";

function newFramingRead(): Read<{ framing: BodyFraming }> {
  const reader = requestHeadReader();
  return (buffer) => {
    const head = reader.read(buffer);
    return head && { framing: requestBodyFraming(head) };
  };
}

testRows("requestBodyFraming() never guesses", REQUEST_FRAMING, (row) => {
  if (row.verdict !== "accepted") return checkRow(row, newFramingRead);
  checkRow({ ...row, value: { framing: row.value.framing } }, newFramingRead);
});

Deno.test("responseBodyFraming() gives the answer to HEAD no body, whatever its fields say", () => {
  const sections = [
    [],
    [["Content-Length", "5"]],
    [["Transfer-Encoding", "chunked"]],
    [["Content-Length", "5"], ["Content-Length", "6"]],
  ] as const;
  for (const section of sections) {
    const head = {
      httpVersion: "1.1",
      statusCode: 200,
      reasonPhrase: "OK",
      fields: fieldsWith(section),
    } as const;
    assertEquals(responseBodyFraming("HEAD", head), { kind: "none" });
  }
});

testRows("bodyReader() decodes chunked bodies, and no others", CHUNKED_BODIES, (row) => {
  checkRow(row, () => readBody(bodyReader({ kind: "chunked" })));
});

testRows("bodyReader() bears in responses what leaves no doubt", TOLERATED_BODIES, (row) => {
  checkRow(row, () => readBody(bodyReader({ kind: "chunked" }, LENIENT)));
});

Deno.test("bodyReader() reads chunked bodies of responses wherever it does those of requests", () => {
  for (const row of CHUNKED_BODIES.filter(({ verdict }) => verdict === "accepted")) {
    checkRow(row, () => readBody(bodyReader({ kind: "chunked" }, LENIENT)));
  }
});

testRows("bodyReader() takes as many bytes as were announced", LENGTH_BODIES, (row) => {
  const contentLength = row.raw.length;
  checkRow(row, () => readBody(bodyReader({ kind: "length", contentLength })));
  const longer = () => readBody(bodyReader({ kind: "length", contentLength: contentLength + 1 }));
  assertEquals(feed(longer, row.raw), { verdict: "incomplete" });
});

Deno.test("bodyReader() is done at once when there is no body", () => {
  for (const framing of [{ kind: "none" }, { kind: "length", contentLength: 0 }] as const) {
    const body = bodyReader(framing);
    assert(body.isDone);
    assertEquals(body.read(received("GET")), undefined);
  }
});

Deno.test("bodyReader() takes all there is until the connection closes", () => {
  const body = bodyReader({ kind: "untilClose" });
  for (const piece of ["a", "0\r\n\r\n", "\0".repeat(100_000)]) {
    const buffer = received(piece);
    assertEquals([body.read(buffer)?.length, buffer.length], [piece.length, 0]);
    assertEquals([body.read(buffer), body.isDone], [undefined, false]);
  }
});

Deno.test("bodyReader() counts to 2^53 - 1", () => {
  const body = bodyReader({ kind: "length", contentLength: Number.MAX_SAFE_INTEGER });
  assertEquals(body.read(received("hello"))?.length, 5);
  assert(!body.isDone);
});

Deno.test("bodyReader() gives what has come of a chunk before all of it has", () => {
  const body = bodyReader({ kind: "chunked" });
  const buffer = received("ff\r\nabc");
  assertEquals([textOf(body.read(buffer)!), body.read(buffer)], ["abc", undefined]);
});

Deno.test("bodyReader() takes nothing once it is done", () => {
  const body = bodyReader({ kind: "chunked" });
  const buffer = received("0\r\n\r\n0\r\n\r\n");
  for (let i = 0; i < 2; i++) {
    assertEquals([body.read(buffer), body.isDone, buffer.takenBytes], [undefined, true, 5]);
  }
});
