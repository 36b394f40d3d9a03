import { assertEquals } from "@std/assert";
import { dirname, join } from "@std/path";
import fc from "fast-check";
import { Parser } from "htmlparser2";
import {
  HtmlListingReader,
  JsonListingReader,
  type ListingReader,
} from "../../../lib/download/recursive/listing.ts";
import { localName } from "../../../lib/download/recursive/tree_path.ts";
import { parseTypedUri } from "../../../lib/download/requests/target_uri.ts";

const URI = parseTypedUri("http://a.example/pub/x/");
const ROOT = "/srv/tree";

/** What paths out of a directory are made of, in the spellings of URLs, HTML and systems. */
const PIECES = [
  ...["..", ".", "/", "\\", "%2e", "%2E%2e", "%2f", "%5c", "%00", "%0a", "%ff", "%", "%252f"],
  ...[
    "&#46;",
    "&#x2f;",
    "&period;",
    "&sol;",
    "&bsol;",
    "&NewLine;",
    "\t",
    "\n",
    " ",
    "\0",
    "\ufeff",
  ],
  ...["http:", "http://a.example", "//a.example", "https://", "file:", "?", "#", ":", "@", "c:"],
  ...["pub", "x", "/pub/x/", "etc", "\u2025", "\u2215", "\uff0e", "\uff0f", "\ud800", "é"],
];

const reference = fc.array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: "binary" })), {
  maxLength: 8,
}).map((pieces) => pieces.join(""));

/** The paths of all that a listing names. */
function pathsOf(reader: ListingReader, text: string): string[] {
  reader.push(text);
  return reader.end(URI, URI).flatMap(({ segment }) => {
    const name = localName(segment, false);
    return name === undefined ? [] : [join(ROOT, name)];
  });
}

Deno.test("no listing names a path that is not right in its directory", () => {
  let named = 0;
  const check = (paths: readonly string[]) => {
    for (const path of paths) {
      assertEquals(dirname(path), ROOT);
      if (/[\0\n]/.test(path)) throw new Error(`A control character: ${JSON.stringify(path)}`);
    }
    named += paths.length;
  };
  fc.assert(
    fc.property(fc.array(reference, { maxLength: 5 }), fc.boolean(), (references, isDirectory) => {
      const links = references.map((href) => `<a href="${href}">`).join("");
      check(pathsOf(new HtmlListingReader(Parser), links));
      const entries = references.flatMap((it) => [
        { name: it, type: isDirectory ? "directory" : "file" },
        { name: "x", url: it, is_dir: isDirectory },
      ]);
      check(pathsOf(new JsonListingReader(), JSON.stringify(entries)));
    }),
    { numRuns: 2000 },
  );
  assertEquals(named > 1000, true);
});
