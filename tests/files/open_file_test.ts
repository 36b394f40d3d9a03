import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { openSync } from "node:fs";
import { OpenFile, tellsVersions } from "../../lib/files/open_file.ts";
import { Root } from "../../lib/files/root.ts";
import { MODIFICATION_TIMES, modifiedMsOf } from "../cases/modification_times.ts";
import { testLiveRows } from "../support/live_rows.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

async function opened(directory: TemporaryDirectory, name: string): Promise<OpenFile> {
  const found = await new Root(directory.path).open([name]);
  assert(found?.kind === "file");
  return found.file;
}

Deno.test("OpenFile says which file became shorter, and where, however it is read", async () => {
  await using directory = await TemporaryDirectory.with({ a: "a".repeat(1000) });
  const path = directory.join("a");
  const file = await opened(directory, "a");
  await Deno.truncate(path, 300);
  const buffer = new Uint8Array(1000);
  assertEquals(await file.readAt(buffer, 0), 300);
  const message = `${path} became shorter while it was sent: it ends before byte 300 of 1000`;
  assertThrows(() => file.readAt(buffer, 300), Error, message);
  await assertRejects(() => file.readElsewhere(buffer, 300), Error, message);
  await assertRejects(() => file.readAll(), Error, message);
  file.close();
});

Deno.test("OpenFile says which file cannot be read, where, and why", async () => {
  await using directory = await TemporaryDirectory.with();
  // What can be opened and not be read, whoever asks.
  const file = new OpenFile(openSync(directory.path, "r"), directory.path, 1000, 0, "");
  const buffer = new Uint8Array(10);
  const elsewhere = await assertRejects(() => file.readElsewhere(buffer, 7), Error);
  await assertRejects(async () => await file.readAt(buffer, 7), Error); // The first is elsewhere.
  const atOnce = assertThrows(() => file.readAt(buffer, 7), Error);
  for (const error of [elsewhere, atOnce]) {
    assertEquals(error.message, `${directory.path} cannot be read at byte 7 of 1000`);
    assert(error.cause instanceof Error && error.cause.message.includes("EISDIR"));
  }
  file.close();
});

const NOW_MS = Date.UTC(2027, 0, 1);

testLiveRows("tellsVersions() knows which times tell versions apart", MODIFICATION_TIMES, (row) => {
  assertEquals(tellsVersions(modifiedMsOf(row, NOW_MS), NOW_MS), row.tells);
});

Deno.test("tellsVersions() has the tick of the coarsest file system for its limit", () => {
  const rows = [[1999, false], [2000, true], [-1999, false], [-2000, true]] as const;
  for (const [agoMs, tells] of rows) {
    assertEquals(tellsVersions(NOW_MS - agoMs, NOW_MS), tells, `${agoMs}`);
  }
});
