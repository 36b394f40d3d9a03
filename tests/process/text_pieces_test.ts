import { assertEquals } from "@std/assert";
import { TextPieces } from "../../lib/process/admin_replies.ts";

/** What each read gives, up to the end. */
function readsOf(pieces: readonly string[], bytes: number): Uint8Array<ArrayBuffer>[] {
  const content = new TextPieces(pieces.values());
  const reads: Uint8Array<ArrayBuffer>[] = [];
  const buffer = new Uint8Array(bytes);
  for (;;) {
    const count = content.read(buffer);
    if (count === null) return reads;
    reads.push(buffer.slice(0, count));
  }
}

function textsOf(pieces: readonly string[], bytes: number): string[] {
  return readsOf(pieces, bytes).map((octets) => new TextDecoder().decode(octets));
}

Deno.test("TextPieces.read() gives no more than one piece, nor than there is room for", () => {
  const pieces = ["abcdef", "", "gh", "ijkl"];
  assertEquals(textsOf(pieces, 4), ["abcd", "ef", "gh", "ijkl"]);
  assertEquals(textsOf(pieces, 100), ["abcdef", "gh", "ijkl"]);
  assertEquals(textsOf([], 100), []);
});

Deno.test("TextPieces.read() gives UTF-8, also where a read ends inside of a character", async () => {
  const reads = readsOf(["aü–"], 2);
  assertEquals(reads.map(({ length }) => length), [2, 2, 2]);
  assertEquals(await new Blob(reads).text(), "aü–");
});

Deno.test("TextPieces makes a piece only when it is asked for, and none after close", () => {
  let made = 0;
  function* pieces(): Generator<string> {
    for (;;) yield `${made++}`;
  }
  const content = new TextPieces(pieces());
  content.read(new Uint8Array(10));
  assertEquals(made, 1);
  content.close();
  assertEquals([content.read(new Uint8Array(10)), made], [null, 1]);
});
