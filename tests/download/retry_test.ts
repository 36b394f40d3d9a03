import { fieldsWith } from "../support/field_lines.ts";
import { assert, assertEquals } from "@std/assert";
import { type TryDetails, TryError } from "../../lib/download/download_error.ts";
import { ANSWER_DATES } from "../cases/answer_dates.ts";
import { isWorthRetry, pauseMs, retryAfterMs } from "../../lib/download/attempts.ts";

const NOW = Date.UTC(1994, 10, 6, 8, 49, 37) / 1000;

const failed = (failure: TryError["failure"], details: TryDetails = {}) =>
  new TryError(failure, "a:80", "x", details);

Deno.test("pauseMs() doubles, up to 30 s, with up to half of it left to chance", () => {
  const lost = failed("network");
  assertEquals([1, 2, 3, 4].map((n) => pauseMs(lost, n, 1)), [200, 400, 800, 1600]);
  assertEquals([1, 2, 3, 4].map((n) => pauseMs(lost, n, 0)), [100, 200, 400, 800]);
  assertEquals(pauseMs(lost, 1000, 1), 30_000);
});

Deno.test("pauseMs() does not grow when a server lacks the file", () => {
  assertEquals(pauseMs(failed("answer", { statusCode: 404 }), 9, 1), 200);
  for (const statusCode of [408, 429, 500, 503]) {
    assertEquals(pauseMs(failed("answer", { statusCode }), 3, 1), 800);
  }
});

Deno.test("retryAfterMs() reads seconds and dates, and waits a minute at the most", () => {
  const after = (value: string) => retryAfterMs(fieldsWith([["Retry-After", value]]), NOW);
  assertEquals(after("2"), 2000);
  assertEquals(after("0"), 0);
  assertEquals(after("3600"), 60_000);
  assertEquals(after("9".repeat(400)), 60_000);
  assertEquals(after("Sun, 06 Nov 1994 08:49:40 GMT"), 3000);
  assertEquals(after("Sun, 06 Nov 1994 08:49:30 GMT"), 0);
  for (const nothing of ["", "soon", "-1", "1.5"]) assertEquals(after(nothing), undefined);
  assertEquals([retryAfterMs(fieldsWith(), NOW), retryAfterMs(undefined, NOW)], [
    undefined,
    undefined,
  ]);
});

Deno.test("retryAfterMs() takes the answer's clock for its dates", () => {
  for (const { story, own, date, time, seconds } of ANSWER_DATES) {
    const fields = fieldsWith([
      ["Retry-After", time],
      ...(date === undefined ? [] : [["Date", date] as const]),
    ]);
    assertEquals(retryAfterMs(fields, Date.parse(own) / 1000), Math.max(0, seconds) * 1000, story);
  }
});

Deno.test("isWorthRetry() tries whatever a server behind a redirect has done", () => {
  for (const failure of ["answer", "network", "protocol", "redirect", "checksum"] as const) {
    assert(isWorthRetry(failed(failure, { statusCode: 404 }), false));
  }
});

Deno.test("isWorthRetry() asks the server in the URL again only for what passes", () => {
  const direct = (failure: TryError["failure"], details: TryDetails = {}) =>
    isWorthRetry(failed(failure, details), true);
  assert(direct("network"));
  for (const statusCode of [408, 429, 500, 503]) assert(direct("answer", { statusCode }));
  for (const statusCode of [204, 400, 403, 404, 410]) assert(!direct("answer", { statusCode }));
  assert(direct("answer", { statusCode: 416, isOfRange: true }));
  for (const failure of ["protocol", "redirect", "checksum"] as const) assert(!direct(failure));
  assert(direct("checksum", { isFinal: false }));
  assert(!isWorthRetry(failed("network", { isFinal: true }), false));
});
