import { assertEquals, assertThrows } from "@std/assert";
import {
  authorityOf,
  CHUNK_EXT,
  decodeLatin1,
  DIGITS,
  encodeLatin1,
  HTTP_VERSION,
  isHostAndPort,
  REQUEST_TARGET,
  TOKEN,
  WRITTEN_VALUE,
} from "../../lib/http/grammar.ts";
import { assertLinear } from "../support/growth.ts";

const EVERY_BYTE = Array.from({ length: 256 }, (_, byte) => byte);
const EVERY_CHARACTER = EVERY_BYTE.map((byte) => String.fromCharCode(byte));

/** The bytes that a pattern takes, behind a text that it takes. */
function bytesOf(pattern: RegExp, before: string): number[] {
  return EVERY_BYTE.filter((byte) => pattern.test(before + EVERY_CHARACTER[byte]));
}

Deno.test("TOKEN holds what RFC 9110 §5.6.2 lists", () => {
  const listed = "!#$%&'*+-.^_`|~" + "0123456789" + "ABCDEFGHIJKLMNOPQRSTUVWXYZ" +
    "abcdefghijklmnopqrstuvwxyz";
  const expected = [...listed].map((it) => it.charCodeAt(0)).sort((a, b) => a - b);
  assertEquals(bytesOf(TOKEN, "a"), expected);
});

Deno.test("REQUEST_TARGET is visible ASCII without the fragment's #", () => {
  const expected = EVERY_BYTE.slice(0x21, 0x7f).filter((it) => it !== 0x23);
  assertEquals(bytesOf(REQUEST_TARGET, "/"), expected);
});

Deno.test("DIGITS are ASCII digits", () => {
  assertEquals(bytesOf(DIGITS, "0"), EVERY_BYTE.slice(0x30, 0x3a));
});

Deno.test("the patterns judge all of a text, and nothing above a byte", () => {
  const patterns = [TOKEN, WRITTEN_VALUE, REQUEST_TARGET, DIGITS];
  for (const pattern of patterns) {
    for (const text of ["1\n", "\n1", "1\r\n", "1\0", "1\u0661", "\u20ac"]) {
      assertEquals(pattern.test(text), false, `${pattern} ${JSON.stringify(text)}`);
    }
  }
  assertEquals([TOKEN, REQUEST_TARGET, DIGITS].some((pattern) => pattern.test("")), false);
  assertEquals(WRITTEN_VALUE.test(""), true);
});

Deno.test("isHostAndPort() wants a host and all of the text", () => {
  assertEquals(["a", "a:", "a:1", "[::1]:1"].filter((it) => !isHostAndPort(it)), []);
  assertEquals(["", ":1", "\u0430", "a\n", "\na", "a:1\n"].filter(isHostAndPort), []);
});

Deno.test("CHUNK_EXT takes time in proportion to its text", () => {
  const hostile = [[";a=\t", ""], [" ", ""], [" ;", ""], ['\\"', ""], [" ", "b"]] as const;
  for (const [part, end] of hostile) {
    const textOf = (length: number) => `;a="${part.repeat(length / part.length)}${end}`;
    for (const skipped of [0, ";a=".length, ';a="'.length]) {
      assertLinear((text) => CHUNK_EXT.test(text), (length) => textOf(length).slice(skipped));
    }
  }
  assertEquals([";a b", ";a=\t", " ;"].filter((text) => CHUNK_EXT.test(text)), []);
});

Deno.test("HTTP_VERSION knows versions of one digit a part", () => {
  assertEquals(["HTTP/1.1", "HTTP/0.9"].filter((it) => !HTTP_VERSION.test(it)), []);
  assertEquals(["HTTP/1.1\n", "HTTP/1.10", "http/1.1"].filter((it) => HTTP_VERSION.test(it)), []);
});

Deno.test("decodeLatin1() and encodeLatin1() take a byte for a character", () => {
  const bytes = Uint8Array.from(EVERY_BYTE);
  assertEquals(decodeLatin1(bytes, 0, 256), EVERY_CHARACTER.join(""));
  assertEquals(encodeLatin1(EVERY_CHARACTER.join("")), bytes);
  const view = bytes.subarray(0x40, 0x50);
  assertEquals([decodeLatin1(view, 1, 4), decodeLatin1(view, 3, 3)], ["ABC", ""]);
  for (const text of ["\u0100", "a\u20ac", "\u{1f600}", "\u560a\u560d"]) {
    assertThrows(() => encodeLatin1(text), TypeError, "above U+00FF");
  }
});

Deno.test("authorityOf() puts IPv6 addresses, and nothing else, into brackets", () => {
  assertEquals(authorityOf("::1", 80), "[::1]:80");
  assertEquals(authorityOf("127.0.0.1", 0), "127.0.0.1:0");
  assertEquals(authorityOf("files.example", 8000), "files.example:8000");
});
