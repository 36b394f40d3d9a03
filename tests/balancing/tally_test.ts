import { assertEquals } from "@std/assert";
import { Tally } from "../../lib/balancing/tally.ts";

/** One that has counted something of everything. */
function someTally(): Tally {
  const tally = new Tally();
  for (const name of ["a:1", "b:1", "a:1"]) tally.redirected(name);
  tally.redirected("c:1", 5);
  tally.unavailable++;
  return tally;
}

Deno.test("Tally counts clients by the server they were sent to", () => {
  const tally = someTally();
  assertEquals([tally.redirects, tally.unavailable], [8, 1]);
  assertEquals(["a:1", "c:1", "z:1"].map((name) => tally.redirectsTo(name)), [2, 5, 0]);
});

Deno.test("Tally.take() gives all, and what comes afterwards the next time", () => {
  const tally = someTally();
  const counts = tally.take();
  const all = { redirects: { "a:1": 2, "b:1": 1, "c:1": 5 }, unavailable: 1 };
  assertEquals(counts, all);
  assertEquals([tally.redirects, tally.unavailable, tally.redirectsTo("a:1")], [0, 0, 0]);
  tally.redirected("b:1");
  assertEquals(tally.take(), { redirects: { "b:1": 1 }, unavailable: 0 });
  assertEquals(tally.take(), { redirects: {}, unavailable: 0 });
  assertEquals(counts, all);
});

Deno.test("Tally.add() adds what others have taken", () => {
  const tally = someTally();
  tally.add(someTally().take());
  tally.add({ redirects: { "d:1": 1 }, unavailable: 4 });
  assertEquals([tally.redirects, tally.unavailable], [17, 6]);
  const redirects = { "a:1": 4, "b:1": 2, "c:1": 10, "d:1": 1 };
  assertEquals(tally.take(), { redirects, unavailable: 6 });
});

Deno.test("Tally.retain() forgets servers, and no client", () => {
  const tally = someTally();
  tally.retain(new Set(["a:1", "z:1"]));
  assertEquals(["a:1", "b:1", "c:1", "z:1"].map((name) => tally.redirectsTo(name)), [2, 0, 0, 0]);
  assertEquals([tally.redirects, tally.unavailable], [8, 1]);
});
