import { assert, assertEquals, assertThrows } from "@std/assert";
import { DownloadError } from "../../../lib/download/download_error.ts";
import { OVERLAP_BYTES } from "../../../lib/download/output/resume.ts";
import { type Leftover, NOTHING } from "../../../lib/download/output/output.ts";
import { openPartFile } from "../../../lib/download/output/open_output.ts";
import { formatRecord, parseRecord } from "../../../lib/download/output/part_record.ts";
import { textOf } from "../../support/feed.ts";
import { withPatched } from "../../support/patched.ts";
import { TemporaryDirectory } from "../../support/temporary_directory.ts";

const URL = "http://a/b";
const STRONG = { entityTag: '"x"', length: 10 };
/** What can be gone on with. */
const PART: Leftover = { kind: "part", obstacle: undefined };
const bytes = (text: string) => new TextEncoder().encode(text);

const open = (directory: TemporaryDirectory, mayContinue = true, url = URL) =>
  openPartFile(directory.join("a"), { url, mayContinue });

Deno.test("PartFile keeps what can be gone on with, and goes on with it", async () => {
  await using directory = await TemporaryDirectory.with();
  const first = await open(directory);
  first.begin(STRONG);
  first.write(bytes("hello"));
  assertEquals(first.resumePoint, { position: 5, ...STRONG });
  assertEquals(first.abandon(), PART);
  assertEquals(await directory.names(), ["a.part", "a.part.json"]);
  const second = await open(directory);
  assertEquals([second.position, second.resumePoint], [5, { position: 5, ...STRONG }]);
  second.write(bytes("world"));
  await second.complete();
  assertEquals(await directory.names(), ["a"]);
  assertEquals(textOf(await directory.read("a")), "helloworld");
});

Deno.test("PartFile keeps nothing that no strong ETag and no length go with", async () => {
  await using directory = await TemporaryDirectory.with();
  for (const weak of [{ ...STRONG, entityTag: undefined }, { ...STRONG, length: undefined }]) {
    for (const mustStay of [false, true]) {
      const part = await open(directory);
      part.begin(weak);
      part.write(bytes("hello"));
      const obstacle = weak.length === undefined
        ? "its server does not say how long it is"
        : "its server names no strong ETag";
      assertEquals(part.abandon(mustStay), mustStay ? { kind: "part", obstacle } : NOTHING);
      assertEquals(await directory.names(), mustStay ? ["a.part", "a.part.json"] : []);
    }
    const next = await open(directory);
    assertEquals(next.position, 0);
    next.begin(STRONG);
    next.abandon();
    assertEquals(await directory.names(), []);
  }
});

Deno.test("PartFile trusts no byte beyond its record, and no record of anything else", async () => {
  const record = { url: URL, ...STRONG, written: 4 };
  const rows: readonly [side: string | undefined, part: string, position: number][] = [
    [formatRecord(record), "hello", 4],
    [formatRecord({ ...record, written: 9 }), "hello", 5],
    [formatRecord({ ...record, written: 10 }), "helloworld", 9],
    [formatRecord({ ...record, url: "http://a/c" }), "hello", 0],
    [formatRecord({ ...record, url: "http://a/b?sig=1" }), "hello", 4],
    [formatRecord({ ...record, url: "http://a/c?sig=1" }), "hello", 0],
    [formatRecord(record).slice(0, -3), "hello", 0],
    [undefined, "hello", 0],
    [formatRecord(record), "", 0],
  ];
  for (const [side, content, position] of rows) {
    await using directory = await TemporaryDirectory.with({
      "a.part": content,
      ...(side !== undefined && { "a.part.json": side }),
    });
    const part = await open(directory);
    assertEquals(part.position, position);
    part.abandon();
  }
});

Deno.test("PartFile without --continue begins anew, but spoils nothing before it has begun", async () => {
  const files = {
    "a.part": "hello",
    "a.part.json": formatRecord({ url: URL, ...STRONG, written: 5 }),
  };
  await using directory = await TemporaryDirectory.with(files);
  const first = await open(directory, false);
  assertEquals(first.position, 0);
  assertEquals(first.abandon(), NOTHING);
  assertEquals(textOf(await directory.read("a.part")), "hello");
  const second = await open(directory, false);
  second.begin(STRONG);
  second.write(bytes("HE"));
  second.abandon();
  assertEquals(textOf(await directory.read("a.part")), "HE");
  assertEquals(parseRecord(textOf(await directory.read("a.part.json")))?.written, 2);
});

