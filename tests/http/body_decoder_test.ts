import { assert, assertEquals } from "@std/assert";
import { bodyDecoder } from "../../lib/http/body_decoder.ts";
import { LAST_CHUNK, writeChunk } from "../../lib/http/message_writer.ts";
import { decodeOctets, encodeOctets } from "../../lib/http/octets.ts";
import { CHUNKED_BODIES, LENGTH_BODIES } from "../cases/bodies.ts";
import { LENIENT } from "../../lib/http/reading.ts";
import { TOLERATED_BODIES } from "../cases/response_tolerances.ts";
import { feed, readBody, textOf } from "../support/feed.ts";
import { randomInteger, randomOctets, seededRandom } from "../support/random.ts";
import { checkRow, testRows } from "../support/rows.ts";

testRows("bodyDecoder() decodes chunked bodies, and no others", CHUNKED_BODIES, (row) => {
  checkRow(row, () => readBody(bodyDecoder({ kind: "chunked" })));
});

testRows("bodyDecoder() bears in responses what leaves no doubt", TOLERATED_BODIES, (row) => {
  checkRow(row, () => readBody(bodyDecoder({ kind: "chunked" }, LENIENT)));
});

Deno.test("bodyDecoder() reads chunked bodies of responses wherever it does those of requests", () => {
  for (const row of CHUNKED_BODIES.filter(({ verdict }) => verdict === "accepted")) {
    checkRow(row, () => readBody(bodyDecoder({ kind: "chunked" }, LENIENT)));
  }
});

testRows("bodyDecoder() takes as many octets as were announced", LENGTH_BODIES, (row) => {
  const contentLength = row.raw.length;
  checkRow(row, () => readBody(bodyDecoder({ kind: "length", contentLength })));
  const longer = () => readBody(bodyDecoder({ kind: "length", contentLength: contentLength + 1 }));
  assertEquals(feed(longer, row.raw), { verdict: "incomplete" });
});

Deno.test("bodyDecoder() is done at once when there is no body", () => {
  for (const framing of [{ kind: "none" }, { kind: "length", contentLength: 0 }] as const) {
    const decoder = bodyDecoder(framing);
    assert(decoder.isDone);
    assertEquals(decoder.decode(encodeOctets("GET")).consumed, 0);
  }
});

Deno.test("bodyDecoder() takes all there is until the connection closes", () => {
  const decoder = bodyDecoder({ kind: "untilClose" });
  for (const piece of ["a", "0\r\n\r\n", "", "\0".repeat(100_000)]) {
    const { consumed, content } = decoder.decode(encodeOctets(piece));
    assertEquals([consumed, content.length], [piece.length, piece.length]);
    assert(!decoder.isDone);
  }
});

Deno.test("bodyDecoder() counts to 2^53 - 1", () => {
  const decoder = bodyDecoder({ kind: "length", contentLength: Number.MAX_SAFE_INTEGER });
  assertEquals(decoder.decode(encodeOctets("hello")).consumed, 5);
  assert(!decoder.isDone);
});

Deno.test("bodyDecoder() gives what has come of a chunk before all of it has", () => {
  const decoder = bodyDecoder({ kind: "chunked" });
  assertEquals(decoder.decode(encodeOctets("ff\r\nabc")).consumed, 4);
  const { consumed, content } = decoder.decode(encodeOctets("abc"));
  assertEquals([consumed, decodeOctets(content, 0, content.length)], [3, "abc"]);
});

Deno.test("bodyDecoder() consumes nothing once it is done", () => {
  const decoder = bodyDecoder({ kind: "chunked" });
  const body = encodeOctets("0\r\n\r\n0\r\n\r\n");
  let consumed = 0;
  while (!decoder.isDone) consumed += decoder.decode(body.subarray(consumed)).consumed;
  assertEquals(consumed, 5);
  assertEquals(decoder.decode(body.subarray(5)).consumed, 0);
});

Deno.test("bodyDecoder() reads back what writeChunk() wrote, however it is split", () => {
  const random = seededRandom(20);
  for (let round = 0; round < 500; round++) {
    const chunks = Array.from(
      { length: randomInteger(random, 8) },
      () => randomOctets(random, 1 + randomInteger(random, 300)),
    );
    const body = [...chunks.map(writeChunk), LAST_CHUNK].map(textOf).join("");
    const octets = encodeOctets(`${body}GET /`);
    const read = readBody(bodyDecoder({ kind: "chunked" }));
    let arrived = 0;
    let result: ReturnType<typeof read>;
    while ((result = read(octets.subarray(0, arrived))) === undefined) {
      arrived = Math.min(octets.length, arrived + 1 + randomInteger(random, 200));
    }
    const content = chunks.map(textOf).join("");
    assertEquals(result, { value: { content }, consumed: body.length }, `round ${round}`);
  }
});
