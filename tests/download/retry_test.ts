import { assert, assertEquals } from "@std/assert";
import { type TryDetails, TryError } from "../../lib/download/download_error.ts";
import { isWorthRetry, pauseMs, retryAfterMs } from "../../lib/download/retry.ts";

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
  const now = Date.UTC(1994, 10, 6, 8, 49, 37) / 1000;
  assertEquals(retryAfterMs("2", now), 2000);
  assertEquals(retryAfterMs("0", now), 0);
  assertEquals(retryAfterMs("3600", now), 60_000);
  assertEquals(retryAfterMs("9".repeat(400), now), 60_000);
  assertEquals(retryAfterMs("Sun, 06 Nov 1994 08:49:40 GMT", now), 3000);
  assertEquals(retryAfterMs("Sun, 06 Nov 1994 08:49:30 GMT", now), 0);
  for (const nothing of [undefined, "", "soon", "-1", "1.5"]) {
    assertEquals(retryAfterMs(nothing, now), undefined);
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