Deno.test("PartFile throws no bytes of an earlier run away without a word", async () => {
  const record = formatRecord({ url: URL, ...STRONG, written: 5 });
  const other = formatRecord({ url: "http://a/c?d", ...STRONG, written: 5 });
  const marked = `{"url":"${URL}","written":0}\n`;
  const rows: readonly [part: string, side: string, mayContinue: boolean, why?: string][] = [
    ["hello", record, false, "without --continue the 5 bytes of NAME are written anew"],
    ["hello", other, true, "NAME is of http://a/c?d"],
    ["hello", marked, true, "nothing can prove what the 5 bytes of NAME are of"],
    ["hello", "", true, "nothing can prove what the 5 bytes of NAME are of"],
    ["hello", record, true],
    ["", record, false],
    ["", marked, true],
  ];
  for (const [part, side, mayContinue, why] of rows) {
    await using directory = await TemporaryDirectory.with({ "a.part": part, "a.part.json": side });
    const notices: string[] = [];
    const onNotice = (text: string) => notices.push(text);
    const output = await openPartFile(directory.join("a"), { url: URL, mayContinue, onNotice });
    assertEquals(notices, [], "nothing is thrown away as yet");
    output.begin(STRONG);
    output.begin(STRONG);
    const expected = why?.replace("NAME", directory.join("a.part"));
    assertEquals(notices, expected === undefined ? [] : [`starting over: ${expected}`]);
    output.abandon();
  }
});

Deno.test("PartFile records now and then how much is surely written", async () => {
  await using directory = await TemporaryDirectory.with();
  const part = await open(directory);
  const length = 100 * 1024 * 1024;
  part.begin({ entityTag: '"x"', length });
  const piece = new Uint8Array(300 * 1024);
  for (let written = 0; written < length - piece.length;) {
    part.write(piece);
    written += piece.length;
    const side = await directory.read("a.part.json").catch(() => undefined);
    const recorded = side === undefined ? 0 : parseRecord(textOf(side))!.written;
    assert(recorded <= written && written - recorded < length / 100, `${recorded} of ${written}`);
  }
  part.abandon();
});

Deno.test("PartFile that begins anew has no record of what was before", async () => {
  await using directory = await TemporaryDirectory.with();
  const part = await open(directory);
  part.begin(STRONG);
  part.write(bytes("hello"));
  part.abandon();
  const next = await open(directory);
  next.begin({ entityTag: '"y"', length: 3 });
  assertEquals(await directory.names(), ["a.part"]);
  next.write(bytes("new"));
  await next.complete();
  assertEquals(textOf(await directory.read("a")), "new");
});

Deno.test("PartFile keeps the part of another content when it cannot begin anew", async () => {
  await using directory = await TemporaryDirectory.with({
    "a.part": "hello",
    "a.part.json": formatRecord({ url: URL, ...STRONG, written: 5 }),
  });
  const part = await open(directory);
  await withPatched(Deno.FsFile.prototype, "truncateSync", () => failing("ENOSPC"), () => {
    assertThrows(() => part.begin({ ...STRONG, entityTag: '"y"' }), DownloadError);
  });
  part.abandon();
  const next = await open(directory);
  assertEquals(next.resumePoint, { position: 5, ...STRONG });
  next.abandon();
});

Deno.test("PartFile is whole although its record cannot be removed, and says so", async () => {
  await using directory = await TemporaryDirectory.with();
  const notices: string[] = [];
  const part = await openPartFile(directory.join("a"), {
    url: URL,
    mayContinue: false,
    onNotice: (text) => notices.push(text),
  });
  part.begin(STRONG);
  part.write(bytes("hello"));
  await withPatched(Deno, "removeSync", () => failing("EACCES"), async () => {
    assertEquals(await part.complete(), "own");
  });
  assertEquals(notices, [`${directory.join("a.part.json")} could not be removed`]);
  assertEquals(textOf(await directory.read("a")), "hello");
});

function failing(code: string): () => never {
  return () => {
    throw Object.assign(new Error("it fails"), { code });
  };
}

Deno.test("PartFile.bytes() reads what is there, and writing goes on behind it", async () => {
  await using directory = await TemporaryDirectory.with();
  const part = await open(directory);
  part.begin(STRONG);
  part.write(bytes("hello"));
  const pieces = [];
  for await (const piece of part.content()) pieces.push(textOf(piece));
  assertEquals(pieces, ["hello"]);
  part.write(bytes("world"));
  await part.complete(1_000_000_000, directory.join("b"));
  assertEquals(await directory.names(), ["b"]);
  assertEquals(textOf(await directory.read("b")), "helloworld");
  assertEquals((await Deno.stat(directory.join("b"))).mtime?.getTime(), 1_000_000_000_000);
});

/** Longer than what is compared before a joint, and nowhere the same twice. */
const LONG = Uint8Array.from({ length: 30_000 }, (_, i) => (i * 7919) >>> 5);
const LONG_STRONG = { entityTag: '"x"', length: LONG.length };

/** Opens a part of the long content, to be written in any order. */
async function scattered(directory: TemporaryDirectory, ...pieces: readonly [number, number][]) {
  const part = await open(directory);
  part.begin(LONG_STRONG);
  part.scatter();
  for (const [first, end] of pieces) part.writeAt(LONG.subarray(first, end), first);
  return part;
}

