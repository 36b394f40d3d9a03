import {
  type EntityTag,
  isStrongMatch,
  isWeakMatch,
  parseEntityTag,
  parseEntityTags,
  writeEntityTag,
} from "../../lib/http/validators.ts";
import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";

function strong(opaque: string): EntityTag {
  return { isWeak: false, opaque };
}

function weak(opaque: string): EntityTag {
  return { isWeak: true, opaque };
}

Deno.test("parseEntityTag() reads the examples of RFC 9110 §8.8.3, and every etagc", () => {
  const etagcs = Array.from({ length: 256 }, (_, octet) => String.fromCharCode(octet))
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

Deno.test("parseEntityTags() takes no more time than its text has octets", () => {
  const size = 200_000;
  for (const part of ['"a', '"a,', '"a"b,', " ", ",", '"', '" ,"', 'W/"', '"a" ']) {
    parseEntityTags(`${part.repeat(size / part.length)}x`);
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
