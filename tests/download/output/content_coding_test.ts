import { assertEquals, assertRejects } from "@std/assert";
import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from "node:zlib";
import {
  contentCodings,
  Decoder,
  isDecodable,
} from "../../../lib/download/output/content_coding.ts";
import { CodingError } from "../../../lib/download/download_error.ts";
import { fieldsWith } from "../../support/field_lines.ts";

const TEXT = new TextEncoder().encode("hello world ".repeat(2000));
const GZIP = new Uint8Array(gzipSync(TEXT)), BR = new Uint8Array(brotliCompressSync(TEXT));
const CHECKED = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };
const ZSTD = new Uint8Array(zstdCompressSync(TEXT, CHECKED));

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

Deno.test("isDecodable() knows gzip, br and zstd, in one another, and no others", () => {
  for (const codings of [[], ["gzip"], ["br", "gzip"], ["zstd"]]) {
    assertEquals(isDecodable(codings), true);
  }
  const others = [["compress"], ["deflate"], ["gzip", "x"], ["toString"], Array(5).fill("gzip")];
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
  assertEquals(await decoded(["zstd"], ZSTD, 1), TEXT);
  assertEquals(await decoded(["zstd"], new Uint8Array(zstdCompressSync(""))), new Uint8Array());
  // RFC 8878 §3.1.2: a frame that is passed over; more than one may follow another.
  const skipped = Uint8Array.of(0x5f, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3);
  const frames = joined(skipped, ZSTD, skipped, ZSTD);
  assertEquals(await decoded(["zstd"], frames, 7), joined(TEXT, TEXT));
});

Deno.test("Decoder refuses what is damaged, cut short, or followed by something", async () => {
  const rest = new Uint8Array([1, 2, 3]);
  for (const [coding, whole] of [["gzip", GZIP], ["br", BR], ["zstd", ZSTD]] as const) {
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

Deno.test("Decoder refuses what would take much memory to decode as zstd", async () => {
  // RFC 8878 §3.1.1.1.2: a window of 16 MiB, and one block, which is the last, of a byte.
  const frame = (window: number) =>
    Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, window, 0x09, 0, 0, 0x61);
  assertEquals(await decoded(["zstd"], frame(13 << 3)), new TextEncoder().encode("a"));
  await assertRejects(() => decoded(["zstd"], frame(14 << 3)), CodingError);
  // RFC 8878 §3.1.1.1.4: 16 MiB in a single segment.
  const whole = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 1, 0x09, 0, 0, 0x61);
  await assertRejects(() => decoded(["zstd"], whole), CodingError);
});

const ZEROS = new Uint8Array(50_000_000);
const BOMBS = {
  gzip: gzipSync(ZEROS),
  br: brotliCompressSync(ZEROS),
  zstd: zstdCompressSync(ZEROS),
};

Deno.test("Decoder decodes no faster than it is written, and tells why it cannot be", async (t) => {
  for (const [coding, bomb] of Object.entries(BOMBS)) {
    await t.step(coding, () => assertBounded(coding, new Uint8Array(bomb)));
  }
});

async function assertBounded(coding: string, bomb: Uint8Array): Promise<void> {
  let most = 0, bytes = 0;
  const decoder = Decoder.open([coding], async (piece) => {
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
}
