import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { createHash } from "node:crypto";
import { PieceError } from "../../../lib/download/download_error.ts";
import { openPartFile } from "../../../lib/download/output/open_output.ts";
import { PieceCheck } from "../../../lib/download/output/pieces.ts";
import { TemporaryDirectory } from "../../support/temporary_directory.ts";

const CONTENT = Uint8Array.from({ length: 25_000 }, (_, i) => (i * i) >> 3);
const PIECE = 10_000;
const IDENTITY = `sha-256=${"a".repeat(64)}`;
const REPRESENTATION = { entityTag: undefined, length: CONTENT.length, identity: IDENTITY };

function checkOf(content = CONTENT): PieceCheck {
  const hexes = [0, 1, 2].map((i) =>
    createHash("sha256").update(content.subarray(i * PIECE, (i + 1) * PIECE)).digest("hex")
  );
  return new PieceCheck({ algorithm: "sha-256", pieceBytes: PIECE, hexes }, content.length);
}

const changed = (...positions: readonly number[]) =>
  CONTENT.map((byte, i) => positions.includes(i) ? byte ^ 1 : byte);

async function partIn(directory: TemporaryDirectory, mayContinue = false, notices: string[] = []) {
  return await openPartFile(directory.join("a"), {
    url: "http://a/",
    mayContinue,
    identity: IDENTITY,
    pieces: checkOf(),
    onNotice: (text) => notices.push(text),
  });
}

Deno.test("PieceCheck checks a piece as soon as it is complete, and once", () => {
  const check = checkOf();
  let readings = 0;
  const known: [number, number][] = [];
  const arrive = (first: number, end: number, content = CONTENT) => {
    known.push([first, end]);
    const has = (a: number, b: number) => known.some(([from, to]) => from <= a && b <= to);
    const read = (from: number, to: number) => (readings++, [content.subarray(from, to)]);
    return check.check(first, end, has, read);
  };
  assertStrictEquals(arrive(0, PIECE - 1), undefined);
  assertEquals(readings, 0);
  assertStrictEquals(arrive(0, PIECE), undefined);
  assertStrictEquals(arrive(PIECE - 1, PIECE), undefined);
  assertEquals(readings, 1);
  const bad = arrive(PIECE, CONTENT.length, changed(PIECE + 1, 2 * PIECE + 1))!;
  assertEquals(bad.ranges, [[PIECE, 2 * PIECE], [2 * PIECE, CONTENT.length]]);
  assertEquals(
    [bad.message, bad.times],
    [
      "piece 2 of 3, bytes 10000 to 19999, does not have the expected sha-256; nor do 1 more",
      1,
    ],
  );
  assertEquals(arrive(PIECE, PIECE + 1, changed(PIECE + 1))!.times, 2);
  check.restart();
  assertStrictEquals(arrive(0, CONTENT.length), undefined);
  assertEquals(readings, 7);
});

Deno.test("PartFile forgets a bad piece and what follows it while content comes in its order", async () => {
  await using directory = await TemporaryDirectory.with();
  const part = await partIn(directory);
  part.begin(REPRESENTATION);
  part.write(changed(PIECE + 5).subarray(0, 9000));
  assertThrows(() => part.write(changed(PIECE + 5).subarray(9000, 21_000)), PieceError, "piece 2");
  assertEquals([part.position, part.received], [PIECE, PIECE]);
  part.write(CONTENT.subarray(PIECE));
  await part.complete();
  assertEquals(await directory.read("a"), CONTENT);
});

Deno.test("PartFile takes a bad piece out that came in no order, and compares no joints", async () => {
  await using directory = await TemporaryDirectory.with();
  const part = await partIn(directory);
  part.begin(REPRESENTATION);
  const pieces = part.scatter();
  part.writeAt(CONTENT.subarray(15_000), 15_000);
  assert(part.join({ position: 15_000, before: new Uint8Array(9), server: "a" }));
  const error = assertThrows(
    () => part.writeAt(changed(PIECE + 5).subarray(0, 15_000), 0),
    PieceError,
  );
  assertEquals(error.ranges, [[PIECE, 2 * PIECE]]);
  assertEquals(pieces.list, [[0, PIECE], [2 * PIECE, CONTENT.length]]);
  part.writeAt(CONTENT.subarray(PIECE, 2 * PIECE), PIECE);
  await part.complete();
  assertEquals(await directory.read("a"), CONTENT);
});

Deno.test("PartFile checks the pieces that an earlier run left, and goes on with those that hold", async () => {
  await using directory = await TemporaryDirectory.with();
  const earlier = await partIn(directory);
  earlier.begin(REPRESENTATION);
  earlier.write(CONTENT.subarray(0, 22_000));
  assertEquals(earlier.abandon(), { kind: "part", obstacle: undefined });
  const damaged = changed(5).subarray(0, 22_000);
  await Deno.writeFile(directory.join("a.part"), damaged);
  const notices: string[] = [];
  const part = await partIn(directory, true, notices);
  assertEquals([part.position, part.received, part.hasHoles], [0, 12_000, true]);
  assertEquals(notices.length, 1);
  assert(notices[0]!.endsWith(
    "a.part: piece 1 of 3, bytes 0 to 9999, does not have the " +
      "expected sha-256: it comes again",
  ));
  part.scatter();
  part.writeAt(CONTENT.subarray(0, PIECE), 0);
  part.writeAt(CONTENT.subarray(22_000), 22_000);
  await part.complete();
  assertEquals(await directory.read("a"), CONTENT);
});

Deno.test("PartFile goes on with a part of the same digest, whatever its URL, and with no other", async () => {
  await using directory = await TemporaryDirectory.with();
  const open = (url: string, identity?: string) =>
    openPartFile(directory.join("a"), { url, mayContinue: true, identity });
  const first = await open("http://a/", IDENTITY);
  first.begin(REPRESENTATION);
  first.write(CONTENT.subarray(0, 9000));
  first.abandon();
  const second = await open("http://b/c", IDENTITY);
  assertEquals(second.resumePoint, { position: 9000, entityTag: undefined, length: 25_000 });
  second.abandon();
  for (const other of [undefined, `sha-256=${"b".repeat(64)}`]) {
    const third = await open("http://a/", other);
    assertEquals(third.received, 0);
    third.abandon();
  }
});
