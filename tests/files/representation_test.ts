import { assertEquals, assertThrows } from "@std/assert";
import { Representation, type RepresentationFacts } from "../../lib/files/representation.ts";
import { MODIFICATION_TIMES, modifiedMsOf } from "../cases/modification_times.ts";
import { fieldsOf } from "../support/field_lines.ts";
import { testLiveRows } from "../support/live_rows.ts";

const MODIFIED_MS = Date.UTC(1994, 10, 6, 8, 49, 37, 500);
const NOW_MS = Date.UTC(2027, 0, 1);
const FACTS: RepresentationFacts = {
  contentType: "text/css",
  coding: "identity",
  isNegotiated: false,
  entityTag: { isWeak: false, opaque: "1f-2" },
  modifiedMs: MODIFIED_MS,
};

function represent(facts: Partial<RepresentationFacts>, cacheControl?: string) {
  return new Representation(new Uint8Array(3), { ...FACTS, ...facts }, cacheControl, NOW_MS);
}

function linesOf(section: string): Record<string, string> {
  return Object.fromEntries(fieldsOf(section));
}

Deno.test("Representation writes the fields of a 200 (RFC 9110 §8)", () => {
  assertEquals(linesOf(represent({}).whole.headerSection), {
    "Content-Type": "text/css",
    "ETag": '"1f-2"',
    "Last-Modified": "Sun, 06 Nov 1994 08:49:37 GMT",
    "Accept-Ranges": "bytes",
    "X-Content-Type-Options": "nosniff",
  });
});

Deno.test("Representation says its coding, and that there are others", () => {
  const coded = linesOf(represent({ coding: "zstd", isNegotiated: true }).fields);
  assertEquals([coded["Content-Encoding"], coded["Vary"]], ["zstd", "Accept-Encoding"]);
  const plain = linesOf(represent({ isNegotiated: true }).fields);
  assertEquals([plain["Content-Encoding"], plain["Vary"]], [undefined, "Accept-Encoding"]);
});

Deno.test("Representation leaves out of a 304 what the client has (RFC 9110 §15.4.5)", () => {
  const negotiated = represent({ isNegotiated: true }, "no-cache");
  assertEquals(linesOf(negotiated.notModifiedFields), {
    "ETag": '"1f-2"',
    "Vary": "Accept-Encoding",
    "Cache-Control": "no-cache",
  });
  assertEquals(linesOf(represent({ entityTag: undefined }).notModifiedFields), {
    "Last-Modified": "Sun, 06 Nov 1994 08:49:37 GMT",
  });
});

Deno.test("Representation is never modified later than now (RFC 9110 §8.8.2.1)", () => {
  const { validators, fields } = represent({ modifiedMs: NOW_MS + 1e9 });
  assertEquals(validators.lastModified, NOW_MS / 1000);
  assertEquals(linesOf(fields)["Last-Modified"], "Fri, 01 Jan 2027 00:00:00 GMT");
});

Deno.test("Representation does without what is not known", () => {
  const unknown = represent({ entityTag: undefined, modifiedMs: undefined });
  assertEquals(unknown.validators, {});
  assertEquals(linesOf(unknown.fields), {
    "Accept-Ranges": "bytes",
    "X-Content-Type-Options": "nosniff",
  });
});

Deno.test("Representation refuses fields that would end a line", () => {
  assertThrows(() => represent({ contentType: "a\r\nb" }), TypeError);
});

testLiveRows(
  "Representation has a Last-Modified that tells versions",
  MODIFICATION_TIMES,
  (row) => {
    const modifiedMs = modifiedMsOf(row, NOW_MS);
    const { validators, fields } = represent({ modifiedMs });
    const shown = Math.floor(Math.min(modifiedMs, NOW_MS) / 1000);
    assertEquals(validators.lastModified, row.tells ? shown : undefined);
    const text = row.tells ? new Date(shown * 1000).toUTCString() : undefined;
    assertEquals(linesOf(fields)["Last-Modified"], text);
  },
);
