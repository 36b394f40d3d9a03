import { assertEquals } from "@std/assert";
import { EntityTags } from "../../lib/files/entity_tags.ts";
import { isInCalendar, tellsVersions } from "../../lib/files/modification_time.ts";
import { MODIFICATION_TIMES, modifiedMsOf } from "../cases/modification_times.ts";
import { testLiveRows } from "../support/live_rows.ts";

const NOW_MS = Date.UTC(2027, 0, 1);

testLiveRows("tellsVersions() knows which times tell versions apart", MODIFICATION_TIMES, (row) => {
  assertEquals(tellsVersions(modifiedMsOf(row, NOW_MS), NOW_MS), row.tells);
});

testLiveRows("EntityTags makes a tag of times that tell versions", MODIFICATION_TIMES, (row) => {
  const tags = new EntityTags(undefined, () => NOW_MS);
  const tag = tags.ofBytes(new Uint8Array(3), modifiedMsOf(row, NOW_MS), "identity");
  assertEquals(tag !== undefined, row.tells);
});

Deno.test("isInCalendar() knows the years of four digits", () => {
  for (
    const ms of [NaN, Infinity, -Infinity, 9e15, -9e15, 253_402_300_800_000, -62_135_596_800_001]
  ) {
    assertEquals(isInCalendar(ms), false, `${ms}`);
  }
  for (const ms of [0, -1, 1e12, 253_402_300_799_999]) assertEquals(isInCalendar(ms), true);
});

Deno.test("tellsVersions() has the tick of the coarsest file system for its limit", () => {
  for (
    const [agoMs, tells] of [[1999, false], [2000, true], [-1999, false], [-2000, true]] as const
  ) {
    assertEquals(tellsVersions(NOW_MS - agoMs, NOW_MS), tells, `${agoMs}`);
  }
});
