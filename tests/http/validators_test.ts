import { parseHttpDate } from "../../lib/http/http_date.ts";
import {
  type EntityTag,
  evaluatePreconditions,
  isStrongMatch,
  isWeakMatch,
  parseEntityTag,
  parseEntityTags,
  rangeApplies,
  type Validators,
  writeEntityTag,
} from "../../lib/http/validators.ts";
import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ifRanges } from "../cases/if_ranges.ts";
import { type DatedFile, preconditions } from "../cases/preconditions.ts";
import { fieldsOf } from "../support/field_lines.ts";
import { assertLinear } from "../support/growth.ts";
import { testRows } from "../support/rows.ts";

function strong(opaque: string): EntityTag {
  return { isWeak: false, opaque };
}

function weak(opaque: string): EntityTag {
  return { isWeak: true, opaque };
}

Deno.test("parseEntityTag() reads the examples of RFC 9110 §8.8.3, and every etagc", () => {
  const etagcs = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte))
    .filter((it) => it === "!" || (it >= "#" && it <= "~") || it >= "\x80").join("");
  assertEquals(parseEntityTag('"xyzzy"'), strong("xyzzy"));
  assertEquals(parseEntityTag('W/"xyzzy"'), weak("xyzzy"));
  assertEquals(parseEntityTag('""'), strong(""));
  assertEquals(parseEntityTag('"a,b\\"'), strong("a,b\\"));
  assertEquals(parseEntityTag(`"${etagcs}"`), strong(etagcs));
});

Deno.test("parseEntityTag() knows what is none", () => {
  const none = ["", '"', "a", '"a', 'a"', '"a"b', ' "a"', '"a" ', 'w/"a"', 'W"a"', 'W/ "a"', "W/a"];
  for (const text of [...none, '"a b"', '"a\tb"', '"a\n"', '"a"\n', '"a"b"', '"a", "b"', "*"]) {
    assertEquals(parseEntityTag(text), undefined, text);
  }
  for (const character of ["\0", "\x1f", " ", '"', "\x7f", "\u0100", "\u2028"]) {
    assertEquals(parseEntityTag(`"a${character}b"`), undefined, JSON.stringify(character));
  }
});

Deno.test("parseEntityTags() reads lists, commas within quotes and all (RFC 9110 §13.1.1)", () => {
  const lists: [fieldValue: string, entityTags: "*" | EntityTag[]][] = [
    ["*", "*"],
    [" * ", "*"],
    ["", []],
    [",, ,", []],
    ['"a"', [strong("a")]],
    ['"a", W/"b"', [strong("a"), weak("b")]],
    ['"a"\t,\t"b","c"', [strong("a"), strong("b"), strong("c")]],
    ['",", "a,b"', [strong(","), strong("a,b")]],
    [',"a",', [strong("a")]],
    ['"*"', [strong("*")]],
    // Passed over up to the next comma.
    ['*, "a"', [strong("a")]],
    ['"a", *', [strong("a")]],
    ["*, *", []],
    ['a, "b"', [strong("b")]],
    ['"a b", "c"', [strong("c")]],
    ['"a" "b", "c"', [strong("c")]],
    ['"a, "b"', [strong("b")]],
    ['"a",b"', [strong("a")]],
    ['"a', []],
  ];
  for (const [fieldValue, entityTags] of lists) {
    assertEquals(parseEntityTags(fieldValue), entityTags, fieldValue);
  }
});

Deno.test("parseEntityTags() reads back every list of tags", () => {
  const entityTag = fc.record({
    isWeak: fc.boolean(),
    opaque: fc.stringMatching(/^[\x21\x23-\x5b\x5d-\x7e]{0,12}$/),
  });
  const property = fc.property(fc.array(entityTag), (entityTags) => {
    assertEquals(parseEntityTags(entityTags.map(writeEntityTag).join(" ,, ")), entityTags);
  });
  fc.assert(property, { seed: 88, numRuns: 1000 });
});

Deno.test("parseEntityTags() takes time in proportion to its text", () => {
  for (const part of ['"a', '"a,', '"a"b,', " ", ",", '"', '" ,"', 'W/"', '"a" ']) {
    assertLinear(parseEntityTags, (length) => `${part.repeat(length / part.length)}x`);
  }
});

Deno.test("isStrongMatch() and isWeakMatch() are those of RFC 9110 §8.8.3.2", () => {
  const rows: [one: EntityTag, other: EntityTag, strong: boolean, weak: boolean][] = [
    [weak("1"), weak("1"), false, true],
    [weak("1"), weak("2"), false, false],
    [weak("1"), strong("1"), false, true],
    [strong("1"), weak("1"), false, true],
    [strong("1"), strong("1"), true, true],
    [strong("a"), strong("A"), false, false],
  ];
  for (const [one, other, isStrong, isWeak] of rows) {
    assertEquals([isStrongMatch(one, other), isWeakMatch(one, other)], [isStrong, isWeak]);
  }
});

Deno.test("writeEntityTag() writes what it may, and refuses the rest", () => {
  assertEquals(writeEntityTag(strong("65f-1c")), '"65f-1c"');
  assertEquals(writeEntityTag(weak("")), 'W/""');
  for (const opaque of ['"', "a b", "a\r\nb", "\\", "\x7f", "\xe9", "\u20ac"]) {
    assertThrows(() => writeEntityTag(strong(opaque)), TypeError, "Cannot write");
  }
});

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
