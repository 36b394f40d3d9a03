import { assertEquals } from "@std/assert";
import { TryError } from "../../lib/download/download_error.ts";
import { AttemptLog } from "../../lib/download/attempts.ts";

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
  attempts.redirected("a:1");
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
