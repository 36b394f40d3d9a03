import { assert, assertEquals } from "@std/assert";
import { race, type RaceKind } from "./race.ts";

const KINDS: readonly RaceKind[] = ["file", "directory", "listing"];
const REQUESTS = 2000;

for (const kind of KINDS) {
  Deno.test(`server gives nothing from outside while a process swaps what it is asked for: ${kind}`, async () => {
    const { answers, leaks, swaps } = await race(kind, REQUESTS);
    assertEquals(leaks, 0);
    assert(swaps > 100, `only ${swaps} swaps`);
    const known = [200, 206, 404, 301].map((statusCode) => answers.get(statusCode) ?? 0);
    assertEquals(known.reduce((sum, count) => sum + count, 0), REQUESTS, `${[...answers]}`);
  });
}
