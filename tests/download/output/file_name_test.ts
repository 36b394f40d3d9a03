import { assert, assertEquals, assertMatch } from "@std/assert";
import { fileName, NameClaims, proposedName } from "../../../lib/download/output/file_name.ts";
import { parseTypedUri } from "../../../lib/download/requests/target_uri.ts";
import { fieldsWith } from "../../support/field_lines.ts";
import { TemporaryDirectory } from "../../support/temporary_directory.ts";

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

/** The value of Content-Disposition, and the name that it proposes. */
const ROWS: readonly (readonly [value: string, name: string | undefined])[] = [
  ["attachment", undefined],
  ["attachment; filename=a.txt", "a.txt"],
  ['attachment; filename="a b.txt"', "a b.txt"],
  ['inline;FILENAME="a\\"b"', 'a"b'],
  ["attachment; filename=annual report 2024.pdf", "annual report 2024.pdf"],
  ["attachment; filename=annual report.pdf ; size=5", "annual report.pdf"],
  ["attachment; size=5; filename=\tannual report.pdf\t", "annual report.pdf"],
  ["filename=a.txt", "a.txt"],
  ['filename="a b.txt"', "a b.txt"],
  ["filename*=UTF-8''a%20b", "a b"],
  ['attachment; filename="/srv/files/a.txt"', "a.txt"],
  ['attachment; filename="C:\\files\\new.txt"', "new.txt"],
  ["attachment; filename*=UTF-8''..%2f..%2fa", "a"],
  ['attachment; filename="files/"', undefined],
  ['attachment; filename=".."', undefined],
  ["attachment; filename = a.txt ; x=y", "a.txt"],
  ["attachment; filename=\"plain\"; filename*=UTF-8''%e2%82%ac.txt", "€.txt"],
  ["attachment; filename*=UTF-8''%zz; filename=plain", "plain"],
  ["attachment; filename*=iso-8859-1''%a3; filename=plain", "plain"],
  ["attachment; filename*=UTF-8''%ff; filename=plain", "plain"],
  ['attachment; filename="\xe2\x82\xac"', "€"],
  ['attachment; filename="\xe9"', "é"],
  ['attachment; filename="../../etc/passwd"', "passwd"],
  ['attachment; filename=""', undefined],
];

Deno.test("proposedName() is the name that Content-Disposition proposes, without its path", () => {
  for (const [value, name] of ROWS) {
    assertEquals(proposedName(fieldsWith([["Content-Disposition", value]])), name, value);
  }
  assertEquals(proposedName(fieldsWith()), undefined);
});

Deno.test("NameClaims gives each file to one claimant, however it is spelled", async () => {
  await using directory = await TemporaryDirectory.with({ "d/file": "" });
  await Deno.symlink("d", directory.join("e"));
  await Deno.symlink("file", directory.join("d/link"));
  const claims = new NameClaims();
  const rows: readonly [path: string, isFree: boolean][] = [
    ["d/file", true],
    ["d/file", false],
    ["e/file", false],
    ["d/link", false],
    ["d/../d/file", false],
    ["d/new", true],
    ["e/./new", false],
    ["no/where", true],
    ["no/where", false],
  ];
  for (const [path, isFree] of rows) {
    assertEquals(claims.claim(`${directory.path}/${path}`), isFree, path);
  }
  claims.release(`${directory.path}/e/new`);
  assertEquals(claims.claim(`${directory.path}/d/new`), true);
});
