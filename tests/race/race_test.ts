import { assert, assertEquals, assertGreater } from "@std/assert";
import { race, RACE_KINDS } from "./race.ts";

/** Enough to meet a swap many times: `deno task race` asks more often. */
const REQUESTS = 400;

for (const kind of RACE_KINDS) {
  const isReplaced = kind.startsWith("replaced");
  const what = isReplaced ? "a file whenever it is asked for" : "nothing from outside";
  Deno.test(`server gives ${what} while a process swaps it: ${kind}`, async () => {
    const { answers, leaks, swaps } = await race(kind, REQUESTS);
    assertEquals(leaks, 0);
    assertGreater(swaps, 0);
    const known = isReplaced ? [206, 503] : [200, 206, 404, 301, 503];
    const counts = known.map((statusCode) => answers.get(statusCode) ?? 0);
    assertEquals(counts.reduce((sum, count) => sum + count, 0), REQUESTS, `${[...answers]}`);
    assert(!isReplaced || answers.has(206), `${[...answers]}`);
  });
}
