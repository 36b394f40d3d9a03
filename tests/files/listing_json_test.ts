import { assertEquals } from "@std/assert";
import type { ListingEntry } from "../../lib/files/listing.ts";
import { JSON_LISTING } from "../../lib/files/listing_forms.ts";

const AT = Date.UTC(2027, 1, 28, 23, 59, 59, 999);

function listed(...entries: ListingEntry[]): string {
  const { start, row, end } = JSON_LISTING;
  const listing = { names: ["a"], parent: "../", order: undefined };
  return start(listing) + entries.map(row).join("") + end(entries.length);
}

Deno.test("JSON_LISTING is an array with an entry a line, in the shape of nginx", () => {
  const text = listed(
    { kind: "directory", name: "b", modifiedMs: AT },
    { kind: "file", name: "c", size: 2 ** 52 + 1, modifiedMs: 0 },
  );
  assertEquals(
    text,
    `[
{"name":"b","type":"directory","mtime":"Sun, 28 Feb 2027 23:59:59 GMT"},
{"name":"c","type":"file","mtime":"Thu, 01 Jan 1970 00:00:00 GMT","size":4503599627370497}
]
`,
  );
});

Deno.test("JSON_LISTING is JSON with no entry, and with any name", () => {
  assertEquals(JSON.parse(listed()), []);
  for (const name of ['"', "\\", "\n\r\t\0", "</script>", "\u2028", "caf\u00e9 \u{1f600}"]) {
    const [{ name: read }] = JSON.parse(listed({ kind: "file", name, size: 0, modifiedMs: 0 }));
    assertEquals(read, name);
  }
});
