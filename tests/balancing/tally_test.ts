import { assertEquals } from "@std/assert";
import { type Counts, NOTHING_COUNTED, Tally } from "../../lib/balancing/tally.ts";

Deno.test("Tally counts clients by the server they were sent to", () => {
  const tally = new Tally();
  assertEquals([tally.counts, tally.redirects], [NOTHING_COUNTED, 0]);
  for (const name of ["a:1", "b:1", "a:1"]) tally.redirected(name);
  tally.redirected("c:1", 5);
  tally.unavailable++;
  assertEquals(tally.counts, { redirects: { "a:1": 2, "b:1": 1, "c:1": 5 }, unavailable: 1 });
  assertEquals([tally.redirects, tally.redirectsTo("a:1"), tally.redirectsTo("z:1")], [8, 2, 0]);
});

Deno.test("Tally.counts that were read before stay as they were", () => {
  const tally = new Tally();
  tally.redirected("a:1");
  const { counts } = tally;
  tally.redirected("a:1");
  tally.unavailable++;
  assertEquals(counts, { redirects: { "a:1": 1 }, unavailable: 0 });
});

Deno.test("Tally.addDifference() adds what has come, and never takes away", () => {
  const some: Counts = { redirects: { "a:1": 3, "b:1": 1 }, unavailable: 2 };
  const cases: [before: Counts, after: Counts, added: Counts][] = [
    [NOTHING_COUNTED, NOTHING_COUNTED, NOTHING_COUNTED],
    [NOTHING_COUNTED, some, some],
    [some, some, NOTHING_COUNTED],
    [some, { redirects: { "a:1": 4, "b:1": 1, "c:1": 2 }, unavailable: 5 }, {
      redirects: { "a:1": 1, "c:1": 2 },
      unavailable: 3,
    }],
    [some, NOTHING_COUNTED, NOTHING_COUNTED],
    [some, { redirects: { "a:1": 1, "c:1": 1 }, unavailable: 0 }, {
      redirects: { "c:1": 1 },
      unavailable: 0,
    }],
  ];
  for (const [before, after, added] of cases) {
    const tally = new Tally();
    tally.addDifference(before, after);
    assertEquals(tally.counts, added);
    assertEquals(tally.redirects, Object.values(added.redirects).reduce((sum, n) => sum + n, 0));
  }
});
