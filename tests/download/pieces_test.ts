import { assertEquals } from "@std/assert";
import { Pieces } from "../../lib/download/part_record.ts";
import { randomInteger, seededRandom } from "../support/random.ts";

Deno.test("Pieces joins what touches, and knows what is missing", () => {
  const pieces = new Pieces([[5, 8], [0, 2], [8, 9], [12, 12]]);
  assertEquals(pieces.list, [[0, 2], [5, 9]]);
  assertEquals([pieces.size, pieces.prefix], [6, 2]);
  assertEquals(pieces.holes(10), [[2, 5], [9, 10]]);
  pieces.add(1, 6);
  assertEquals([pieces.list, pieces.prefix, pieces.holes(9)], [[[0, 9]], 9, []]);
  assertEquals([new Pieces().prefix, new Pieces([[1, 2]]).prefix], [0, 0]);
  assertEquals(new Pieces().holes(3), [[0, 3]]);
  pieces.remove(2, 4);
  assertEquals(pieces.list, [[0, 2], [4, 9]]);
  assertEquals([pieces.has(4, 9), pieces.has(1, 3), pieces.has(0, 2)], [true, false, true]);
});

Deno.test("Pieces is right whatever comes in whatever order", () => {
  const random = seededRandom(1);
  for (let round = 0; round < 200; round++) {
    const pieces = new Pieces();
    const there = new Array(30).fill(false);
    for (let i = 0; i < 8; i++) {
      const first = randomInteger(random, 30);
      const end = Math.min(30, first + randomInteger(random, 8));
      pieces.add(first, end);
      there.fill(true, first, Math.max(first, end));
      const [from, to] = [randomInteger(random, 30), randomInteger(random, 30)];
      if (i % 3 > 0 || from >= to) continue;
      pieces.remove(from, to);
      there.fill(false, from, to);
    }
    const missing = new Array(30).fill(true);
    for (const [first, end] of pieces.list) missing.fill(false, first, end);
    assertEquals(missing, there.map((it) => !it));
    assertEquals(pieces.size, there.filter((it) => it).length);
    for (const [first, end] of pieces.holes(30)) missing.fill(false, first, end);
    assertEquals(missing.includes(true), false);
  }
});
