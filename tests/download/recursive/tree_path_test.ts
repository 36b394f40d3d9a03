import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { foldedName, localName, PathFilter } from "../../../lib/download/recursive/tree_path.ts";

/** Segments, and the names of files for them; undefined for none. */
const NAMES: readonly (readonly [segment: string, name: string | undefined, windows?: string])[] = [
  ["a%20b.iso", "a b.iso"],
  ["%C3%A9%2520", "é%20"],
  [".hidden", ".hidden"],
  ["-", "-"],
  ["a.part", "a.part"],
  ["%E9", "%E9"],
  ["%zz", "%zz"],
  ["..%2F..%2Fetc", "..%2F..%2Fetc"],
  ["..%5c..", "..%5C..", "..%5C.%2E"],
  ["a%00b%0ac%7f%C2%85", "a%00b%0Ac%7F%C2%85"],
  ["", undefined],
  [".", undefined],
  ["%2e%2E", undefined],
  ["...", "...", "..%2E"],
  ["n".repeat(255), "n".repeat(255)],
  ["n".repeat(256), undefined],
  ["%C3%A9".repeat(128), undefined],
  ["%0A".repeat(86), undefined],
  ["a:b", "a:b", "a%3Ab"],
  ["a%3Fb%22%7C", 'a?b"|', "a%3Fb%22%7C"],
  ["CON", "CON", "%43ON"],
  ["com1.txt", "com1.txt", "%63om1.txt"],
  ["console", "console"],
  ["a.%20", "a. ", "a.%20"],
];

Deno.test("localName() gives names that stay where they are put", () => {
  for (const [segment, name, windows = name] of NAMES) {
    assertEquals(localName(segment, false), name, segment);
    assertEquals(localName(segment, true), windows, segment);
  }
});

Deno.test("localName() gives the same name for what it gave", () => {
  const segment = fc.string({ unit: "binary" }).map((name) => encodeURIComponent(name));
  fc.assert(fc.property(segment, fc.boolean(), (segment, isWindows) => {
    const name = localName(segment, isWindows);
    if (name === undefined) return;
    assert(!/[/\\\0]/.test(name) && name !== "." && name !== "..");
    assertEquals(localName(encodeURIComponent(name), isWindows), name);
  }));
});

Deno.test("foldedName() is one for names that some file systems take for one", () => {
  assertEquals(foldedName("README"), foldedName("ReadMe"));
  assertEquals(foldedName("\u00c9"), foldedName("e\u0301"));
  assert(foldedName("a") !== foldedName("b"));
});

/** Globs, and paths that are wanted and not; a directory has a slash at its end. */
const FILTERS: readonly {
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly wanted: readonly string[];
  readonly not: readonly string[];
}[] = [
  { wanted: ["a", "a/b/c", "a/"], not: [] },
  { include: ["*.iso"], wanted: ["a.iso", "b/c/a.iso", "b/"], not: ["a.txt", "a.iso.txt", "iso"] },
  { include: ["a/*.iso"], wanted: ["a/x.iso", "b/"], not: ["x.iso", "b/a/x.iso", "a/b/x.iso"] },
  { include: ["/x"], wanted: ["x"], not: ["a/x"] },
  { include: ["a/**"], wanted: ["a/x", "a/b/x"], not: ["x", "b/a"] },
  { include: ["**/*.iso"], wanted: ["x.iso", "a/b/x.iso"], not: ["x"] },
  { include: ["doc"], wanted: ["doc", "doc/a", "x/doc/a/b"], not: ["docs", "a"] },
  { include: ["doc/"], wanted: ["doc/a", "x/doc/a"], not: ["doc"] },
  { include: ["*.{gz,xz}", "?"], wanted: ["a.gz", "b.xz", "c"], not: ["a.bz2", "cc"] },
  { include: ["[!a]*"], wanted: ["b"], not: ["ab"] },
  { exclude: ["*.iso"], wanted: ["a", "b/"], not: ["a.iso", "b/a.iso", "x.iso/"] },
  { exclude: ["tmp/"], wanted: ["tmp", "tmpx/"], not: ["tmp/", "a/tmp/"] },
  { exclude: ["/tmp"], wanted: ["a/tmp", "a/tmp/"], not: ["tmp", "tmp/"] },
  { exclude: ["a/b"], wanted: ["a/", "a/c"], not: ["a/b", "a/b/"] },
  { include: ["*.iso"], exclude: ["old*"], wanted: ["a.iso"], not: ["old.iso", "a", "old/"] },
  { include: ["["], wanted: ["["], not: ["a"] },
];

Deno.test("PathFilter wants what globs include, but not what others exclude", () => {
  for (const { include = [], exclude = [], wanted, not } of FILTERS) {
    const filter = new PathFilter(include, exclude);
    const isWanted = (path: string) =>
      path.endsWith("/") ? filter.enters(path.slice(0, -1)) : filter.takes(path);
    const globs = JSON.stringify({ include, exclude });
    for (const path of wanted) assert(isWanted(path), `${globs}: ${path}`);
    for (const path of not) assert(!isWanted(path), `${globs}: ${path}`);
  }
});
