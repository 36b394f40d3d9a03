import { assertEquals } from "@std/assert";
import { randomInteger, seededRandom } from "../support/random.ts";
import { MinHeap } from "./min_heap.ts";

/** Takes out all items. */
function drain(heap: MinHeap<number>): number[] {
  return Array.from({ length: heap.size }, () => heap.shift()!);
}

Deno.test("MinHeap gives items by ascending keys, and leaves those that are not removed", () => {
  const random = seededRandom(5);
  for (let size = 0; size < 40; size++) {
    const keys = Array.from({ length: size }, () => randomInteger(random, 30));
    const heap = new MinHeap<number>();
    for (const key of keys) heap.add(key, key);
    const sorted = keys.toSorted((a, b) => a - b);
    assertEquals(heap.firstKey, sorted[0] ?? Infinity);
    const removed = heap.remove((it) => it % 3 === 0).map(({ key }) => key);
    assertEquals(removed.sort((a, b) => a - b), sorted.filter((it) => it % 3 === 0));
    assertEquals(drain(heap), sorted.filter((it) => it % 3 !== 0));
    assertEquals(heap.shift(), undefined);
  }
});
