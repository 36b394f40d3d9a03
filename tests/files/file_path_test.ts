import { assertEquals } from "@std/assert";
import { filePath } from "../../lib/files/file_path.ts";

/** Targets, and the names that are found in them; a directory ends in an empty one. */
const PATHS: readonly [target: string, ...names: string[]][] = [
  ["/", ""],
  ["/?a=/b/..", ""],
  ["/a", "a"],
  ["/a/", "a", ""],
  ["/a/b.html", "a", "b.html"],
  ["/a/b.html?c/d", "a", "b.html"],
  ["/a?", "a"],
  ["/a/?", "a", ""],
  ["/A/a", "A", "a"],
  ["/a%20b", "a b"],
  ["/a+b", "a+b"],
  ["/%61%62", "ab"],
  ["/%c3%a9%E2%82%AC", "é€"],
  ["/%F0%9F%90%91", "🐑"],
  ["/100%25", "100%"],
  ["/%252e%252e", "%2e%2e"],
  ["/%252f", "%2f"],
  ["/%22%27%3c", "\"'<"],
  ["/%3f%23", "?#"],
  ["/a%0ab", "a\nb"],
  ["/a.", "a."],
  ["/a..b", "a..b"],
  ["/a/b...", "a", "b..."],
  ["/~user", "~user"],
  ["/%EF%BC%8Fetc", "／etc"],
];

Deno.test("filePath() decodes each segment exactly once", () => {
  for (const [target, ...names] of PATHS) {
    const isDirectory = names.at(-1) === "";
    if (isDirectory) names.pop();
    assertEquals(filePath(target), { names, isDirectory }, target);
  }
});

const NOT_FOUND = [
  ["/..", "/../a", "/a/..", "/a/../b", "/a/../../b", "/.", "/./a", "/a/.", "/.../a"],
  ["/%2e", "/%2e%2e", "/%2E%2e/a", "/.%2e/a", "/%2e./a", "/a/%2e%2e/b"],
  ["/%2f", "/a%2fb", "/a%2F..%2Fb", "/..%2f..%2fetc/passwd", "/%2e%2e%2fa"],
  ["/a\\b", "/a%5cb", "/..\\..\\a", "/%2e%2e%5ca"],
  ["/%00", "/a%00", "/a%00.html", "/%00/a"],
  ["//", "//a", "/a//b", "/a//", "///"],
  ["/.git/config", "/.htaccess", "/a/.ssh/id", "/%2egit"],
].flat();

Deno.test("filePath() refuses with 404 what could only lead astray", () => {
  for (const target of NOT_FOUND) assertEquals(filePath(target), { refusedWith: 404 }, target);
});

const MALFORMED = [
  ["/%", "/a%", "/a%2", "/%zz", "/%u0041", "/% 20", "/%2", "/a/%g0/b"],
  // Octets that are no UTF-8: cut off, overlong, a surrogate, beyond Unicode.
  [
    "/%ff",
    "/%c3",
    "/%c3%28",
    "/%c0%af",
    "/%c0%ae%c0%ae",
    "/%e0%80%af",
    "/%ed%a0%80",
    "/%f5%80%80%80",
  ],
].flat();

Deno.test("filePath() refuses with 400 what is no encoded path", () => {
  for (const target of MALFORMED) assertEquals(filePath(target), { refusedWith: 400 }, target);
});

Deno.test("filePath() does not look at the query", () => {
  for (const query of ["..", "%00", "%zz", "/../", "\\", "?"]) {
    assertEquals(filePath(`/a?${query}`), { names: ["a"], isDirectory: false }, query);
  }
});
