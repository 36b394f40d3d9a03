import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { encodeOctets } from "../../lib/http/octets.ts";
import { INPUT_BYTES, InputBuffer } from "../../lib/net/input_buffer.ts";
import { textOf } from "../support/feed.ts";
import { randomInteger, seededRandom } from "../support/random.ts";

/** Lets this text arrive, as far as there is room; how much of it did. */
function arrive(input: InputBuffer, text: string): number {
  const room = input.makeRoom();
  const arrived = encodeOctets(text.slice(0, room.length));
  room.set(arrived);
  input.add(arrived.length);
  return arrived.length;
}

Deno.test("InputBuffer gives what arrived, whatever is consumed in between", () => {
  const random = seededRandom(11);
  const input = new InputBuffer(16);
  let expected = "";
  let next = 0;
  for (let i = 0; i < 5000; i++) {
    const text = Array.from(
      { length: 1 + randomInteger(random, 40) },
      () => String.fromCharCode(0x21 + next++ % 90),
    ).join("");
    const count = arrive(input, text);
    next -= text.length - count;
    expected += text.slice(0, count);
    assertEquals(textOf(input.buffered), expected);
    assertEquals(textOf(input.received.subarray(input.consumed)), expected);
    assertEquals(input.hasBuffered, expected !== "");
    const consumed = randomInteger(random, expected.length + 1);
    input.consume(consumed);
    expected = expected.slice(consumed);
  }
});

Deno.test("InputBuffer grows for a message that needs it, and gives the memory back", () => {
  const input = new InputBuffer();
  for (let left = 100_000; left > 0;) left -= arrive(input, "x".repeat(left));
  assertEquals(input.buffered.length, 100_000);
  input.consume(100_000);
  assertEquals(input.makeRoom().length, INPUT_BYTES);
});

Deno.test("InputBuffer reads more at a time for a peer that fills it, within bounds", () => {
  const input = new InputBuffer();
  const sizes: number[] = [];
  for (let i = 0; i < 6; i++) {
    const count = arrive(input, "x".repeat(100_000));
    sizes.push(count);
    input.consume(count);
  }
  assertEquals(sizes, [1024, 2048, 4096, 4096, 4096, 4096]);
  input.consume(arrive(input, "x"));
  assertEquals(input.makeRoom().length, 4096, "a peer that pipelines does so again");
});

Deno.test("InputBuffer.received is another view after each arrival", () => {
  const input = new InputBuffer();
  arrive(input, "GET");
  const first = input.received;
  input.consume(3);
  arrive(input, "PUT");
  assert(input.received !== first);
  assertEquals([textOf(input.received), input.consumed], ["PUT", 0]);
});

Deno.test("InputBuffer.release() lets others have the memory, and no one two of it", () => {
  const one = new InputBuffer();
  const memory = one.makeRoom().buffer;
  one.release();
  assertEquals([one.hasBuffered, one.buffered.length], [false, 0]);
  const others = Array.from({ length: 3 }, () => new InputBuffer().makeRoom().buffer);
  assertEquals(others.filter((it) => it === memory).length, 1);
  const large = new InputBuffer(4096);
  assertLessOrEqual(4096, large.makeRoom().length);
});
