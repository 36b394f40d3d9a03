import {
  byteRanges,
  contentRange,
  multipartByteRanges,
  unsatisfiedRange,
} from "../../lib/http/byte_range.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { RANGE_SETS } from "../cases/range_sets.ts";
import { type RangeCase, RANGES } from "../cases/ranges.ts";
import { fieldsOf } from "../support/field_lines.ts";
import { assertLinear } from "../support/growth.ts";
import { testRows } from "../support/rows.ts";

/** The answer as the table writes it. */
function answerTo(range: string | undefined, length: number): string {
  const answer = byteRanges(range, length);
  if (answer.kind !== "ranges") return answer.kind;
  return answer.ranges.map(({ first, last }) => `${first}-${last}`).join(" ");
}

function checkRange({ raw, length, answer }: RangeCase): void {
  assertEquals(answerTo(fieldsOf(raw).get("range"), length), answer);
}

testRows("byteRanges() reads a range as RFC 9110 has it", RANGES, checkRange);

testRows("byteRanges() reads several ranges as RFC 9110 has them", RANGE_SETS, checkRange);

Deno.test("byteRanges() knows the last position there can be", () => {
  const length = Number.MAX_SAFE_INTEGER;
  assertEquals(answerTo("bytes=-1", length), "9007199254740990-9007199254740990");
  assertEquals(answerTo("bytes=9007199254740990-", length), "9007199254740990-9007199254740990");
  assertEquals(answerTo("bytes=9007199254740991-", length), "unsatisfiable");
});

const LENGTH = fc.oneof(fc.nat(3), fc.nat(2000), fc.nat(Number.MAX_SAFE_INTEGER));
const NUMBER = fc.oneof(fc.nat(3), fc.nat(2000), fc.bigInt(0n, 2n ** 70n)).map(String);
const SPEC = fc.oneof(
  fc.tuple(NUMBER, NUMBER).map(([one, other]) => `${one}-${other}`),
  NUMBER.map((number) => `${number}-`),
  NUMBER.map((number) => `-${number}`),
);
const RANGE = fc.oneof(
  { weight: 4, arbitrary: fc.array(SPEC, { maxLength: 18 }).map((specs) => `bytes=${specs}`) },
  fc.stringMatching(/^(?:bytes=)?[-0-9, \tx]{0,40}$/),
  fc.string(),
);

Deno.test("byteRanges() gives ranges within the file, apart from each other, never more than it has", () => {
  const property = fc.property(RANGE, LENGTH, (range, length) => {
    const answer = byteRanges(range, length);
    if (answer.kind !== "ranges") return;
    const { ranges } = answer;
    assert(ranges.length >= 1 && ranges.length <= 16);
    for (const { first, last } of ranges) {
      assert(Number.isSafeInteger(first) && Number.isSafeInteger(last));
      assert(0 <= first && first <= last && last < length);
    }
    const ascending = ranges.toSorted((a, b) => a.first - b.first);
    for (const [index, { first }] of ascending.entries()) {
      assert(index === 0 || first - ascending[index - 1]!.last > 80);
    }
    assertEquals(answerTo(range.replaceAll(",", " ,,\t"), length), answerTo(range, length));
  });
  fc.assert(property, { seed: 14, numRuns: 3000 });
});

Deno.test("byteRanges() sends every byte that is asked for, as far as there is one", () => {
  const positions = fc.tuple(fc.nat(400), fc.nat(60));
  const property = fc.property(
    fc.array(positions, { maxLength: 8 }),
    fc.nat(500),
    (asked, length) => {
      const specs = asked.map(([first, more]) => `${first}-${first + more}`);
      const answer = byteRanges(`bytes=${specs}`, length);
      if (answer.kind !== "ranges") return;
      for (const [first, more] of asked) {
        if (first >= length) continue;
        const last = Math.min(first + more, length - 1);
        assert(
          answer.ranges.some((it) => it.first <= first && last <= it.last),
          `${first}-${last}`,
        );
      }
    },
  );
  fc.assert(property, { seed: 15, numRuns: 3000 });
});

