import { assertEquals, assertLess } from "@std/assert";
import { pickRank } from "../../../lib/balancing/policies/fixed_shares.ts";
import { seededRandom } from "../../support/random.ts";

/** The random number in the middle of a slot, where rounding cannot move it to the next. */
function middleOf(slot: number, slots: number): number {
  return (slot + 0.5) / slots;
}

Deno.test("pickRank() gives the server at position i exactly i slots, for n = 1 to 50", () => {
  for (let n = 1; n <= 50; n++) {
    const slots = n * (n + 1) / 2;
    const picked = Array.from({ length: slots }, (_, slot) => pickRank(n, middleOf(slot, slots)));
    const wanted = Array.from({ length: n }, (_, rank) => Array(rank + 1).fill(rank)).flat();
    assertEquals(picked, wanted, `n = ${n}`);
  }
});

Deno.test("pickRank() is exact on both sides of every border in large farms", () => {
  for (const n of [10_000, 1_000_000]) {
    const slots = n * (n + 1) / 2;
    for (let rank = 0; rank < n; rank++) {
      const first = rank * (rank + 1) / 2;
      if (
        pickRank(n, middleOf(first, slots)) !== rank ||
        pickRank(n, middleOf(first + rank, slots)) !== rank
      ) throw new Error(`The slots of rank ${rank} of ${n} are off`);
    }
  }
});

Deno.test("pickRank() stays in range for the least and the greatest random number", () => {
  for (const n of [1, 2, 3, 4, 7, 10, 1000, 10_000, 2 ** 25]) {
    assertEquals(pickRank(n, 0), 0);
    assertEquals(pickRank(n, 0.999999999999), n - 1);
    assertEquals(pickRank(n, 1 - 2 ** -53), n - 1);
  }
});

/** What chi-square exceeds once in a thousand seeds, by degrees of freedom from 0. */
const CHI_SQUARE_LIMITS = [0.001, 10.83, 13.82, 16.27, 18.47];

/** What the server at index `rank` is meant to get of all requests. */
function share(rank: number, n: number): number {
  return 2 * (rank + 1) / (n * (n + 1));
}

Deno.test("pickRank() follows the shares when picks are many", () => {
  const random = seededRandom(20_260_101);
  const picks = 150_000;
  for (const [freedom, limit] of CHI_SQUARE_LIMITS.entries()) {
    const n = freedom + 1;
    const counts = Array<number>(n).fill(0);
    for (let i = 0; i < picks; i++) {
      const rank = pickRank(n, random());
      counts[rank] = (counts[rank] ?? 0) + 1;
    }
    const chiSquare = counts
      .map((count, rank) => (count - picks * share(rank, n)) ** 2 / (picks * share(rank, n)))
      .reduce((sum, term) => sum + term);
    assertLess(chiSquare, limit, `n = ${n}: ${counts}`);
  }
});
