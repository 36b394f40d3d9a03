import { assert, assertEquals, assertNotMatch, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { filePath } from "../../lib/files/file_path.ts";
import {
  compareEntries,
  HTML_LISTING,
  JSON_LISTING,
  type Listing,
  type ListingEntry,
  listingOrder,
  parentReference,
  sortParameter,
} from "../../lib/files/listing.ts";

const AT = Date.UTC(2027, 1, 28, 23, 59, 59, 999);
const BY_NAME = listingOrder("/");

function file(name: string, size = 0, modifiedMs = AT): ListingEntry {
  return { kind: "file", name, size, modifiedMs };
}

function directory(name: string, modifiedMs = AT): ListingEntry {
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
    ...[file("b", 1, 2), file("a", 1, 3), file("B", 3, 1), file("\u00e9", 2, 1)],
    ...[directory("z", 5), directory("y", 9)],
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

function page(listing: Partial<Listing>, ...entries: ListingEntry[]): string {
  const { start, row, end } = HTML_LISTING;
  const rows = entries.map(row).join("");
  return start({ names: [], parent: undefined, order: BY_NAME, ...listing }) + rows +
    end(entries.length);
}

/** The reference of a row's link, as a browser takes it out of the page. */
function hrefOf(entry: ListingEntry): string {
  const [, href = ""] = /<a href="([^"]*)"/.exec(HTML_LISTING.row(entry, 0))!;
  assertNotMatch(href, /[<>&:\s]|[^\x21-\x7e]/);
  return href;
}

Deno.test("HTML_LISTING shows name, size and time of a file", () => {
  assertEquals(
    HTML_LISTING.row(file("a.txt", 1536), 0),
    '<tr><td><a href="a.txt">a.txt</a><td>1.5 kiB<td>2027-02-28 23:59\n',
  );
});

Deno.test("HTML_LISTING shows a directory with a slash and no size", () => {
  assertEquals(
    HTML_LISTING.row(directory("a b"), 0),
    '<tr><td><a href="a%20b/">a b/</a><td><td>2027-02-28 23:59\n',
  );
});

Deno.test("HTML_LISTING writes sizes for people", () => {
  const sizes: [size: number, text: string][] = [
    [0, "0 B"],
    [1, "1 B"],
    [1023, "1023 B"],
    [1024, "1 kiB"],
    [1500, "1.46 kiB"],
    [1024 ** 2, "1 MiB"],
    [5 * 1024 ** 3 + 1, "5 GiB"],
    [123.4 * 1024 ** 4, "123 TiB"],
    [Number.MAX_SAFE_INTEGER, "8 PiB"],
  ];
  for (const [size, text] of sizes) {
    assertStringIncludes(HTML_LISTING.row(file("a", size), 0), `<td>${text}<td>`);
  }
});

Deno.test("HTML_LISTING leaves out a time that no calendar has", () => {
  for (const modifiedMs of [NaN, Infinity, 9e15, -9e15]) {
    assert(HTML_LISTING.row(file("a", 0, modifiedMs), 0).endsWith("<td>0 B<td>\n"));
  }
  assertStringIncludes(HTML_LISTING.row(file("a", 0, -1), 0), "<td>1969-12-31 23:59");
  assertStringIncludes(HTML_LISTING.row(file("a", 0, 8.64e15), 0), "<td>+275760-09-13 00:00");
});

Deno.test("HTML_LISTING has a head, a link to the parent, and an end", () => {
  const text = page({ names: ["a", "b c"], parent: "../../" }, file("d"));
  assert(text.startsWith('<!DOCTYPE html>\n<html lang="en">\n<meta charset="utf-8">\n'));
  assertStringIncludes(text, '<meta name="viewport" content="width=device-width">');
  assertStringIncludes(text, '<meta name="color-scheme" content="light dark">');
  assertStringIncludes(text, "<title>Index of /a/b c/</title>");
  assertStringIncludes(text, "<h1>Index of /a/b c/</h1>");
  assertStringIncludes(text, '<a href="../../">../</a>');
  assert(text.endsWith("</table>\n</html>\n"));
  assertNotMatch(text, /<script|\bon[a-z]+=|https?:/);
});

Deno.test("HTML_LISTING has no parent at the root, and says when there is nothing", () => {
  const text = page({});
  assertStringIncludes(text, "<h1>Index of /</h1>");
  assert(!text.includes("../"));
  assertStringIncludes(text, "<p>There is nothing in here.</p>");
});

