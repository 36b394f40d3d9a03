import { assertAlmostEquals, assertEquals } from "@std/assert";
import { seededRandom } from "../support/random.ts";
import { ArrivalMeter } from "./arrival_meter.ts";

Deno.test("ArrivalMeter tells clients in turn, at random and in crowds apart", () => {
  const random = seededRandom(1);
  const [turns, chance, crowds] = [0, 1, 2].map(() => new ArrivalMeter(4));
  for (let i = 0; i < 240_000; i++) {
    const now = i * 5;
    turns!.add(i % 4, now);
    chance!.add(Math.floor(4 * random()), now);
    crowds!.add(Math.floor(i / 200) % 4, now);
  }
  assertEquals(turns!.dispersion, 0);
  // 50 of 200 clients in a bin, each server with a chance of 1 in 4.
  assertAlmostEquals(chance!.dispersion, 0.75, 0.05);
  assertAlmostEquals(crowds!.dispersion, 150, 5);
});