Deno.test("byteRanges() takes time in proportion to its text", () => {
  const read = (range: string) => byteRanges(range, 1000);
  for (const part of [",", " "]) assertLinear(read, (length) => `bytes=${part.repeat(length)}x`);
  const digits = "9".repeat(16_000);
  assertEquals(read(`bytes=${digits}-${digits}`), { kind: "unsatisfiable" });
});

Deno.test("contentRange() and unsatisfiedRange() write the examples of RFC 9110 §14.4", () => {
  assertEquals(contentRange({ first: 42, last: 1233 }, 1234), "bytes 42-1233/1234");
  assertEquals(contentRange({ first: 0, last: 499 }, 1234), "bytes 0-499/1234");
  assertEquals(unsatisfiedRange(1234), "bytes */1234");
  assertEquals(unsatisfiedRange(0), "bytes */0");
});

const OPTIONS = { boundary: "THIS_STRING_SEPARATES", contentType: "application/pdf", length: 8000 };
const PARTS = [{ first: 500, last: 999 }, { first: 7000, last: 7999 }];

/** All that is sent, with an `x` for each byte of the file. */
function sent({ parts, end }: ReturnType<typeof multipartByteRanges>): string {
  const texts = parts.map(({ head, range }) => head + "x".repeat(range.last - range.first + 1));
  return texts.join("") + end;
}

Deno.test("multipartByteRanges() lays out the example of RFC 9110 §15.3.7.2", () => {
  const multipart = multipartByteRanges(PARTS, OPTIONS);
  assertEquals(multipart.contentType, "multipart/byteranges; boundary=THIS_STRING_SEPARATES");
  assertEquals(
    sent(multipart),
    `--THIS_STRING_SEPARATES\r
Content-Type: application/pdf\r
Content-Range: bytes 500-999/8000\r
\r
${"x".repeat(500)}\r
--THIS_STRING_SEPARATES\r
Content-Type: application/pdf\r
Content-Range: bytes 7000-7999/8000\r
\r
${"x".repeat(1000)}\r
--THIS_STRING_SEPARATES--\r
`,
  );
});

Deno.test("multipartByteRanges() counts every byte it sends", () => {
  for (const contentType of [undefined, "text/html; charset=utf-8"]) {
    const multipart = multipartByteRanges(PARTS, { ...OPTIONS, contentType });
    assertEquals(multipart.contentLength, sent(multipart).length, contentType);
  }
});

Deno.test("multipartByteRanges() counts beyond 4 GiB", () => {
  const length = 2 ** 40;
  const ranges = [{ first: 0, last: 2 ** 39 - 1 }, { first: 2 ** 39 + 100, last: length - 1 }];
  const { contentLength, parts, end } = multipartByteRanges(ranges, { ...OPTIONS, length });
  const heads = parts.reduce((sum, { head }) => sum + head.length, end.length);
  assertEquals(contentLength, length - 100 + heads);
});

Deno.test("multipartByteRanges() leaves Content-Type out where there is none", () => {
  const [part] = multipartByteRanges(PARTS, { ...OPTIONS, contentType: undefined }).parts;
  assertEquals(part!.head, "--THIS_STRING_SEPARATES\r\nContent-Range: bytes 500-999/8000\r\n\r\n");
});

Deno.test("multipartByteRanges() refuses what would end a line early or want quotes", () => {
  for (const boundary of ["", "a b", "a\r\nb", 'a"b', "a;b", "a/b", "é", "a".repeat(71)]) {
    assertThrows(
      () => multipartByteRanges(PARTS, { ...OPTIONS, boundary }),
      TypeError,
      "boundary",
    );
  }
  for (const contentType of ["a/b\r\nX: y", "a/b\0", "a/\u00e9"]) {
    assertThrows(
      () => multipartByteRanges(PARTS, { ...OPTIONS, contentType }),
      TypeError,
      "media",
    );
  }
});
