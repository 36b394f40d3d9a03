import { assert, assertAlmostEquals, assertEquals, assertStrictEquals } from "@std/assert";
import { POLICIES } from "../../lib/balancing/policies.ts";
import { asking, candidatesOf, countPicks, serversOf } from "../support/candidates.ts";

/** What every policy must do. */
for (const [name, make] of Object.entries(POLICIES)) {
  Deno.test(`${name} picks nobody while there is nobody`, () => {
    const policy = make();
    assertStrictEquals(policy.pick(asking()), undefined);
    policy.update([], 0);
    assertStrictEquals(policy.pick(asking()), undefined);
    assertEquals(policy.shares().size, 0);
  });

  Deno.test(`${name} gives everything to the only one`, () => {
    const policy = make(), servers = serversOf(1);
    policy.update(candidatesOf(servers, [5]), 0);
    assertEquals([...countPicks(policy, 100)], [[servers[0], 100]]);
    assertEquals([...policy.shares().values()], [1]);
  });

  Deno.test(`${name} has shares that sum to 1, for farms of all sizes and weights`, () => {
    for (const n of [2, 3, 10, 1000]) {
      const policy = make(), servers = serversOf(n);
      const weights = [0, 1, 1000, 1e9];
      const candidates = candidatesOf(servers, servers.map((_, i) => 10 ** (i % 7)));
      policy.update(candidates.map((it, i) => ({ ...it, weight: weights[i % 4]! })), 0);
      const sum = [...policy.shares().values()].reduce((total, share) => total + share, 0);
      assertAlmostEquals(sum, 1, 1e-9);
    }
  });

  Deno.test(`${name} gives equal servers equal parts, nearly`, () => {
    const policy = make(), servers = serversOf(4);
    policy.update(candidatesOf(servers, [7, 7, 7, 7]), 0);
    const counts = countPicks(policy, 4000);
    const expected = name === "rank" ? [400, 800, 1200, 1600] : [1000, 1000, 1000, 1000];
    servers.forEach((server, i) => assertAlmostEquals(counts.get(server) ?? 0, expected[i]!, 120));
  });

  Deno.test(`${name} never picks whom the request excludes, nor anyone when all are`, () => {
    const policy = make(), servers = serversOf(5);
    policy.update(candidatesOf(servers, [1, 2, 4, 8, 1000]), 0);
    const counts = countPicks(policy, 2000, { isExcluded: (it) => it === servers[4] });
    assertStrictEquals(counts.get(servers[4]), undefined);
    assertStrictEquals(counts.get(undefined), undefined);
    assert(counts.size >= 2);
    assertStrictEquals(policy.pick(asking({ isExcluded: () => true })), undefined);
    const last = policy.pick(asking({ isExcluded: (it) => it !== servers[0] }));
    assertStrictEquals(last, servers[0]);
  });

  Deno.test(`${name} gives one of weight 0 nothing, unless all are`, () => {
    const policy = make(), servers = serversOf(3);
    const candidates = candidatesOf(servers, [1, 2, 3]);
    policy.update(candidates.map((it, i) => ({ ...it, weight: i === 2 ? 0 : 1 })), 0);
    assertStrictEquals(countPicks(policy, 500).get(servers[2]), undefined);
    assertStrictEquals(policy.shares().get(servers[2]!.id), 0);
    policy.update(candidates.map((it) => ({ ...it, weight: 0 })), 0);
    assertEquals(countPicks(policy, 500).size, 3);
  });

  Deno.test(`${name} never picks one that has left`, () => {
    const policy = make(), servers = serversOf(6);
    const candidates = candidatesOf(servers, [1, 2, 3, 4, 5, 6]);
    policy.update(candidates, 0);
    countPicks(policy, 100);
    policy.update(candidates.slice(0, 3), 1);
    const counts = countPicks(policy, 300);
    for (const server of servers.slice(3)) assertStrictEquals(counts.get(server), undefined);
  });

  Deno.test(`${name} bears clocks that jump, and transfers that took no time`, () => {
    const policy = make(), servers = serversOf(3);
    const candidates = candidatesOf(servers, [1, Infinity, 3]);
    policy.update(candidates, 1e6);
    for (const now of [1e6, 0, -Infinity, 1e15, 5, 1e6]) {
      for (let i = 0; i < 10; i++) {
        assert(policy.pick(asking({ monotonicMs: now, random: i / 10 })));
      }
      policy.measured?.(servers[0]!.id, { bytes: 1, elapsedMs: 1, at: now }, now);
      policy.update(candidates, now);
    }
    for (const share of policy.shares().values()) assert(share >= 0 && share <= 1);
  });

  Deno.test(`${name} lets one that has returned begin with less than its due`, () => {
    const policy = make(), servers = serversOf(4);
    const candidates = candidatesOf(servers, [2, 3, 4, 5]);
    const shareAt = (slowStart: number) => {
      policy.update(candidates.map((it, i) => i === 3 ? { ...it, slowStart } : it), 0);
      return policy.shares().get(servers[3]!.id)!;
    };
    const shares = [0, 0.5, 1].map(shareAt);
    assert(shares[0]! < shares[1]! && shares[1]! < shares[2]!, `${shares}`);
  });
}
