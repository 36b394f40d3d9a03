import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { type ByteSource, MemoryBytes } from "../../lib/files/range_content.ts";
import { Representation, type RepresentationFacts } from "../../lib/files/representation.ts";
import { parseEntityTag } from "../../lib/http/validators.ts";
import type { Reply } from "../../lib/net/handler.ts";
import { ifRanges } from "../cases/if_ranges.ts";
import { MODIFICATION_TIMES, modifiedMsOf } from "../cases/modification_times.ts";
import { type DatedFile, preconditions } from "../cases/preconditions.ts";
import { RANGE_SETS } from "../cases/range_sets.ts";
import { type RangeCase, RANGES } from "../cases/ranges.ts";
import { fieldsOf } from "../support/field_lines.ts";
import { testLiveRows } from "../support/live_rows.ts";
import { rangesOf } from "../support/ranges.ts";
import { contentOf, fieldOf } from "../support/replies.ts";

const NOW_MS = Date.UTC(2027, 0, 1);
const FILE: DatedFile = {
  entityTag: '"2ed1f4a1-1f"',
  lastModified: "Sun, 06 Nov 1994 08:49:37 GMT",
  before: "Sun, 06 Nov 1994 08:49:36 GMT",
  after: "Sun, 06 Nov 1994 08:49:38 GMT",
};
const FACTS: RepresentationFacts = {
  contentType: "text/css",
  coding: "identity",
  isNegotiated: false,
  entityTag: { isWeak: false, opaque: "1f-2" },
  modifiedMs: Date.UTC(1994, 10, 6, 8, 49, 37, 500),
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

/** Bytes that tell where they stand, as many as one likes, and whether they were closed. */
class Counting implements ByteSource {
  closed = 0;
  constructor(readonly size: number) {}
  readAt(buffer: Uint8Array, position: number): number {
    const count = Math.min(buffer.length, this.size - position);
    for (let i = 0; i < count; i++) buffer[i] = (position + i) % 251;
    return count;
  }
  close(): void {
    this.closed++;
  }
}

function representing(bytes: Uint8Array | ByteSource): Representation {
  const facts = { ...FACTS, contentType: "text/plain", entityTag: parseEntityTag(FILE.entityTag) };
  return new Representation(bytes, facts, "max-age=1", NOW_MS);
}

function ask(bytes: Uint8Array | ByteSource, fields: string, method = "GET"): Reply {
  return representing(bytes).reply({ method, fields: fieldsOf(fields) }, () => NOW_MS);
}

for (const [name, rows] of [["a range", RANGES], ["several ranges", RANGE_SETS]] as const) {
  testLiveRows(
    `Representation.reply() sends ${name} from memory and from a file`,
    rows,
    checkRange,
  );
}

async function checkRange({ raw, length, answer }: RangeCase): Promise<void> {
  const source = new Counting(length);
  // Of what is beyond any memory, only small parts are asked for.
  const inMemory = length < 1e6 ? [Uint8Array.from({ length }, (_, i) => i % 251)] : [];
  for (const bytes of [source, ...inMemory]) {
    const reply = ask(bytes, raw);
    assertEquals(await rangesOf(reply, length, (position) => position % 251), answer);
  }
  assertEquals(source.closed, 1);
}

testLiveRows(
  "Representation.reply() follows preconditions",
  preconditions(FILE),
  async ({ raw, status }) => {
    const source = new Counting(10);
    const reply = ask(source, raw);
    assertEquals(reply.statusCode, status);
    if (status === 304) assertEquals(fieldOf(reply, "ETag"), FILE.entityTag);
    if (status !== 200) assertEquals(source.closed, 1);
    await contentOf(reply);
    assertEquals(source.closed, 1);
  },
);

testLiveRows("Representation.reply() follows If-Range", ifRanges(FILE), ({ raw, applies }) => {
  const reply = ask(new Uint8Array(10), `Range: bytes=1-2\r\n${raw}`);
  assertEquals(reply.statusCode, applies ? 206 : 200);
});

Deno.test("Representation.reply() looks at preconditions before ranges (RFC 9110 §13.2.2)", () => {
  const beyond = "Range: bytes=99-\r\n";
  const status = (fields: string) => ask(new Uint8Array(10), beyond + fields).statusCode;
  assertEquals(status(""), 416);
  assertEquals(status(`If-None-Match: ${FILE.entityTag}\r\n`), 304);
  assertEquals(status('If-Match: "other"\r\n'), 412);
  assertEquals(status('If-Range: "other"\r\n'), 200);
});

testLiveRows("Representation.reply() ignores Range of HEAD", [...RANGES, ...RANGE_SETS], (row) => {
  const source = new Counting(row.length);
  const reply = ask(source, row.raw, "HEAD");
  assertEquals(reply.statusCode, 200);
  assertEquals((reply.content as { length: number }).length, row.length);
  assertEquals(fieldOf(reply, "Content-Range"), undefined);
  assert(typeof reply.content === "object" && "close" in reply.content);
  reply.content.close();
  assertEquals(source.closed, 1);
});

testLiveRows(
  "Representation.reply() follows preconditions of HEAD",
  preconditions(FILE),
  ({ raw, status }) => {
    const bytes = new Uint8Array(10);
    assertEquals(ask(bytes, raw, "HEAD").statusCode, status);
    assertEquals(ask(bytes, `Range: bytes=1-2,99-\r\n${raw}`, "HEAD").statusCode, status);
    assertEquals(ask(bytes, `Range: bytes=99-\r\n${raw}`, "HEAD").statusCode, status);
  },
);

testLiveRows("Representation.reply() ignores If-Range of HEAD", ifRanges(FILE), ({ raw }) => {
  for (const range of ["1-2", "99-", "0-0,5-5"]) {
    const reply = ask(new Uint8Array(10), `Range: bytes=${range}\r\n${raw}`, "HEAD");
    assertEquals(reply.statusCode, 200);
  }
});

Deno.test("Representation.reply() gives the same prepared reply where nothing is asked for", () => {
  const representation = representing(new Uint8Array(10));
  const fields = fieldsOf('Host: a\r\nUser-Agent: b\r\nAccept: */*\r\nIf-Range: "x"\r\n');
  let looks = 0;
  const reply = representation.reply({ method: "GET", fields }, () => ++looks);
  assert(reply === representation.whole);
  assertEquals(looks, 0, "the clock was asked");
});

Deno.test("Representation.reply() gives all fields with a part, and the type with each of several", async () => {
  const bytes = new Uint8Array(1000).fill(97);
  const one = ask(bytes, "Range: bytes=1-2\r\n");
  assertEquals(fieldOf(one, "Content-Range"), "bytes 1-2/1000");
  assertEquals(fieldOf(one, "Content-Type"), "text/plain");
  for (const name of ["ETag", "Last-Modified", "Accept-Ranges", "Cache-Control"]) {
    assert(fieldOf(one, name) !== undefined, name);
  }
  const two = ask(bytes, "Range: bytes=1-2,500-501\r\n");
  assertEquals(fieldOf(two, "Content-Range"), undefined);
  assertMatch(fieldOf(two, "Content-Type")!, /^multipart\/byteranges; boundary=[0-9a-f]{32}$/);
  assertEquals((await contentOf(two)).match(/Content-Type: text\/plain/g)?.length, 2);
  const other = ask(bytes, "Range: bytes=1-2,500-501\r\n");
  assert(fieldOf(other, "Content-Type") !== fieldOf(two, "Content-Type"), "the same boundary");
});

Deno.test("Representation.reply() says how much there is in a 416", () => {
  const reply = ask(new MemoryBytes(new Uint8Array(10)), "Range: bytes=10-\r\n");
  assertEquals([reply.statusCode, fieldOf(reply, "Content-Range")], [416, "bytes */10"]);
});
