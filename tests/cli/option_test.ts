import { assertEquals, assertThrows } from "@std/assert";
import {
  choice,
  count,
  duration,
  option,
  PORT,
  SIZE,
  text,
  type ValueParser,
} from "../../lib/cli/option.ts";

Deno.test("option() throws on a default that its kind refuses", () => {
  assertThrows(() => option(PORT, "http", ""), TypeError, 'Default "http"');
});

const kinds: [name: string, kind: ValueParser<unknown>, readings: Record<string, unknown>][] = [
  ["PORT", PORT, {
    "0": 0,
    "080": 80,
    "65535": 65535,
    "65536": undefined,
    "": undefined,
    "+1": undefined,
    "-1": undefined,
    " 1": undefined,
    "1\n": undefined,
    "1.0": undefined,
    "1e3": undefined,
    "0x10": undefined,
    "1K": undefined,
    "٣": undefined,
    ["9".repeat(400)]: undefined,
  }],
  ["count(1, 3)", count(1, 3), { "0": undefined, "1": 1, "3": 3, "4": undefined }],
  ["duration()", duration(), {
    "1ms": 1,
    "250ms": 250,
    "10s": 10_000,
    "5m": 300_000,
    "1h": 3_600_000,
    "596h": 2_145_600_000,
    "2147483647ms": 2 ** 31 - 1,
    "2147483648ms": undefined,
    "597h": undefined,
    "0ms": undefined,
    "0s": undefined,
    "10": undefined,
    "s": undefined,
    "1.5s": undefined,
    "-1s": undefined,
    "1 s": undefined,
    "1m30s": undefined,
    "1S": undefined,
    "1d": undefined,
    "1constructor": undefined,
  }],
  ["duration(0)", duration(0), { "0s": 0 }],
  ["SIZE", SIZE, {
    "0": 0,
    "512": 512,
    "64K": 65536,
    "64k": 65536,
    "2M": 2 ** 21,
    "1g": 2 ** 30,
    "9007199254740991": Number.MAX_SAFE_INTEGER,
    "9007199254740992": undefined,
    "8388608G": undefined,
    "1T": undefined,
    "1KB": undefined,
    "1.5M": undefined,
    "K": undefined,
  }],
  ["choice()", choice(["a", 1]), { "a": "a", "1": 1, "A": undefined, "01": undefined }],
  ["text()", text("X"), { "x": "x", " ": " ", "": undefined }],
];

for (const [name, { parse }, readings] of kinds) {
  Deno.test(`${name} reads its texts and refuses all others`, () => {
    for (const [text, value] of Object.entries(readings)) assertEquals(parse(text), value, text);
  });
}