/** What stands before a position elsewhere; with one byte wrong, other content. */
function jointAt(position: number, server: string | undefined, isSame = true) {
  const before = LONG.slice(position - OVERLAP_BYTES, position);
  if (!isSame) before[100]! ^= 1;
  return { position, before, server };
}

Deno.test("PartFile takes bytes in any order, and a later one knows which are missing", async () => {
  await using directory = await TemporaryDirectory.with();
  const first = await scattered(directory, [10_000, 20_000], [0, 5000], [25_000, 26_000]);
  assertEquals([first.position, first.received, first.hasHoles], [5000, 16_000, true]);
  assertEquals(first.abandon(), PART);
  const second = await open(directory);
  assertEquals([second.position, second.received], [5000, 16_000]);
  assertEquals(second.resumePoint, { position: 5000, ...LONG_STRONG });
  // What is behind a hole gives up what is to be compared there.
  const holes = second.scatter().holes(30_000);
  assertEquals(holes, [[5000, 10_000 + OVERLAP_BYTES], [20_000, 30_000]]);
  for (const [from, end] of holes) {
    assertEquals(second.writeAt(LONG.subarray(from, end), from), undefined);
  }
  assertEquals([second.position, second.hasHoles], [30_000, false]);
  await second.complete();
  assertEquals(await directory.read("a"), LONG);
});

Deno.test("PartFile joins nothing to what is another content", async () => {
  await using directory = await TemporaryDirectory.with();
  const part = await scattered(directory, [0, 10_000]);
  assertEquals(part.join(jointAt(10_000, "s:1", false)), false);
  assertEquals(part.join(jointAt(10_000, "s:1")), true);
  assertEquals(part.join({ position: 50, before: LONG.slice(0, 50), server: "s:1" }), true);
  assertEquals(part.received, 10_000);
  part.abandon();
});

Deno.test("PartFile finds out where two contents meet as soon as both are there, and keeps the first", async () => {
  await using directory = await TemporaryDirectory.with();
  const part = await scattered(directory, [0, 5000]);
  const wrong = jointAt(10_000, "s:1", false);
  assertEquals(part.join(wrong), true);
  assertEquals(part.writeAt(LONG.subarray(10_000, 20_000), 10_000), undefined);
  assertEquals(part.writeAt(LONG.subarray(5000, 9000), 5000), undefined);
  assertEquals(part.writeAt(LONG.subarray(9000, 10_000), 9000), wrong);
  assertEquals([part.position, part.received], [10_000, 10_000]);
  assertEquals((await Deno.stat(directory.join("a.part"))).size, 10_000);
  assertEquals(parseRecord(textOf(await directory.read("a.part.json"))), {
    url: URL,
    ...LONG_STRONG,
    written: 10_000,
  });
  assertEquals(part.tail(), LONG.subarray(10_000 - OVERLAP_BYTES, 10_000));
  part.write(LONG.subarray(10_000));
  await part.complete();
  assertEquals(await directory.read("a"), LONG);
});

Deno.test("PartFile believes nothing behind a hole that an earlier run left, until both sides are there", async () => {
  await using directory = await TemporaryDirectory.with();
  const others = LONG.map((byte) => byte ^ 0x55);
  const first = await scattered(directory, [0, 5000]);
  first.writeAt(others.subarray(10_000), 10_000);
  first.abandon();
  const second = await open(directory);
  const [[from, end] = [0, 0]] = second.scatter().holes(30_000);
  // Killed in the middle of what is fetched again, the next run knows no more than this one did.
  second.writeAt(LONG.subarray(from, end - 1), from);
  second.abandon();
  const third = await open(directory);
  const [[thirdFrom, thirdEnd] = [0, 0]] = third.scatter().holes(30_000);
  assertEquals([thirdFrom, thirdEnd], [end - 1, end + OVERLAP_BYTES]);
  assertEquals(third.writeAt(LONG.subarray(thirdFrom, end), thirdFrom), undefined);
  const broken = third.writeAt(LONG.subarray(end, thirdEnd), end);
  assertEquals([broken?.position, broken?.server], [thirdEnd, undefined]);
  assertEquals([third.position, third.received], [thirdEnd, thirdEnd]);
  third.abandon();
});

Deno.test("PartFile can be gone on with when its start is missing, and forgets when it begins anew", async () => {
  await using directory = await TemporaryDirectory.with();
  const first = await open(directory);
  first.begin(STRONG);
  first.scatter();
  first.writeAt(bytes("world"), 5);
  assertEquals(first.resumePoint, { position: 0, ...STRONG });
  assertEquals(first.abandon(), PART);
  const second = await open(directory);
  assertEquals([second.resumePoint, second.hasHoles], [{ position: 0, ...STRONG }, true]);
  second.begin(STRONG);
  assertEquals([second.received, second.hasHoles], [0, false]);
  second.abandon();
  assertEquals(await directory.names(), []);
});
