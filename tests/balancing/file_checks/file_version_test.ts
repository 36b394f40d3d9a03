import { assertEquals, assertNotEquals } from "@std/assert";
import {
  type FileVersion,
  hashOf,
  isSameVersion,
} from "../../../lib/balancing/file_checks/file_version.ts";
import { VersionTable } from "../../../lib/balancing/file_checks/version_groups.ts";

const DIGEST = "0f".repeat(32);

const CASES: readonly [what: string, a: FileVersion, b: FileVersion, isSame: boolean][] = [
  ["equal sizes", { bytes: 1 }, { bytes: 1 }, true],
  ["other sizes", { bytes: 1 }, { bytes: 2 }, false],
  ["a size and none", { bytes: 1 }, {}, true],
  ["nothing known", {}, {}, true],
  ["equal tags", { bytes: 1, tag: 5 }, { bytes: 1, tag: 5 }, true],
  ["other tags", { bytes: 1, tag: 5 }, { bytes: 1, tag: 6 }, false],
  ["a tag and none", { bytes: 1, tag: 5 }, { bytes: 1 }, true],
  ["other times alone", { bytes: 1, lastModified: 5 }, { bytes: 1, lastModified: 6 }, true],
  [
    "other tags of other software at one time",
    { bytes: 1, tag: 5, software: 1, lastModified: 9 },
    { bytes: 1, tag: 6, software: 2, lastModified: 9 },
    true,
  ],
  [
    "other tags of the same software at one time",
    { bytes: 1, tag: 5, software: 1, lastModified: 9 },
    { bytes: 1, tag: 6, software: 1, lastModified: 9 },
    false,
  ],
  [
    "other tags of other software at other times",
    { bytes: 1, tag: 5, software: 1, lastModified: 9 },
    { bytes: 1, tag: 6, software: 2, lastModified: 8 },
    false,
  ],
  ["equal digests, other tags", { sha256: "aa", tag: 5 }, { sha256: "aa", tag: 6 }, true],
  ["other digests, equal tags", { sha256: "aa", tag: 5 }, { sha256: "ab", tag: 5 }, false],
  ["equal digests, other sizes", { sha256: "aa", bytes: 5 }, { sha256: "aa", bytes: 6 }, false],
];

for (const [what, a, b, isSame] of CASES) {
  Deno.test(`isSameVersion() is ${isSame} for ${what}`, () => {
    assertEquals([isSameVersion(a, b), isSameVersion(b, a)], [isSame, isSame]);
  });
}

Deno.test("hashOf() gives an integer that differs for texts that differ", () => {
  const hashes = Array.from({ length: 1000 }, (_, i) => hashOf(`"${i}"`));
  assertEquals(new Set(hashes).size, 1000);
  assertEquals(hashes.every(Number.isSafeInteger), true);
  assertNotEquals(hashOf(""), hashOf("\0"));
});

Deno.test("VersionTable.get() gives what was set, in any row", () => {
  const table = new VersionTable();
  const versions: FileVersion[] = [
    { bytes: 0, tag: 0, lastModified: 0, software: 0, sha256: DIGEST },
    { bytes: 2 ** 50, tag: 2 ** 53 - 1, lastModified: -5, software: 9, sha256: undefined },
    {
      bytes: undefined,
      tag: undefined,
      lastModified: undefined,
      software: undefined,
      sha256: undefined,
    },
  ];
  versions.forEach((version, i) => table.set(i * 3000, version));
  versions.forEach((version, i) => assertEquals(table.get(i * 3000), version));
  assertEquals([table.bytesOf(0), table.bytesOf(6000)], [0, undefined]);
  table.set(0, {});
  assertEquals(table.get(0).sha256, undefined);
});