Deno.test("HTML_LISTING sorts by its column heads, and the same column in reverse", () => {
  const heads: [target: string, ...heads: string[]][] = [
    [
      "/",
      '<th scope="col" aria-sort="ascending"><a href="?sort=-name">Name</a>',
      '<th scope="col"><a href="?sort=size">Size</a>',
      '<th scope="col"><a href="?sort=time">Modified (UTC)</a>',
    ],
    [
      "/?sort=-size",
      '<th scope="col"><a href="?sort=name">Name</a>',
      '<th scope="col" aria-sort="descending"><a href="?sort=size">Size</a>',
      '<th scope="col"><a href="?sort=time">Modified (UTC)</a>',
    ],
  ];
  for (const [target, ...expected] of heads) {
    assertStringIncludes(page({ order: listingOrder(target) }), `<tr>${expected.join("")}\n`);
  }
});

Deno.test("HTML_LISTING says that it is not sorted, and offers no sorting then", () => {
  const text = page({ order: undefined });
  assertStringIncludes(text, "<p>Here are more than 10000 entries.");
  assertStringIncludes(text, '<tr><th scope="col">Name<th scope="col">Size');
  assert(!text.includes("?sort="));
});

Deno.test("HTML_LISTING escapes names wherever it shows them", () => {
  const hostile = `"><img src=x onerror=alert('&')>`;
  const escaped = "&quot;&gt;&lt;img src=x onerror=alert(&#39;&amp;&#39;)&gt;";
  const text = page({ names: [hostile] }, file(hostile));
  assertStringIncludes(text, `<title>Index of /${escaped}/</title>`);
  assertStringIncludes(text, `>${escaped}</a>`);
  assert(!text.includes("<img"));
});

const NAMES = [
  ...["a", "a b", " a", "100%", "%41", "a#b", "a?b", "?", "#", "a&b=c", "a+b", "a;b", "a,b"],
  ...["a:b", "http:", "javascript:alert(1)", "c:", "a@b", "~", "a..", "'", '"', "<b>", "`"],
  ...["a\nb", "\r\n", "\t", "\x01", "\x7f", "caf\u00e9", "cafe\u0301", "\u65e5\u672c", "\u{1f411}"],
  ...["\u202egnp.exe", "\u2028", "[1]", "{}", "|", "^", "&amp;", "index.html", "*", "-rf", "!"],
];

Deno.test("HTML_LISTING links to any name, so that filePath() finds it again", () => {
  for (const name of NAMES) {
    const { pathname, search, hash } = new URL(hrefOf(file(name)), "http://h/d%20e/");
    assertEquals([search, hash], ["", ""], name);
    assertEquals(filePath(pathname), { names: ["d e", name], isDirectory: false }, name);
  }
});

Deno.test("HTML_LISTING links to every name that can be served", () => {
  const property = fc.property(fc.string({ unit: "binary", minLength: 1 }), (name) => {
    fc.pre(!name.startsWith(".") && !/[/\\\0]/.test(name));
    const { pathname } = new URL(hrefOf(directory(name)), "http://h/");
    assertEquals(filePath(pathname), { names: [name.toWellFormed()], isDirectory: true });
  });
  fc.assert(property, { seed: 42, numRuns: 300 });
});

Deno.test("HTML_LISTING writes a link for what is no Unicode", () => {
  assertEquals(hrefOf(file("a\ud800b")), "a%EF%BF%BDb");
});

function json(...entries: ListingEntry[]): string {
  const { start, row, end } = JSON_LISTING;
  const listing = { names: ["a"], parent: "../", order: undefined };
  return start(listing) + entries.map(row).join("") + end(entries.length);
}

Deno.test("JSON_LISTING is an array with an entry a line, in the shape of nginx", () => {
  const text = json(
    directory("b"),
    file("c", 2 ** 52 + 1, 0),
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

Deno.test("JSON_LISTING leaves out a time that no HTTP-date can tell", () => {
  const timeOf = (modifiedMs: number) => JSON.parse(json(file("a", 0, modifiedMs)))[0].mtime;
  const beyond = [NaN, Infinity, -Infinity, 9e15, -9e15, 253_402_300_800_000, -62_135_596_800_001];
  for (const ms of beyond) assertEquals(timeOf(ms), undefined, `${ms}`);
  for (const ms of [0, -1, 1e12, 253_402_300_799_999, -62_135_596_800_000]) {
    assertEquals(timeOf(ms), new Date(ms).toUTCString());
  }
});

Deno.test("JSON_LISTING is JSON with no entry, and with any name", () => {
  assertEquals(JSON.parse(json()), []);
  for (const name of ['"', "\\", "\n\r\t\0", "</script>", "\u2028", "caf\u00e9 \u{1f600}"]) {
    const [{ name: read }] = JSON.parse(json(file(name)));
    assertEquals(read, name);
  }
});
