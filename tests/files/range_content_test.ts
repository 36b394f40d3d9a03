import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type ByteSource,
  MemoryBytes,
  RangeContent,
  type Segment,
} from "../../lib/files/range_content.ts";
import { encodeLatin1 } from "../../lib/http/grammar.ts";
import { textOf } from "../support/feed.ts";

/** All of a content, read with a buffer of that size. */
async function allOf(content: RangeContent, bufferSize: number): Promise<string> {
  let text = "";
  const buffer = new Uint8Array(bufferSize);
  for (let count; (count = await content.read(buffer)) !== null;) {
    text += textOf(buffer.subarray(0, count));
  }
  return text;
}

const LETTERS = encodeLatin1("abcdefghij");

Deno.test("RangeContent gives its segments one after the other, whatever the buffer", async () => {
  const rows: (readonly [segments: readonly Segment[], text: string])[] = [
    [[], ""],
    [[{ first: 0, last: 9 }], "abcdefghij"],
    [[{ first: 3, last: 3 }], "d"],
    [
      [encodeLatin1("<"), { first: 8, last: 9 }, encodeLatin1("><"), { first: 0, last: 1 }],
      "<ij><ab",
    ],
    [[encodeLatin1("head"), { first: 0, last: 0 }, encodeLatin1("end")], "headaend"],
  ];
  for (const [segments, text] of rows) {
    for (const bufferSize of [1, 2, 3, 100]) {
      const content = new RangeContent(new MemoryBytes(LETTERS), segments);
      assertEquals(content.length, text.length);
      assertEquals(await allOf(content, bufferSize), text);
    }
  }
});

Deno.test("RangeContent fails where the bytes do, and waits when they take time", async () => {
  const short: ByteSource = {
    size: 10,
    readAt: async (buffer, position) => {
      if (position >= 4) throw new Error(`it ends before byte ${position}`);
      return await new MemoryBytes(LETTERS.subarray(0, 4)).readAt(buffer, position);
    },
    close: () => {},
  };
  const content = new RangeContent(short, [{ first: 2, last: 9 }]);
  assertEquals(content.length, 8);
  assertEquals(await content.read(new Uint8Array(3)), 2);
  await assertRejects(async () => await content.read(new Uint8Array(3)), Error, "before byte 4");
});

Deno.test("RangeContent closes what it reads from", () => {
  let closed = 0;
  const bytes = { size: 1, readAt: () => 0, close: () => void closed++ };
  const content = new RangeContent(bytes, [{ first: 0, last: 0 }]);
  content.close();
  assertEquals(closed, 1);
});

Deno.test("MemoryBytes reads at any position, and nothing beyond the end", () => {
  const bytes = new MemoryBytes(LETTERS);
  const buffer = new Uint8Array(4);
  assertEquals(bytes.readAt(buffer, 8), 2);
  assertEquals(textOf(buffer.subarray(0, 2)), "ij");
  assertEquals(bytes.readAt(buffer, 10), 0);
  assert(bytes.size === 10);
});
