import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { RankPolicy, SpeedPolicy } from "../../../lib/balancing/policies/fixed_shares.ts";
import { assertShares, candidatesOf, countPicks, serversOf } from "../../support/candidates.ts";

const servers = serversOf(4);

function sharesOf(policy: RankPolicy | SpeedPolicy): number[] {
  const shares = policy.shares();
  return servers.map(({ id }) => Math.round((shares.get(id) ?? 0) * 1e6) / 1e6);
}

Deno.test("RankPolicy gives i of n(n+1)/2 for position i, however far apart the speeds are", () => {
  const policy = new RankPolicy();
  policy.update(candidatesOf(servers, [3, 1, 1000, 2]));
  assertEquals(sharesOf(policy), [0.3, 0.1, 0.4, 0.2]);
  assertShares(countPicks(policy, 100_000), policy.shares());
});

Deno.test("RankPolicy multiplies parts by weights", () => {
  const policy = new RankPolicy();
  const weights = [1, 4, 1, 1];
  policy.update(
    candidatesOf(servers, [3, 1, 4, 2]).map((it, i) => ({ ...it, weight: weights[i]! })),
  );
  assertEquals(sharesOf(policy), [3, 4, 4, 2].map((part) => Math.round(part / 13 * 1e6) / 1e6));
  assertShares(countPicks(policy, 100_000), policy.shares());
});

Deno.test("RankPolicy lets one that has returned stand no higher than it has risen", () => {
  const policy = new RankPolicy();
  const at = (slowStart: number) => {
    policy.update(
      candidatesOf(servers, [1, 2, 3, 4]).map((it, i) => i === 3 ? { ...it, slowStart } : it),
    );
    return sharesOf(policy);
  };
  assertEquals(at(0), [0.2, 0.3, 0.4, 0.1]);
  assertEquals(at(0.34), [0.1, 0.3, 0.4, 0.2]);
  assertEquals(at(1), [0.1, 0.2, 0.3, 0.4]);
});

Deno.test("SpeedPolicy gives parts in proportion to throughput times weight", () => {
  const policy = new SpeedPolicy();
  const weights = [1, 1, 1, 2];
  policy.update(
    candidatesOf(servers, [1, 2, 4, 8]).map((it, i) => ({ ...it, weight: weights[i]! })),
  );
  assertEquals(sharesOf(policy), [1, 2, 4, 16].map((part) => Math.round(part / 23 * 1e6) / 1e6));
  assertShares(countPicks(policy, 100_000), policy.shares());
});

Deno.test("SpeedPolicy keeps proportions among those that are not excluded", () => {
  const policy = new SpeedPolicy();
  policy.update(candidatesOf(servers, [40, 80, 200, 2000]));
  const counts = countPicks(policy, 50_000, { isExcluded: (it) => it === servers[3] });
  assertShares(counts, new Map(servers.slice(0, 3).map((it, i) => [it.id, [1, 2, 5][i]! / 8])));
});

Deno.test("SpeedPolicy makes those equal that are within a tenth of each other", () => {
  const policy = new SpeedPolicy();
  policy.update(candidatesOf(servers, [100, 95, 91, 50]));
  const shares = sharesOf(policy);
  assertEquals(shares[0], shares[1]);
  assertEquals(shares[1], shares[2]);
  assert(shares[2]! > shares[3]!);
});

Deno.test("SpeedPolicy leaves nobody without anything", () => {
  const policy = new SpeedPolicy();
  policy.update(candidatesOf(servers, [1e9, 1e9, 1e9, 1]));
  assertAlmostEquals(policy.shares().get(servers[3]!.id)!, 0.0025, 1e-4);
});

Deno.test("SpeedPolicy smooths over rounds, and counts a sample once", () => {
  const policy = new SpeedPolicy();
  const first = candidatesOf(servers, [10, 10, 10, 10]);
  const second = candidatesOf(servers, [10, 10, 10, 30]);
  policy.update(first);
  policy.update(second);
  assertEquals(sharesOf(policy), [0.2, 0.2, 0.2, 0.4]);
  policy.update(second);
  assertEquals(sharesOf(policy), [0.2, 0.2, 0.2, 0.4]);
});
