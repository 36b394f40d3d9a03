import { assert, assertEquals } from "@std/assert";
import { AttemptLog, isWorthRetry, pauseMs, retryAfterMs } from "../../lib/download/attempts.ts";
import { type TryDetails, TryError } from "../../lib/download/download_error.ts";
import { ANSWER_DATES } from "../cases/answer_dates.ts";
import { fieldsWith } from "../support/field_lines.ts";

const failed = (server: string, reason = "gone") => new TryError("network", server, reason);

Deno.test("AttemptLog keeps what each server did, in the order in which they came", () => {
  const attempts = new AttemptLog();
  attempts.fail(failed("b:1", "slow"), false);
  attempts.fail(failed("a:1"), false);
  attempts.fail(failed("b:1"), false);
  attempts.succeed("c:1");
  assertEquals(attempts.records.map(({ server, outcomes }) => [server, ...outcomes]), [
    ["b:1", "slow", "gone"],
    ["a:1", "gone"],
    ["c:1", "done"],
  ]);
  assertEquals([attempts.failures, attempts.failuresOf("b:1"), attempts.failuresOf("c:1")], [
    3,
    2,
    0,
  ]);
});

Deno.test("AttemptLog counts against a download what fails again, and brought nothing", () => {
  const attempts = new AttemptLog();
  for (const server of ["a:1", "b:1", "c:1"]) attempts.fail(failed(server), false);
  assertEquals(attempts.repeats, 0);
  attempts.fail(failed("a:1"), true);
  assertEquals(attempts.repeats, 0);
  attempts.fail(failed("a:1"), false);
  assertEquals(attempts.repeats, 1);
});

Deno.test("AttemptLog counts the failures in a row of a server that sends nobody on", () => {
  const attempts = new AttemptLog();
  attempts.fail(failed("a:1"), false);
  attempts.fail(failed("b:1"), false);
  attempts.fail(failed("a:1"), false);
  assertEquals([attempts.failuresInRow("a:1"), attempts.failuresInRow("b:1")], [2, 1]);
  attempts.fail(failed("b:1"), true);
  assertEquals(attempts.failuresInRow("b:1"), 1, "it has brought something");
  attempts.redirected(attempts.begin("a:1", 0));
  assertEquals([attempts.failuresInRow("a:1"), attempts.failuresOf("a:1")], [0, 2]);
});

Deno.test("AttemptLog lets nobody be led from server to server for ever", () => {
  const attempts = new AttemptLog();
  for (let i = 0; i < 1000; i++) attempts.fail(failed(`s${i}:1`), false);
  assertEquals(attempts.repeats, 900);
});

Deno.test("AttemptLog tells how long a server has asked to be left alone", () => {
  const attempts = new AttemptLog();
  attempts.fail(failed("a:1"), false, 5000);
  assertEquals([attempts.restMs("a:1", 3000), attempts.restMs("a:1", 6000)], [2000, 0]);
  assertEquals(attempts.restMs("b:1", 0), 0);
});

Deno.test("AttemptLog keeps the longer rest that a server has asked for", () => {
  const attempts = new AttemptLog();
  attempts.fail(failed("a:1"), false, 60_000);
  attempts.failBeside(failed("a:1"));
  attempts.fail(failed("a:1"), false, 2000);
  assertEquals(attempts.restMs("a:1", 1000), 59_000);
});

Deno.test("AttemptLog lets a person be told once of each rest", () => {
  const attempts = new AttemptLog();
  attempts.fail(failed("a:1"), false, 5000);
  assertEquals([attempts.mustTellRest("a:1"), attempts.mustTellRest("a:1")], [true, false]);
  attempts.fail(failed("a:1"), false, 5010);
  assertEquals(attempts.mustTellRest("a:1"), false, "another connection was told the same");
  attempts.fail(failed("a:1"), false, 9000);
  assertEquals(attempts.mustTellRest("a:1"), true);
});

Deno.test("AttemptLog.missing() is the last 404 or 410, if all that failed answered so at last", () => {
  const answered = (server: string, statusCode: number) =>
    new TryError("answer", server, `${statusCode}`, { statusCode });
  const attempts = new AttemptLog();
  assertEquals(attempts.missing("typed:1"), undefined);
  attempts.fail(failed("typed:1"), false);
  attempts.fail(answered("a:1", 404), false);
  attempts.fail(answered("b:1", 410), false);
  assertEquals(attempts.missing("typed:1")?.message, "b:1: 410");
  attempts.fail(failed("c:1"), false);
  assertEquals(attempts.missing("typed:1"), undefined);
  attempts.fail(answered("c:1", 404), false);
  assertEquals(attempts.missing("typed:1")?.message, "c:1: 404");
});

