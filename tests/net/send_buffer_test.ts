import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { encodeLatin1 } from "../../lib/http/grammar.ts";
import { SEND_BYTES, SendBuffer } from "../../lib/net/send_buffer.ts";
import { textOf } from "../support/feed.ts";

/** A buffer with these added, bytes as bytes and text as text. */
function bufferOf(...parts: readonly (string | Uint8Array)[]): SendBuffer {
  const buffer = new SendBuffer();
  for (const part of parts) {
    if (typeof part === "string") buffer.addText(part);
    else buffer.addBytes(part);
  }
  return buffer;
}

/** All that a buffer has, as text; its memory is given back. */
function drained(buffer: SendBuffer): string {
  const text = textOf(buffer.take());
  buffer.release();
  return text;
}

Deno.test("SendBuffer.take() gives text and bytes in the order they were added", () => {
  const bytes = encodeLatin1("bytes\0\x80\xff, ");
  assertEquals(drained(bufferOf("text")), "text");
  assertEquals(drained(bufferOf(bytes)), textOf(bytes));
  assertEquals(drained(bufferOf("a, ", bytes, "b")), `a, ${textOf(bytes)}b`);
  const all = bufferOf("a", "b, ", bytes, bytes, "c", "", "d, ", bytes, "e", "f");
  assertEquals(drained(all), `ab, ${textOf(bytes).repeat(2)}cd, ${textOf(bytes)}ef`);
});

Deno.test("SendBuffer.length counts text and bytes", () => {
  const parts = ["ab", "", "c", new Uint8Array(10), "d"];
  const lengths = parts.map((_, index) => bufferOf(...parts.slice(0, index)).length);
  assertEquals(lengths, [0, 2, 2, 3, 13]);
  const buffer = bufferOf(...parts);
  assertEquals([buffer.length, buffer.take().length, buffer.length], [14, 14, 0]);
  buffer.release();
  assertEquals(buffer.length, 0);
});

Deno.test("SendBuffer.take() gives text of any length", () => {
  for (const length of [SEND_BYTES - 1, SEND_BYTES, SEND_BYTES + 1, 1_000_000]) {
    const text = `${"x".repeat(length - 1)}y`;
    for (const before of ["", "bytes"]) {
      const buffer = bufferOf(encodeLatin1(before), text);
      assertEquals(buffer.length, before.length + length);
      assert(drained(buffer) === before + text, `${length} behind "${before}"`);
    }
  }
});

Deno.test("SendBuffer.addBytes() takes as many as there is room for, and a copy of them", () => {
  const bytes = new Uint8Array(SEND_BYTES - 3).fill(97);
  const buffer = bufferOf("bcd", bytes);
  bytes.fill(98);
  assert(drained(buffer) === `bcd${"a".repeat(SEND_BYTES - 3)}`);
});

Deno.test("SendBuffer refuses text that is not ASCII, wherever it stands", () => {
  const bytes = encodeLatin1("bytes");
  const filling = "x".repeat(SEND_BYTES - 1);
  for (const character of ["\x80", "\xff", "\u0100", "\u{1f600}", "\ud83d", "\u560a"]) {
    const texts = [character, `a${character}`, `${character}a`, filling + character];
    for (const text of texts) {
      assertThrows(() => bufferOf(text).take(), TypeError, "not ASCII");
      assertThrows(() => bufferOf(bytes, text).take(), TypeError, "not ASCII");
    }
    assertThrows(() => bufferOf(character, bytes), TypeError, "not ASCII");
  }
});

Deno.test("SendBuffer lets what was taken be until release()", () => {
  const buffer = bufferOf("taken");
  const taken = buffer.take();
  buffer.addText("added");
  const other = bufferOf("of another", encodeLatin1("!"));
  const another = other.take();
  assertEquals(textOf(taken), "taken");
  buffer.release();
  assertEquals(drained(buffer), "added");
  assertEquals(textOf(another), "of another!");
  other.release();
});

Deno.test("SendBuffer uses memory again that was released, once", () => {
  const first = bufferOf("a");
  const { buffer: memory } = first.take();
  first.release();
  first.release();
  const second = bufferOf("b");
  const taken = second.take();
  assertStrictEquals(taken.buffer, memory);
  const third = bufferOf("c");
  assertEquals([drained(third), textOf(taken)], ["c", "b"]);
  second.release();
});

Deno.test("SendBuffer does not keep the memory that one long text needed", () => {
  const buffer = bufferOf("x".repeat(1_000_000));
  drained(buffer);
  buffer.addText("a");
  assertEquals(buffer.take().buffer.byteLength, SEND_BYTES);
  buffer.release();
});

Deno.test("SendBuffer sends nothing in place of text that it has refused", () => {
  drained(bufferOf("of another"));
  const buffer = bufferOf("d\u00e9j\u00e0");
  assertThrows(() => buffer.take(), TypeError);
  assertEquals(buffer.length, 0);
  buffer.addText("a");
  assertEquals(drained(buffer), "a");
});
