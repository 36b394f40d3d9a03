import { assertEquals } from "@std/assert";
import { FileCache } from "../../lib/files/file_cache.ts";

function cacheOf(bytes: number, entries: number, sizes: Readonly<Record<string, number>>) {
  const cache = new FileCache<{ bytes: number }>({ bytes, entries });
  for (const [key, bytes] of Object.entries(sizes)) cache.set(key, { bytes });
  const kept = () => "abcdef".split("").filter((key) => cache.get(key) !== undefined).join("");
  return { cache, kept };
}

Deno.test("FileCache keeps so many bytes and so many entries, the latest", () => {
  assertEquals(cacheOf(10, 10, { a: 4, b: 4, c: 4 }).kept(), "bc");
  assertEquals(cacheOf(10, 2, { a: 1, b: 1, c: 1 }).kept(), "bc");
  assertEquals(cacheOf(10, 10, { a: 4, b: 11 }).kept(), "");
  assertEquals(cacheOf(0, 2, { a: 0, b: 0, c: 0 }).kept(), "bc");
});

Deno.test("FileCache spares once what was asked for", () => {
  const { cache, kept } = cacheOf(10, 2, { a: 1, b: 1 });
  cache.get("a");
  cache.set("c", { bytes: 1 });
  assertEquals(kept(), "ac");
});

Deno.test("FileCache counts an entry once that is set again or deleted", () => {
  const { cache, kept } = cacheOf(10, 10, { a: 8 });
  cache.set("a", { bytes: 9 });
  cache.set("b", { bytes: 1 });
  assertEquals(kept(), "ab");
  cache.delete("a");
  cache.delete("none");
  cache.set("c", { bytes: 9 });
  assertEquals(kept(), "bc");
});
