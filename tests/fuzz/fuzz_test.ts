import { assert } from "@std/assert";
import { fuzz } from "./fuzz.ts";
import { PROPERTIES } from "./properties.ts";

Deno.test("mutated messages are understood or refused, the same however they are split", () => {
  const { understood, refused } = fuzz(20261122, 20_000);
  assert(understood > 1000 && refused > 1000, "The mutations show something of both");
});

for (const [name, holds] of Object.entries(PROPERTIES)) {
  Deno.test(name, () => holds({ seed: 20261122, numRuns: 500 }));
}
