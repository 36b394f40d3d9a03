import { imfFixdate, parseHttpDate } from "../../lib/http/http_date.ts";
import fc from "fast-check";
import { HTTP_DATES } from "../cases/http_dates.ts";
import { testRows } from "../support/rows.ts";
import { assertEquals, assertMatch } from "@std/assert";

const NOW = Date.UTC(2027, 0, 1) / 1000;

testRows("parseHttpDate() reads what RFC 9110 calls a date", HTTP_DATES, ({ raw, date }) => {
  const seconds = date === undefined ? undefined : Date.parse(date) / 1000;
  assertEquals(parseHttpDate(raw, NOW), seconds);
});

Deno.test("parseHttpDate() reads back every date that imfFixdate() writes", () => {
  const first = Date.UTC(2000, 0, 1) / 1000 - 2000 * 365 * 86400;
  const last = Date.UTC(9999, 11, 31) / 1000;
  const property = fc.property(fc.integer({ min: first, max: last }), (seconds) => {
    assertEquals(parseHttpDate(imfFixdate(seconds * 1000), NOW), seconds);
  });
  fc.assert(property, { seed: 56, numRuns: 2000 });
});

Deno.test("parseHttpDate() keeps years of two digits within 50 years ahead, whenever it is asked", () => {
  const names = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
  const seconds = fc.integer({ min: 0, max: Date.UTC(2200, 0, 1) / 1000 });
  const property = fc.property(seconds, fc.integer({ min: -49, max: 50 }), (now, years) => {
    const date = new Date(now * 1000);
    date.setUTCMonth(0, 1);
    date.setUTCFullYear(date.getUTCFullYear() + years);
    const [, day, month, year, time] = date.toUTCString().split(" ");
    const text = `${names[date.getUTCDay()]}, ${day}-${month}-${year!.slice(2)} ${time} GMT`;
    assertEquals(parseHttpDate(text, now), date.getTime() / 1000, text);
  });
  fc.assert(property, { seed: 57, numRuns: 2000 });
});

Deno.test("parseHttpDate() never throws", () => {
  const property = fc.property(fc.string(), fc.string(), (one, other) => {
    assertEquals(parseHttpDate(`${one}, ${other}`, NOW), undefined);
  });
  fc.assert(property, { seed: 58, numRuns: 1000 });
});

Deno.test("imfFixdate() writes the date of a second, also when the clock goes back", () => {
  const end = Date.UTC(2027, 1, 28, 23, 59, 59);
  const rows: [epochMs: number, date: string][] = [
    [784111777_000, "Sun, 06 Nov 1994 08:49:37 GMT"], // RFC 9110 §5.6.7
    [end, "Sun, 28 Feb 2027 23:59:59 GMT"],
    [end + 1, "Sun, 28 Feb 2027 23:59:59 GMT"],
    [end + 999, "Sun, 28 Feb 2027 23:59:59 GMT"],
    [end + 1000, "Mon, 01 Mar 2027 00:00:00 GMT"],
    [86_400_000, "Fri, 02 Jan 1970 00:00:00 GMT"],
    [0, "Thu, 01 Jan 1970 00:00:00 GMT"],
    [86_400_000, "Fri, 02 Jan 1970 00:00:00 GMT"],
    [-1, "Wed, 31 Dec 1969 23:59:59 GMT"],
  ];
  for (const [epochMs, date] of rows) assertEquals(imfFixdate(epochMs), date);
  for (let day = 0; day < 366; day++) {
    const text = imfFixdate(Date.UTC(2028, 0, 1 + day, 4, 5, 6));
    assertMatch(text, /^[A-Z][a-z]{2}, [0-3][0-9] [A-Z][a-z]{2} 2028 04:05:06 GMT$/);
  }
});
