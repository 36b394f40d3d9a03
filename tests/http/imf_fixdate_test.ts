import { imfFixdate } from "../../lib/http/http_date.ts";
import { assertEquals, assertMatch } from "@std/assert";

Deno.test("imfFixdate() writes the example of RFC 9110 §5.6.7", () => {
  assertEquals(imfFixdate(784111777_000), "Sun, 06 Nov 1994 08:49:37 GMT");
});

Deno.test("imfFixdate() writes the same date all through a second, and no longer", () => {
  const start = Date.UTC(2027, 1, 28, 23, 59, 59);
  for (const ms of [0, 1, 999]) {
    assertEquals(imfFixdate(start + ms), "Sun, 28 Feb 2027 23:59:59 GMT");
  }
  assertEquals(imfFixdate(start + 1000), "Mon, 01 Mar 2027 00:00:00 GMT");
});

Deno.test("imfFixdate() goes back when the clock does", () => {
  const later = imfFixdate(86_400_000);
  assertEquals(imfFixdate(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  assertEquals(imfFixdate(86_400_000), later);
  assertEquals(imfFixdate(-1), "Wed, 31 Dec 1969 23:59:59 GMT");
});

Deno.test("imfFixdate() keeps its width for every day of a leap year", () => {
  for (let day = 0; day < 366; day++) {
    const text = imfFixdate(Date.UTC(2028, 0, 1 + day, 4, 5, 6));
    assertMatch(text, /^[A-Z][a-z]{2}, [0-3][0-9] [A-Z][a-z]{2} 2028 04:05:06 GMT$/);
  }
});
