import { TokenBucket } from "../../lib/net/token_bucket.ts";
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { seededRandom } from "../support/random.ts";

Deno.test("TokenBucket.take() gives what is wanted, at most a tenth of a second's worth", () => {
  const bucket = new TokenBucket(10_000, 0);
  const rows = [[300, 0, 300], [5000, 0, 700], [1, 0, 0]]; // A pause gives no more than a burst.
  rows.push([5000, 3_600_000, 1000], [5000, 3_600_000, 0]);
  for (const [wanted, monotonicMs, taken] of rows) {
    assertEquals(bucket.take(wanted!, monotonicMs!), taken);
  }
});

Deno.test("TokenBucket.take() loses no fraction of a byte", () => {
  const bucket = new TokenBucket(500, 0);
  assertEquals(bucket.take(50, 0), 50);
  let taken = 0;
  for (let now = 1; now <= 1000; now++) taken += bucket.take(1, now);
  assertEquals(taken, 500);
});

Deno.test("TokenBucket.waitMs() is when take() gives something again", () => {
  const random = seededRandom(1);
  for (const rate of [1, 7, 100, 1234, 65_536, 1_000_000_000]) {
    const bucket = new TokenBucket(rate, 0);
    let now = 0;
    for (let i = 0; i < 200; i++) {
      const wanted = 1 + Math.floor(random() * 100_000);
      if (bucket.take(wanted, now) > 0) continue;
      // A millionth of a ms for what doubles cannot say exactly.
      now += bucket.waitMs(wanted) + 1e-6;
      assert(bucket.take(wanted, now) > 0, `rate ${rate}, wanted ${wanted}, at ${now}`);
    }
  }
});

/** Takes all it can get for some seconds; the bytes and their times. */
function taking(rate: number, ms: number, wanted: () => number): [at: number, bytes: number][] {
  const bucket = new TokenBucket(rate, 0);
  const taken: [number, number][] = [];
  for (let now = 0; now <= ms;) {
    const want = wanted();
    const bytes = bucket.take(want, now);
    if (bytes > 0) taken.push([now, bytes]);
    else now += bucket.waitMs(want);
  }
  return taken;
}

Deno.test("TokenBucket never lets more through than its rate, in whatever time, and one burst", () => {
  const random = seededRandom(2);
  for (const rate of [50, 3000, 1_000_000]) {
    const taken = taking(rate, 5000, () => 1 + Math.floor(random() * rate));
    for (let from = 0; from < taken.length; from++) {
      const [start] = taken[from]!;
      let sum = 0;
      for (const [at, bytes] of taken.slice(from)) {
        sum += bytes;
        const most = rate / 10 + ((at - start) * rate) / 1000;
        assertLessOrEqual(sum, most + 1e-6, `rate ${rate}, ${start} to ${at} ms`);
      }
    }
  }
});

Deno.test("TokenBucket lets through its rate on average", () => {
  for (const rate of [20, 999, 65_536, 10_000_000]) {
    const sum = taking(rate, 20_000, () => 100_000_000).reduce((sum, [, it]) => sum + it, 0);
    const expected = rate * 20 + rate / 10;
    assert(Math.abs(sum - expected) <= Math.max(1, rate / 10), `${sum} of ${expected}`);
  }
});
