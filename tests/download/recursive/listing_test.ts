import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Parser } from "htmlparser2";
import {
  HtmlListingReader,
  JsonListingReader,
  type ListedEntry,
  ListingError,
  type ListingReader,
  MOST_NAMES,
} from "../../../lib/download/recursive/listing.ts";
import { parseTypedUri } from "../../../lib/download/requests/target_uri.ts";
import {
  BAD_LISTINGS,
  HOSTILE_LISTINGS,
  LISTED_URL,
  type ListingCase,
  SERVED_LISTINGS,
} from "../../cases/listings.ts";

const URI = parseTypedUri(LISTED_URL);

function readerOf(type: ListingCase["type"]): ListingReader {
  return type === "json" ? new JsonListingReader() : new HtmlListingReader(Parser);
}

/** Reads a text in pieces of a length. */
function entriesOf(type: ListingCase["type"], text: string, length = text.length, asked = URI) {
  const reader = readerOf(type);
  for (let i = 0; i < text.length; i += length) reader.push(text.slice(i, i + length));
  return reader.end(URI, asked);
}

function shown({ kind, segment, size, modifiedAt }: ListedEntry): string {
  if (kind === "directory") return `${segment}/`;
  return [segment, size, modifiedAt].filter((it) => it !== undefined).join(" ");
}

for (const { story, type, text, entries } of [...SERVED_LISTINGS, ...HOSTILE_LISTINGS]) {
  Deno.test(`a listing in ${type}: ${story}`, () => {
    for (const length of [text.length, 1, 7]) {
      assertEquals(entriesOf(type, text, length).map(shown), entries, `in pieces of ${length}`);
    }
  });
}

Deno.test("JsonListingReader refuses what is no listing", () => {
  for (const [text, reason] of BAD_LISTINGS) {
    for (const length of [text.length, 1]) {
      assertThrows(() => entriesOf("json", text, Math.max(1, length)), ListingError, reason);
    }
  }
});

Deno.test("JsonListingReader reads all that JSON.stringify() writes", () => {
  const names = fc.uniqueArray(fc.string({ unit: "binary", minLength: 1 }), { maxLength: 9 });
  fc.assert(
    fc.property(names, fc.integer({ min: 1, max: 9 }), fc.nat(4), (names, length, indent) => {
      const sane = names.filter((name) => name !== "." && name !== "..");
      const list = sane.map((name) => ({ name, type: "file", size: 5, [`x${name}`]: [name] }));
      const text = JSON.stringify(list, null, indent);
      const read = entriesOf("json", text, length).map(({ segment }) =>
        decodeURIComponent(segment)
      );
      assertEquals(read, sane);
    }),
  );
});

Deno.test("listings are bounded, however they grow", () => {
  const row = '{"name":"a","type":"file"},';
  const many = readerOf("json");
  many.push(`[${row.repeat(MOST_NAMES)}`);
  assertThrows(() => many.push(row), ListingError, "has more than 250000 names");
  const links = readerOf("html");
  links.push("<a href=x>".repeat(MOST_NAMES));
  assertThrows(() => links.push("<a href=x>"), ListingError, "has more than 250000 names");
  for (const start of ['["', "[[", '[{"name":"', "x"]) {
    const long = readerOf("json");
    const push = () => {
      for (let i = 0; i < 100; i++) long.push(start + "a".repeat(1000));
    };
    assertThrows(push, ListingError, "has an entry without end");
  }
});

Deno.test("links that are too long for any name are passed over", () => {
  const text = `<a href="${"x".repeat(65_537)}"><a href="a">`;
  for (const length of [text.length, 1000]) {
    assertEquals(entriesOf("html", text, length).map(shown), ["a"]);
  }
});

Deno.test("pages are read in one go, however their elements are nested", () => {
  for (const start of ["<div>", "<svg><b>", "</i><u>"]) {
    const text = `${start.repeat(1_000_000)}<a x href="a" href="b" y><a></a>`;
    assertEquals(entriesOf("html", text, 65_536).map(shown), ["a"]);
  }
});

Deno.test("links may name the directory that was asked for, or where its redirect led", () => {
  const asked = parseTypedUri("http://balancer/x/");
  const text =
    '<a href="http://balancer/x/a"><a href="http://a.example/pub/b"><a href="http://c/x/d">';
  assertEquals(entriesOf("html", text, text.length, asked).map(shown), ["a", "b"]);
});
