import { assertEquals } from "@std/assert";
import { TryError } from "../../lib/download/download_error.ts";
import { Ledger } from "../../lib/download/ledger.ts";

const failed = (server: string, reason = "gone") => new TryError("network", server, reason);

Deno.test("Ledger keeps what each server did, in the order in which they came", () => {
  const ledger = new Ledger();
  ledger.fail(failed("b:1", "slow"), false);
  ledger.fail(failed("a:1"), false);
  ledger.fail(failed("b:1"), false);
  ledger.succeed("c:1");
  assertEquals(ledger.records.map(({ server, outcomes }) => [server, ...outcomes]), [
    ["b:1", "slow", "gone"],
    ["a:1", "gone"],
    ["c:1", "done"],
  ]);
  assertEquals([ledger.failures, ledger.failuresOf("b:1"), ledger.failuresOf("c:1")], [3, 2, 0]);
});

Deno.test("Ledger counts against a download what fails again, and brought nothing", () => {
  const ledger = new Ledger();
  for (const server of ["a:1", "b:1", "c:1"]) ledger.fail(failed(server), false);
  assertEquals(ledger.repeats, 0);
  ledger.fail(failed("a:1"), true);
  assertEquals(ledger.repeats, 0);
  ledger.fail(failed("a:1"), false);
  assertEquals(ledger.repeats, 1);
});

Deno.test("Ledger counts the failures in a row of a server that sends nobody on", () => {
  const ledger = new Ledger();
  ledger.fail(failed("a:1"), false);
  ledger.fail(failed("b:1"), false);
  ledger.fail(failed("a:1"), false);
  assertEquals([ledger.failuresInRow("a:1"), ledger.failuresInRow("b:1")], [2, 1]);
  ledger.redirected("a:1");
  assertEquals([ledger.failuresInRow("a:1"), ledger.failuresOf("a:1")], [0, 2]);
});

Deno.test("Ledger lets nobody be led from server to server for ever", () => {
  const ledger = new Ledger();
  for (let i = 0; i < 1000; i++) ledger.fail(failed(`s${i}:1`), false);
  assertEquals(ledger.repeats, 900);
});

Deno.test("Ledger tells how long a server has asked to be left alone", () => {
  const ledger = new Ledger();
  ledger.fail(failed("a:1"), false, 5000);
  assertEquals([ledger.restMs("a:1", 3000), ledger.restMs("a:1", 6000)], [2000, 0]);
  assertEquals(ledger.restMs("b:1", 0), 0);
});

Deno.test("Ledger keeps the longer rest that a server has asked for", () => {
  const ledger = new Ledger();
  ledger.fail(failed("a:1"), false, 60_000);
  ledger.failBeside(failed("a:1"));
  ledger.fail(failed("a:1"), false, 2000);
  assertEquals(ledger.restMs("a:1", 1000), 59_000);
});

Deno.test("Ledger lets a person be told once of each rest", () => {
  const ledger = new Ledger();
  ledger.fail(failed("a:1"), false, 5000);
  assertEquals([ledger.mustTellRest("a:1"), ledger.mustTellRest("a:1")], [true, false]);
  ledger.fail(failed("a:1"), false, 5010);
  assertEquals(ledger.mustTellRest("a:1"), false, "another connection was told the same");
  ledger.fail(failed("a:1"), false, 9000);
  assertEquals(ledger.mustTellRest("a:1"), true);
});

Deno.test("Ledger.missing() is the last 404 or 410, if all that failed answered so at last", () => {
  const answered = (server: string, statusCode: number) =>
    new TryError("answer", server, `${statusCode}`, { statusCode });
  const ledger = new Ledger();
  assertEquals(ledger.missing("typed:1"), undefined);
  ledger.fail(failed("typed:1"), false);
  ledger.fail(answered("a:1", 404), false);
  ledger.fail(answered("b:1", 410), false);
  assertEquals(ledger.missing("typed:1")?.message, "b:1: 410");
  ledger.fail(failed("c:1"), false);
  assertEquals(ledger.missing("typed:1"), undefined);
  ledger.fail(answered("c:1", 404), false);
  assertEquals(ledger.missing("typed:1")?.message, "c:1: 404");
});

Deno.test("Ledger.avoidance() names those that failed, the last first, as many as are read", () => {
  const ledger = new Ledger();
  assertEquals(ledger.avoidance("typed:1"), undefined);
  ledger.fail(failed("typed:1"), false);
  ledger.succeed("good:1");
  assertEquals(ledger.avoidance("typed:1"), undefined);
  ledger.fail(failed("a:1"), false);
  ledger.fail(failed("[::1]:80"), false);
  ledger.fail(failed("b:1"), false);
  ledger.fail(failed("a:1"), false);
  assertEquals(ledger.avoidance("typed:1"), "a:1, b:1, [::1]:80");
  assertEquals(ledger.avoidance("typed:1", ["silent:1"]), "silent:1, a:1, b:1, [::1]:80");
  for (let i = 0; i < 30; i++) ledger.fail(failed(`s${i}:1`), false);
  assertEquals(ledger.avoidance("typed:1")?.split(", ").length, 16);
  for (let i = 0; i < 16; i++) ledger.fail(failed(`${"x".repeat(200)}${i}:1`), false);
  assertEquals(ledger.avoidance("typed:1")?.split(", ").length, 4);
});

Deno.test("Ledger remembers who is not to be asked for a part", () => {
  const ledger = new Ledger();
  ledger.denyRange("a:1");
  assertEquals([ledger.allowsRange("a:1"), ledger.allowsRange("b:1")], [false, true]);
});
