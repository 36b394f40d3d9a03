import { assert, assertEquals, assertMatch } from "@std/assert";
import { fileName } from "../../lib/download/file_name.ts";
import { parseTypedUri } from "../../lib/download/target_uri.ts";

function nameOf(target: string): string {
  return fileName(parseTypedUri(`http://host${target}`));
}

const NAMES: Readonly<Record<string, string>> = {
  "/a.html": "a.html",
  "/a/b.tar.gz": "b.tar.gz",
  "/a?b=/c": "a",
  "/a#b": "a",
  "/a%20b": "a b",
  "/a+b": "a+b",
  "/%C3%A9%E2%82%AC": "é€",
  "/é": "é",
  "/%F0%9F%90%91.png": "🐑.png",
  "/100%25": "100%",
  "/%2525": "%25",
  "/%zz": "%zz",
  "/%ff": "%ff",
  "/.bashrc": ".bashrc",
  "/...": "...",
  // No last segment.
  "": "index.html",
  "/": "index.html",
  "/?a": "index.html",
  "/a/": "index.html",
  "/a/..": "index.html",
  "/a/%2e": "index.html",
  "/a/%2e%2e": "index.html",
  // What would lead out of the directory.
  "/%2e%2e%2f": ".._",
  "/..%2f..%2fetc%2fpasswd": ".._.._etc_passwd",
  "/%2Fetc%2Fpasswd": "_etc_passwd",
  "/..%5c..%5ca": ".._.._a",
  "/%2f": "_",
  // Controls.
  "/%00": "_",
  "/a%00.txt": "a_.txt",
  "/a%0ab%0dc%1b%5b2J%7f": "a_b_c_[2J_",
  "/a%C2%85b": "a_b",
  // Devices of Windows.
  "/con": "_con",
  "/NUL.txt": "_NUL.txt",
  "/com1": "_com1",
  "/console": "console",
};

Deno.test("fileName() is the last segment, decoded and made safe", () => {
  for (const [target, name] of Object.entries(NAMES)) assertEquals(nameOf(target), name, target);
});

Deno.test("fileName() never means standard output", () => {
  assert(nameOf("/-") !== "-");
  assert(nameOf("/%2d") !== "-");
});

Deno.test("fileName() fits into 255 bytes, and keeps the extension", () => {
  const long = [
    "a".repeat(300),
    `${"a".repeat(300)}.tar.gz`,
    `${"é".repeat(300)}.html`,
    `${"🐑".repeat(300)}.png`,
    `a.${"b".repeat(300)}`,
    ".a".repeat(300),
  ];
  for (const name of long) {
    const short = nameOf(`/${encodeURIComponent(name)}`);
    const bytes = new TextEncoder().encode(short).length;
    assert(bytes <= 255 && bytes > 245, `${bytes} bytes of ${name}`);
    assert(!short.includes("\ufffd"), "a character was cut through");
  }
  assertMatch(nameOf(`/${long[1]}`), /^a+\.tar\.gz$/);
  assertMatch(nameOf(`/${encodeURIComponent(long[2]!)}`), /^é+\.html$/);
  for (const bytes of [245, 246, 251, 255]) {
    assertEquals(nameOf(`/${"a".repeat(bytes)}`), "a".repeat(bytes));
  }
});
