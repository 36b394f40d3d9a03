import { assertEquals } from "@std/assert";
import { RequestCounters } from "../../lib/balancing/request_counters.ts";
import { countsOf } from "../support/counts.ts";

/** One that has counted something of everything. */
function someTally(): RequestCounters {
  const counters = new RequestCounters();
  for (const name of ["a:1", "b:1", "a:1"]) counters.redirected(name);
  counters.redirected("c:1", 5);
  counters.unavailable++;
  return counters;
}

Deno.test("RequestCounters counts clients by the server they were sent to", () => {
  const counters = someTally();
  assertEquals([counters.redirects, counters.unavailable], [8, 1]);
  assertEquals(["a:1", "c:1", "z:1"].map((name) => counters.redirectsTo(name)), [2, 5, 0]);
});

Deno.test("RequestCounters.take() gives all, and what comes afterwards the next time", () => {
  const counters = someTally();
  const counts = counters.take();
  const all = countsOf({ redirects: { "a:1": 2, "b:1": 1, "c:1": 5 }, unavailable: 1 });
  assertEquals(counts, all);
  assertEquals([counters.redirects, counters.unavailable, counters.redirectsTo("a:1")], [0, 0, 0]);
  counters.redirected("b:1");
  assertEquals(counters.take(), countsOf({ redirects: { "b:1": 1 }, unavailable: 0 }));
  assertEquals(counters.take(), countsOf({ redirects: {}, unavailable: 0 }));
  assertEquals(counts, all);
});

Deno.test("RequestCounters.add() adds what others have taken", () => {
  const counters = someTally();
  counters.add(someTally().take());
  counters.add(countsOf({ redirects: { "d:1": 1 }, unavailable: 4 }));
  assertEquals([counters.redirects, counters.unavailable], [17, 6]);
  const redirects = { "a:1": 4, "b:1": 2, "c:1": 10, "d:1": 1 };
  assertEquals(counters.take(), countsOf({ redirects, unavailable: 6 }));
});

Deno.test("RequestCounters tells its observer of own clients one by one, of others together", () => {
  const counters = someTally();
  const told: unknown[] = [];
  counters.observer = {
    redirected: (authority) => told.push(authority),
    counted: (redirects) => told.push(redirects),
  };
  counters.redirected("a:1");
  counters.unavailable++;
  counters.add(someTally().take());
  assertEquals(told, ["a:1", { "a:1": 2, "b:1": 1, "c:1": 5 }]);
});

Deno.test("RequestCounters.retain() forgets servers, and no client", () => {
  const counters = someTally();
  counters.retain(new Set(["a:1", "z:1"]));
  assertEquals(["a:1", "b:1", "c:1", "z:1"].map((name) => counters.redirectsTo(name)), [
    2,
    0,
    0,
    0,
  ]);
  assertEquals([counters.redirects, counters.unavailable], [8, 1]);
});
