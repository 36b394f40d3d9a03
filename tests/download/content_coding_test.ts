import { assertEquals, assertRejects } from "@std/assert";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { contentCodings, Decoder, isDecodable } from "../../lib/download/content_coding.ts";
import { CodingError } from "../../lib/download/download_error.ts";
import { fieldsWith } from "../support/field_lines.ts";

const TEXT = new TextEncoder().encode("hello world ".repeat(2000));
const GZIP = new Uint8Array(gzipSync(TEXT)), BR = new Uint8Array(brotliCompressSync(TEXT));

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

/** What is written of some bytes that come in pieces. */
async function decoded(codings: readonly string[], bytes: Uint8Array, step = 1000) {
  const written: number[] = [];
  const decoder = Decoder.open(codings, (piece) => void written.push(...piece));
  try {
    for (let at = 0; at < bytes.length; at += step) await decoder.push(bytes.slice(at, at + step));
    await decoder.end();
    return new Uint8Array(written);
  } finally {
    await decoder.close();
  }
}

Deno.test("contentCodings() lists codings in the order in which they were applied", () => {
  const rows: readonly (readonly [fields: readonly string[], codings: readonly string[]])[] = [
    [[], []],
    [["identity"], []],
    [["GZip"], ["gzip"]],
    [["x-gzip"], ["gzip"]],
    [["gzip , br"], ["gzip", "br"]],
    [["gzip", "br"], ["gzip", "br"]],
    [[",gzip,,"], ["gzip"]],
    [["x-br"], ["x-br"]],
  ];
  for (const [values, codings] of rows) {
    const fields = fieldsWith(values.map((value) => ["Content-Encoding", value]));
    assertEquals(contentCodings(fields), codings);
  }
});

Deno.test("isDecodable() knows gzip and br, in one another, and no others", () => {
  for (const codings of [[], ["gzip"], ["br", "gzip"]]) assertEquals(isDecodable(codings), true);
  const others = [["zstd"], ["deflate"], ["gzip", "x"], ["toString"], Array(5).fill("gzip")];
  for (const codings of others) assertEquals(isDecodable(codings), false);
});

Deno.test("Decoder decodes what is whole", async () => {
  const both = new Uint8Array(brotliCompressSync(GZIP));
  assertEquals(await decoded(["gzip"], GZIP), TEXT);
  assertEquals(await decoded(["gzip"], GZIP, 1), TEXT);
  assertEquals(await decoded(["br"], BR, 1), TEXT);
  assertEquals(await decoded(["gzip", "br"], both), TEXT);
  assertEquals(await decoded(["gzip"], joined(GZIP, GZIP)), joined(TEXT, TEXT));
  assertEquals(await decoded(["gzip"], new Uint8Array(gzipSync(""))), new Uint8Array());
});

Deno.test("Decoder refuses what is damaged, cut short, or followed by something", async () => {
  const rest = new Uint8Array([1, 2, 3]);
  for (const [coding, whole] of [["gzip", GZIP], ["br", BR]] as const) {
    const bad = {
      "nothing": new Uint8Array(),
      "half": whole.slice(0, whole.length / 2),
      "all but the last": whole.slice(0, -1),
      "followed": joined(whole, rest),
      "damaged": whole.with(whole.length >> 1, whole[whole.length >> 1]! ^ 0x55),
      "plain": TEXT,
    };
    for (const bytes of Object.values(bad)) {
      const error = await assertRejects(() => decoded([coding], bytes), CodingError, coding);
      assertEquals(error.failure, "network");
    }
  }
});

Deno.test("Decoder decodes no faster than it is written, and tells why it cannot be", async () => {
  const bomb = new Uint8Array(gzipSync(new Uint8Array(50_000_000)));
  let most = 0, bytes = 0;
  const decoder = Decoder.open(["gzip"], async (piece) => {
    most = Math.max(most, piece.length);
    bytes += piece.length;
    await Promise.resolve();
    if (bytes > 1_000_000) throw new RangeError("the disk is full");
  });
  const decode = async () => {
    for (let i = 0; i < 9; i++) await decoder.push(bomb);
    await decoder.end();
  };
  await assertRejects(decode, RangeError, "the disk is full");
  assertEquals([most < 5_000_000, bytes < 6_000_000], [true, true]);
  await decoder.close();
});
