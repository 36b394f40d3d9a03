import { parseHttpDate } from "../../lib/http/http_date.ts";
import {
  evaluatePreconditions,
  parseEntityTag,
  rangeApplies,
  type Validators,
} from "../../lib/http/validators.ts";
import { assertEquals } from "@std/assert";
import { ifRanges } from "../cases/if_ranges.ts";
import { type DatedFile, preconditions } from "../cases/preconditions.ts";
import { fieldsOf } from "../support/field_lines.ts";
import { testRows } from "../support/rows.ts";

const FILE: DatedFile = {
  entityTag: '"2ed1f4a1-1f"',
  lastModified: "Sun, 06 Nov 1994 08:49:37 GMT",
  before: "Sun, 06 Nov 1994 08:49:36 GMT",
  after: "Sun, 06 Nov 1994 08:49:38 GMT",
};
const NOW = Date.UTC(2027, 0, 1) / 1000;
const LAST_MODIFIED = parseHttpDate(FILE.lastModified, NOW)!;
const VALIDATORS: Validators = {
  entityTag: parseEntityTag(FILE.entityTag)!,
  lastModified: LAST_MODIFIED,
};
const STATUS = { none: 200, notModified: 304, failed: 412 };

testRows("evaluatePreconditions() follows RFC 9110 §13.2.2", preconditions(FILE), (row) => {
  assertEquals(STATUS[evaluatePreconditions(fieldsOf(row.raw), VALIDATORS, NOW)], row.status);
});

testRows("rangeApplies() follows RFC 9110 §13.1.5", ifRanges(FILE), ({ raw, applies }) => {
  assertEquals(rangeApplies(fieldsOf(raw), VALIDATORS, NOW), applies);
});

Deno.test("evaluatePreconditions() ignores dates where the file has none", () => {
  const { entityTag } = VALIDATORS;
  for (const line of ["If-Modified-Since", "If-Unmodified-Since"]) {
    for (const date of [FILE.before, FILE.after]) {
      const fields = fieldsOf(`${line}: ${date}\r\n`);
      assertEquals(evaluatePreconditions(fields, { entityTag: entityTag! }, NOW), "none", line);
    }
  }
});

Deno.test("evaluatePreconditions() matches no tag where the file has none, but any", () => {
  const rows = [
    [`If-Match: ${FILE.entityTag}`, "failed"],
    [`If-None-Match: ${FILE.entityTag}`, "none"],
    ["If-Match: *", "none"],
    ["If-None-Match: *", "notModified"],
  ] as const;
  for (const [line, result] of rows) {
    const validators = { lastModified: LAST_MODIFIED };
    assertEquals(evaluatePreconditions(fieldsOf(`${line}\r\n`), validators, NOW), result, line);
  }
});

Deno.test("evaluatePreconditions() matches a weak tag of ours for a cache, and for nothing else", () => {
  const validators = { entityTag: { isWeak: true, opaque: "a" } };
  const rows = [
    ['If-None-Match: "a"', "notModified"],
    ['If-None-Match: W/"a"', "notModified"],
    ['If-Match: "a"', "failed"],
    ['If-Match: W/"a"', "failed"],
  ] as const;
  for (const [line, result] of rows) {
    assertEquals(evaluatePreconditions(fieldsOf(`${line}\r\n`), validators, NOW), result, line);
  }
  assertEquals(rangeApplies(fieldsOf('If-Range: "a"\r\n'), validators, NOW), false);
});

Deno.test("rangeApplies() trusts a date only when its second is over (RFC 9110 §8.8.2.2)", () => {
  const fields = fieldsOf(`If-Range: ${FILE.lastModified}\r\n`);
  const rows: [now: number, applies: boolean][] = [
    [LAST_MODIFIED - 60, false],
    [LAST_MODIFIED, false],
    [LAST_MODIFIED + 0.999, false],
    [LAST_MODIFIED + 1, true],
  ];
  for (const [now, applies] of rows) {
    assertEquals(rangeApplies(fields, VALIDATORS, now), applies, `${now - LAST_MODIFIED} s later`);
  }
});

Deno.test("rangeApplies() matches nothing where the file has no validator", () => {
  for (const value of [FILE.entityTag, FILE.lastModified]) {
    assertEquals(rangeApplies(fieldsOf(`If-Range: ${value}\r\n`), {}, NOW), false, value);
  }
});
