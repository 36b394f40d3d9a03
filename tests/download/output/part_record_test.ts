import { assertEquals } from "@std/assert";
import {
  formatRecord,
  parseRecord,
  PartRecord,
  Pieces,
} from "../../../lib/download/output/part_record.ts";
import { textOf } from "../../support/feed.ts";
import { randomInteger, seededRandom } from "../../support/random.ts";
import { TemporaryDirectory } from "../../support/temporary_directory.ts";

const RECORD = { url: "http://a/b", entityTag: '"x"', length: 100, written: 40 };

Deno.test("parseRecord() reads what formatRecord() wrote", () => {
  for (const entityTag of ['"x"', '""', '"\\"', '"a,b"']) {
    for (const [length, written] of [[0, 0], [100, 100], [Number.MAX_SAFE_INTEGER, 7]] as const) {
      const record = { ...RECORD, entityTag, length, written };
      assertEquals(parseRecord(formatRecord(record)), record);
    }
  }
});

Deno.test("formatRecord() is as long whatever was written, and one line", () => {
  const lengths = [0, 1, 1e9, Number.MAX_SAFE_INTEGER].map((written) =>
    formatRecord({ ...RECORD, written }).length
  );
  assertEquals(new Set(lengths).size, 1);
  assertEquals(formatRecord(RECORD).split("\n").length, 2);
});

Deno.test("parseRecord() knows nothing but whole records", () => {
  const text = formatRecord(RECORD);
  for (let end = 0; end < text.length - 1; end++) {
    assertEquals(parseRecord(text.slice(0, end)), undefined);
  }
  const wrong = [
    { ...RECORD, url: 1 },
    { ...RECORD, entityTag: 'W/"x"' },
    { ...RECORD, entityTag: "x" },
    { ...RECORD, entityTag: '"\xe9"' },
    { ...RECORD, entityTag: '"x"\r\nA: b' },
    { ...RECORD, length: -1 },
    { ...RECORD, length: 1.5 },
    { ...RECORD, length: "100" },
    { ...RECORD, written: 101 },
    [],
    null,
    "x",
  ];
  for (const value of wrong) assertEquals(parseRecord(JSON.stringify(value)), undefined);
});

/** A record of a part file with so much of the content. */
function written(directory: TemporaryDirectory, count: number): PartRecord {
  const { url, entityTag, length } = RECORD;
  const record = new PartRecord(directory.join("a.part"), url);
  record.reset(count, { entityTag, length });
  record.write();
  return record;
}

Deno.test("PartRecord writes over its record, and leaves it or takes it away", async () => {
  await using directory = await TemporaryDirectory.with();
  const record = written(directory, 99);
  record.reset(40);
  record.write();
  record.close();
  assertEquals(await directory.names(), ["a.part.json"]);
  assertEquals(parseRecord(textOf(await directory.read("a.part.json"))), RECORD);
  record.remove();
  record.remove();
  assertEquals(await directory.names(), []);
});

Deno.test("PartRecord follows no link: it writes a file that it made", async () => {
  await using directory = await TemporaryDirectory.with({ other: "before" });
  await Deno.symlink(directory.join("other"), directory.join("a.part.json"));
  written(directory, 40).close();
  assertEquals(textOf(await directory.read("other")), "before");
  assertEquals(parseRecord(textOf(await directory.read("a.part.json"))), RECORD);
});

Deno.test("parseRecord() reads pieces, of which records are as long whatever they are", () => {
  const pieces = [[50, 60], [70, 100]] as const;
  assertEquals(parseRecord(formatRecord({ ...RECORD, pieces })), { ...RECORD, pieces });
  const lengths = [[], pieces].map((it) => formatRecord({ ...RECORD, pieces: it }).length);
  assertEquals(new Set(lengths).size, 1);
  const many = Array.from({ length: 100 }, (_, i) => [8e15 + 2 * i, 8e15 + 2 * i + 1] as const);
  const longest = formatRecord({ ...RECORD, length: 9e15, pieces: many });
  assertEquals(longest.length, formatRecord({ ...RECORD, length: 9e15, pieces: [] }).length);
  for (const wrong of [[[1]], [[2, 1]], [[1, 101]], [["1", 2]], {}, [[-1, 2]]]) {
    assertEquals(parseRecord(JSON.stringify({ ...RECORD, pieces: wrong })), undefined);
  }
});

Deno.test("Pieces joins what touches, and knows what is missing", () => {
  const pieces = new Pieces([[5, 8], [0, 2], [8, 9], [12, 12]]);
  assertEquals(pieces.list, [[0, 2], [5, 9]]);
  assertEquals([pieces.size, pieces.prefix], [6, 2]);
  assertEquals(pieces.holes(10), [[2, 5], [9, 10]]);
  pieces.add(1, 6);
  assertEquals([pieces.list, pieces.prefix, pieces.holes(9)], [[[0, 9]], 9, []]);
  assertEquals([new Pieces().prefix, new Pieces([[1, 2]]).prefix], [0, 0]);
  assertEquals(new Pieces().holes(3), [[0, 3]]);
  pieces.remove(2, 4);
  assertEquals(pieces.list, [[0, 2], [4, 9]]);
  assertEquals([pieces.has(4, 9), pieces.has(1, 3), pieces.has(0, 2)], [true, false, true]);
});

Deno.test("Pieces is right whatever comes in whatever order", () => {
  const random = seededRandom(1);
  for (let round = 0; round < 200; round++) {
    const pieces = new Pieces();
    const there = new Array(30).fill(false);
    for (let i = 0; i < 8; i++) {
      const first = randomInteger(random, 30);
      const end = Math.min(30, first + randomInteger(random, 8));
      pieces.add(first, end);
      there.fill(true, first, Math.max(first, end));
      const [from, to] = [randomInteger(random, 30), randomInteger(random, 30)];
      if (i % 3 > 0 || from >= to) continue;
      pieces.remove(from, to);
      there.fill(false, from, to);
    }
    const missing = new Array(30).fill(true);
    for (const [first, end] of pieces.list) missing.fill(false, first, end);
    assertEquals(missing, there.map((it) => !it));
    assertEquals(pieces.size, there.filter((it) => it).length);
    for (const [first, end] of pieces.holes(30)) missing.fill(false, first, end);
    assertEquals(missing.includes(true), false);
  }
});
