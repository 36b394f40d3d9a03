import { multipartByteRanges } from "../../lib/http/byte_range.ts";
import { assertEquals, assertThrows } from "@std/assert";

const OPTIONS = { boundary: "THIS_STRING_SEPARATES", contentType: "application/pdf", length: 8000 };
const RANGES = [{ first: 500, last: 999 }, { first: 7000, last: 7999 }];

/** All that is sent, with an `x` for each octet of the file. */
function sent({ parts, end }: ReturnType<typeof multipartByteRanges>): string {
  const texts = parts.map(({ head, range }) => head + "x".repeat(range.last - range.first + 1));
  return texts.join("") + end;
}

Deno.test("multipartByteRanges() lays out the example of RFC 9110 §15.3.7.2", () => {
  const multipart = multipartByteRanges(RANGES, OPTIONS);
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

Deno.test("multipartByteRanges() counts every octet it sends", () => {
  for (const contentType of [undefined, "text/html; charset=utf-8"]) {
    const multipart = multipartByteRanges(RANGES, { ...OPTIONS, contentType });
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
  const [part] = multipartByteRanges(RANGES, { ...OPTIONS, contentType: undefined }).parts;
  assertEquals(part!.head, "--THIS_STRING_SEPARATES\r\nContent-Range: bytes 500-999/8000\r\n\r\n");
});

Deno.test("multipartByteRanges() refuses what would end a line early or want quotes", () => {
  for (const boundary of ["", "a b", "a\r\nb", 'a"b', "a;b", "a/b", "é", "a".repeat(71)]) {
    assertThrows(
      () => multipartByteRanges(RANGES, { ...OPTIONS, boundary }),
      TypeError,
      "boundary",
    );
  }
  for (const contentType of ["a/b\r\nX: y", "a/b\0", "a/\u00e9"]) {
    assertThrows(
      () => multipartByteRanges(RANGES, { ...OPTIONS, contentType }),
      TypeError,
      "media",
    );
  }
});