Deno.test("AttemptLog.avoidance() names those that failed, the last first, as many as are read", () => {
  const attempts = new AttemptLog();
  assertEquals(attempts.avoidance("typed:1"), undefined);
  attempts.fail(failed("typed:1"), false);
  attempts.succeed("good:1");
  assertEquals(attempts.avoidance("typed:1"), undefined);
  attempts.fail(failed("a:1"), false);
  attempts.fail(failed("[::1]:80"), false);
  attempts.fail(failed("b:1"), false);
  attempts.fail(failed("a:1"), false);
  assertEquals(attempts.avoidance("typed:1"), "a:1, b:1, [::1]:80");
  assertEquals(attempts.avoidance("typed:1", ["silent:1"]), "silent:1, a:1, b:1, [::1]:80");
  for (let i = 0; i < 30; i++) attempts.fail(failed(`s${i}:1`), false);
  assertEquals(attempts.avoidance("typed:1")?.split(", ").length, 16);
  for (let i = 0; i < 16; i++) attempts.fail(failed(`${"x".repeat(200)}${i}:1`), false);
  assertEquals(attempts.avoidance("typed:1")?.split(", ").length, 4);
});

Deno.test("AttemptLog remembers who is not to be asked for a part", () => {
  const attempts = new AttemptLog();
  attempts.denyRange("a:1");
  assertEquals([attempts.allowsRange("a:1"), attempts.allowsRange("b:1")], [false, true]);
});

const NOW = Date.UTC(1994, 10, 6, 8, 49, 37) / 1000;

const tryError = (failure: TryError["failure"], details: TryDetails = {}) =>
  new TryError(failure, "a:80", "x", details);

Deno.test("pauseMs() doubles, up to 30 s, with up to half of it left to chance", () => {
  const lost = tryError("network");
  assertEquals([1, 2, 3, 4].map((n) => pauseMs(lost, n, 1)), [200, 400, 800, 1600]);
  assertEquals([1, 2, 3, 4].map((n) => pauseMs(lost, n, 0)), [100, 200, 400, 800]);
  assertEquals(pauseMs(lost, 1000, 1), 30_000);
});

Deno.test("pauseMs() does not grow when a server lacks the file", () => {
  assertEquals(pauseMs(tryError("answer", { statusCode: 404 }), 9, 1), 200);
  for (const statusCode of [408, 429, 500, 503]) {
    assertEquals(pauseMs(tryError("answer", { statusCode }), 3, 1), 800);
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
    assert(isWorthRetry(tryError(failure, { statusCode: 404 }), false));
  }
});

Deno.test("isWorthRetry() asks the server in the URL again only for what passes", () => {
  const direct = (failure: TryError["failure"], details: TryDetails = {}) =>
    isWorthRetry(tryError(failure, details), true);
  assert(direct("network"));
  for (const statusCode of [408, 429, 500, 503]) assert(direct("answer", { statusCode }));
  for (const statusCode of [204, 400, 403, 404, 410]) assert(!direct("answer", { statusCode }));
  assert(direct("answer", { statusCode: 416, isOfRange: true }));
  for (const failure of ["protocol", "redirect", "checksum"] as const) assert(!direct(failure));
  assert(direct("checksum", { isFinal: false }));
  assert(!isWorthRetry(tryError("network", { isFinal: true }), false));
});

Deno.test("AttemptLog keeps each try, and why it was given up, but no redirects", () => {
  const attempts = new AttemptLog();
  attempts.redirected(attempts.begin("balancer:1", 0));
  attempts.begin("a:1", 1);
  attempts.begin("b:1", 2);
  attempts.failBeside(new TryError("network", "a:1", "gone"));
  attempts.begin("a:1", 3);
  attempts.fail(new TryError("answer", "a:1", "500"), false);
  assertEquals(attempts.tries.map(({ server, failure }) => [server, failure]), [
    ["a:1", "network"],
    ["b:1", undefined],
    ["a:1", "answer"],
  ]);
});
