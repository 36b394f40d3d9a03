import { assertEquals } from "@std/assert";
import {
  compareEntries,
  type ListingEntry,
  listingOrder,
  parentReference,
  sortParameter,
} from "../../lib/files/listing.ts";

function file(name: string, size = 0, modifiedMs = 0): ListingEntry {
  return { kind: "file", name, size, modifiedMs };
}

function directory(name: string, modifiedMs = 0): ListingEntry {
  return { kind: "directory", name, modifiedMs };
}

Deno.test("listingOrder() reads ?sort=, and takes anything else for name", () => {
  const rows: [target: string, key: string, isDescending: boolean][] = [
    ["/", "name", false],
    ["/?", "name", false],
    ["/?sort=name", "name", false],
    ["/?sort=-name", "name", true],
    ["/?sort=size", "size", false],
    ["/?sort=-size", "size", true],
    ["/?sort=time", "time", false],
    ["/?sort=-time", "time", true],
    ["/a?b&sort=%73ize&c", "size", false],
    ["/?sort=size&sort=time", "size", false],
    ["/?sort=", "name", false],
    ["/?sort=--name", "name", false],
    ["/?sort=Size", "name", false],
    ["/?sort=size%0a", "name", false],
    ["/?sort=constructor", "name", false],
    ["/?sort=%zz%", "name", false],
    ["/sort=size", "name", false],
  ];
  for (const [target, key, isDescending] of rows) {
    assertEquals({ ...listingOrder(target) }, { key, isDescending }, target);
  }
});

Deno.test("sortParameter() writes what listingOrder() reads", () => {
  for (const sort of ["name", "-name", "size", "-size", "time", "-time"]) {
    assertEquals(sortParameter(listingOrder(`/?sort=${sort}`)), sort);
  }
});

Deno.test("compareEntries() sorts by one thing, directories first, equal ones by name", () => {
  const entries = [
    file("b", 1, 2),
    file("a", 1, 3),
    file("B", 3, 1),
    file("\u00e9", 2, 1),
    directory("z", 5),
    directory("y", 9),
  ];
  const sorted: [sort: string, names: string][] = [
    ["name", "y z B a b \u00e9"],
    ["-name", "z y \u00e9 b a B"],
    ["size", "y z a b \u00e9 B"],
    ["-size", "y z B \u00e9 a b"],
    ["time", "z y B \u00e9 b a"],
    ["-time", "y z a b B \u00e9"],
  ];
  for (const [sort, names] of sorted) {
    const order = listingOrder(`/?sort=${sort}`);
    const found = entries.toSorted(compareEntries(order)).map(({ name }) => name).join(" ");
    assertEquals(found, names, sort);
  }
});

Deno.test("parentReference() leads above the directory, however many slashes follow its name", () => {
  const rows = [
    ["/a/", "/"],
    ["/a/b/", "/a/"],
    ["/a/b//", "/a/"],
    ["//a///", "//"],
    ["/a//b/?c//", "/a//"],
  ] as const;
  for (const [target, parent] of rows) {
    assertEquals(new URL(parentReference(target), `http://a${target}`).pathname, parent);
  }
});
