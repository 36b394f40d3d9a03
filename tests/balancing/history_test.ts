import { assertEquals } from "@std/assert";
import { History } from "../../lib/balancing/health.ts";
import { failed, passedAt, UNTESTABLE } from "../support/servers.ts";

Deno.test("History remembers the latest 60 tests, the oldest first", () => {
  const history = new History();
  assertEquals(history.transfers, []);
  for (let at = 0; at < 60; at++) history.add(passedAt(at, at + 0.5));
  const { transfers } = history;
  assertEquals(
    transfers,
    Array.from(
      { length: 60 },
      (_, at) => ({ at, elapsedMs: at + 0.5, bytes: 1024, partial: false }),
    ),
  );
  history.add(failed("refused", 60));
  history.add(passedAt(61));
  assertEquals(history.transfers.length, 60);
  assertEquals(history.transfers[0], { at: 2, elapsedMs: 2.5, bytes: 1024, partial: false });
  assertEquals(history.transfers.slice(-2), [
    { at: 60, reason: "refused" },
    { at: 61, elapsedMs: 1, bytes: 1024, partial: false },
  ]);
  // What was read before stays as it was.
  assertEquals([transfers.length, transfers[0]], [60, {
    at: 0,
    elapsedMs: 0.5,
    bytes: 1024,
    partial: false,
  }]);
});

Deno.test("History passes over tests that say nothing about the server", () => {
  const history = new History();
  for (const outcome of [UNTESTABLE, failed("refused", 1), UNTESTABLE]) history.add(outcome);
  assertEquals(history.transfers, [{ at: 1, reason: "refused" }]);
  assertEquals(history.lastFailure, "refused");
});

Deno.test("History.lastFailure is that of the last test, if it failed", () => {
  const history = new History();
  const found = [failed("a"), failed("b"), passedAt(1), UNTESTABLE, failed("c"), UNTESTABLE];
  const failures = found.map((outcome) => {
    history.add(outcome);
    return history.lastFailure;
  });
  assertEquals(new History().lastFailure, undefined);
  assertEquals(failures, ["a", "b", undefined, undefined, "c", "c"]);
});

Deno.test("History.refine() puts a better measurement in the place of the latest", () => {
  const history = new History();
  history.add(passedAt(1, 10));
  history.add(passedAt(2, 10));
  history.refine({ at: 3, elapsedMs: 4, bytes: 1024, isPartial: true });
  assertEquals(history.transfers.map(({ at }) => at), [1, 3]);
});
