import { assertEquals } from "@std/assert";
import {
  CHUNK_EXT,
  DIGITS,
  HTTP_VERSION,
  isHostAndPort,
  LINE_OCTET,
  REQUEST_TARGET,
  TARGET_OCTET,
  TCHAR,
  TOKEN,
  WRITTEN_VALUE,
} from "../../lib/http/grammar.ts";

const EVERY_OCTET = Array.from({ length: 256 }, (_, octet) => octet);
const EVERY_CHARACTER = EVERY_OCTET.map((octet) => String.fromCharCode(octet));

function octetsOf(octetClass: Uint8Array): number[] {
  return EVERY_OCTET.filter((octet) => octetClass[octet] === 1);
}

Deno.test("TCHAR is what RFC 9110 §5.6.2 lists", () => {
  const listed = "!#$%&'*+-.^_`|~" + "0123456789" + "ABCDEFGHIJKLMNOPQRSTUVWXYZ" +
    "abcdefghijklmnopqrstuvwxyz";
  const expected = [...listed].map((it) => it.charCodeAt(0)).sort((a, b) => a - b);
  assertEquals(octetsOf(TCHAR), expected);
});

Deno.test("TARGET_OCTET is visible ASCII without the fragment's #", () => {
  assertEquals(octetsOf(TARGET_OCTET), EVERY_OCTET.slice(0x21, 0x7f).filter((it) => it !== 0x23));
});

Deno.test("LINE_OCTET leaves out every control but HTAB", () => {
  assertEquals(octetsOf(LINE_OCTET), [
    0x09,
    ...EVERY_OCTET.slice(0x20, 0x7f),
    ...EVERY_OCTET.slice(0x80),
  ]);
});

Deno.test("the patterns for text agree with the classes for octets", () => {
  const pairs: [RegExp, Uint8Array][] = [[TOKEN, TCHAR]];
  for (const [pattern, octetClass] of pairs) {
    for (const [octet, character] of EVERY_CHARACTER.entries()) {
      assertEquals(pattern.test(`a${character}`), octetClass[octet] === 1, `${pattern} ${octet}`);
    }
  }
  for (const [octet, character] of EVERY_CHARACTER.entries()) {
    const isTarget = TARGET_OCTET[octet] === 1;
    assertEquals(REQUEST_TARGET.test(`/${character}`), isTarget, `${octet}`);
    assertEquals(DIGITS.test(`0${character}`), /[0-9]/.test(character), `${octet}`);
  }
});

Deno.test("the patterns judge all of a text, and nothing above an octet", () => {
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

Deno.test("CHUNK_EXT takes no more time than its text has octets", () => {
  const hostile = [";a=\t".repeat(256), " ".repeat(1024), `;a="${'\\"'.repeat(500)}`];
  for (const text of [...hostile, `${" ;".repeat(500)}`, `;a${" ".repeat(1000)}b`]) {
    assertEquals(CHUNK_EXT.test(text), false);
  }
});

Deno.test("HTTP_VERSION knows versions of one digit a part", () => {
  assertEquals(["HTTP/1.1", "HTTP/0.9"].filter((it) => !HTTP_VERSION.test(it)), []);
  assertEquals(["HTTP/1.1\n", "HTTP/1.10", "http/1.1"].filter((it) => HTTP_VERSION.test(it)), []);
});
