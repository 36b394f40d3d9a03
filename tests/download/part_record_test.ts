import { assertEquals } from "@std/assert";
import { formatRecord, parseRecord, PartRecord } from "../../lib/download/part_record.ts";
import { textOf } from "../support/feed.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

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
