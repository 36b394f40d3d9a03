import fc from "fast-check";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import type { Server } from "../../../lib/balancing/list/server.ts";
import { POLICIES } from "../../../lib/balancing/policies.ts";
import { RendezvousPolicy } from "../../../lib/balancing/policies/rendezvous.ts";
import type { Candidate } from "../../../lib/balancing/policies/policy.ts";
import {
  asking,
  assertShares,
  candidatesOf,
  countPicks,
  serversOf,
} from "../../support/candidates.ts";

const KEYS = Array.from({ length: 400 }, (_, i) => `10.0.${i}`);

function byClient(candidates: readonly Candidate[]): RendezvousPolicy {
  const policy = new RendezvousPolicy(({ client }) => client);
  policy.update(candidates);
  return policy;
}

/** Who gets each key. */
function owners(policy: RendezvousPolicy): (Server | undefined)[] {
  return KEYS.map((client) => policy.pick(asking({ client })));
}

/** Farms of servers that differ by up to a hundredfold. */
const farms = fc.array(fc.double({ min: 1, max: 100, noNaN: true }), {
  minLength: 2,
  maxLength: 30,
}).map((speeds) => candidatesOf(serversOf(speeds.length), speeds));

Deno.test("RendezvousPolicy moves only the keys of a server that is lost, and moves them back", () => {
  fc.assert(fc.property(farms, fc.nat(), (farm, number) => {
    const policy = byClient(farm);
    const before = owners(policy);
    const lost = farm[number % farm.length]!.server;
    policy.update(farm.filter(({ server }) => server !== lost));
    owners(policy).forEach((owner, i) => {
      assert(owner !== lost);
      if (before[i] !== lost) assertStrictEquals(owner, before[i]);
    });
    policy.update(farm);
    assertEquals(owners(policy), before);
  }));
});

Deno.test("RendezvousPolicy gives a request that excludes its server the one it would move to", () => {
  fc.assert(fc.property(farms, (farm) => {
    const policy = byClient(farm);
    const lost = policy.pick(asking({ client: KEYS[0]! }))!;
    const isExcluded = (server: Server) => server === lost;
    const other = policy.pick(asking({ client: KEYS[0]!, isExcluded }));
    policy.update(farm.filter(({ server }) => server !== lost));
    assertStrictEquals(policy.pick(asking({ client: KEYS[0]! })), other);
  }));
});

Deno.test("RendezvousPolicy moves keys only to a server whose weight grows", () => {
  const servers = serversOf(8);
  const farm = candidatesOf(servers, [5, 5, 5, 5, 5, 5, 5, 40]);
  const policy = byClient(farm);
  const before = owners(policy);
  policy.update(farm.map((it, i) => i === 2 ? { ...it, weight: 4 } : it));
  const after = owners(policy);
  assert(after.some((owner, i) => owner !== before[i]));
  after.forEach((owner, i) => assert(owner === before[i] || owner === servers[2]));
});

Deno.test("RendezvousPolicy moves nobody for noise in the measurements", () => {
  const servers = serversOf(10);
  const policy = byClient(candidatesOf(servers, servers.map((_, i) => 10 + 10 * i)));
  const before = owners(policy);
  policy.update(candidatesOf(servers, servers.map((_, i) => (10 + 10 * i) * (i % 2 ? 1.1 : 0.9))));
  assertEquals(owners(policy), before);
});

Deno.test("RendezvousPolicy follows the shares when keys are many", () => {
  const servers = serversOf(6);
  const policy = byClient(candidatesOf(servers, [1, 2, 4, 8, 16, 32]));
  assertShares(countPicks(policy, 60_000), policy.shares());
});

Deno.test("RendezvousPolicy depends on its key only", () => {
  const farm = candidatesOf(serversOf(50), Array(50).fill(3));
  const client = POLICIES.client(), path = POLICIES.path();
  client.update(farm, 0);
  path.update(farm, 0);
  const asked = asking({ client: "a", target: "/b" });
  const others = { monotonicMs: 99, random: 0.99 };
  assertStrictEquals(client.pick(asked), client.pick({ ...asked, ...others, target: "/c" }));
  assertStrictEquals(path.pick(asked), path.pick({ ...asked, ...others, client: "d" }));
  assert(countPicks(client, 300, { client: "e" }).size === 1);
});

Deno.test("RendezvousPolicy of two balancers that list a farm in another order agree", () => {
  const farm = candidatesOf(serversOf(7), [1, 2, 3, 4, 5, 6, 7]);
  assertEquals(owners(byClient(farm)), owners(byClient(farm.toReversed())));
});
