import { decodeOctets, encodeOctets } from "../../lib/http/grammar.ts";
import { assertEquals, assertThrows } from "@std/assert";

const octets = Uint8Array.from({ length: 256 }, (_, octet) => octet);

Deno.test("decodeOctets() gives the character of each octet's own number", () => {
  const text = decodeOctets(octets, 0, 256);
  assertEquals([...text].map((it) => it.codePointAt(0)), [...octets]);
});

Deno.test("encodeOctets() gives back what decodeOctets() took", () => {
  assertEquals(encodeOctets(decodeOctets(octets, 0, 256)), octets);
  assertEquals(encodeOctets(""), new Uint8Array(0));
});

Deno.test("decodeOctets() gives a slice of a view", () => {
  const view = octets.subarray(0x40, 0x50);
  assertEquals(decodeOctets(view, 1, 4), "ABC");
  assertEquals(decodeOctets(view, 3, 3), "");
});

Deno.test("decodeOctets() bears as much as a head may have", () => {
  assertEquals(decodeOctets(new Uint8Array(32 * 1024).fill(0x61), 0, 32 * 1024).length, 32 * 1024);
});

Deno.test("encodeOctets() refuses what is no octet", () => {
  for (const text of ["\u0100", "a\u20ac", "\u{1f600}", "\u560a\u560d"]) {
    assertThrows(() => encodeOctets(text), TypeError, "above U+00FF");
  }
});
