import { assert, assertEquals } from "@std/assert";
import { RoundRobinPolicy } from "../../../lib/balancing/policies/round_robin.ts";
import { asking, candidatesOf, serversOf } from "../../support/candidates.ts";

const NAMES = "abcd";
const servers = serversOf(4);

function farm(weights: readonly number[]): RoundRobinPolicy {
  const policy = new RoundRobinPolicy();
  update(policy, weights);
  return policy;
}

function update(policy: RoundRobinPolicy, weights: readonly number[]): void {
  const candidates = candidatesOf(servers.slice(0, weights.length), weights.map(() => 1));
  policy.update(candidates.map((it, i) => ({ ...it, weight: weights[i]! })));
}

function sequence(policy: RoundRobinPolicy, length: number): string {
  return Array.from({ length }, () => NAMES[servers.indexOf(policy.pick(asking())!)]).join("");
}

Deno.test("RoundRobinPolicy takes equal servers in turn, in the order of the list", () => {
  assertEquals(sequence(farm([1, 1, 1]), 9), "abcabcabc");
  assertEquals(sequence(farm([7, 7]), 6), "ababab");
});

Deno.test("RoundRobinPolicy spaces the picks of a heavier server evenly", () => {
  assertEquals(sequence(farm([3, 1]), 8), "aabaaaba");
  assertEquals(sequence(farm([1, 2]), 6), "babbab");
});

Deno.test("RoundRobinPolicy is never more than one pick from what is due", () => {
  const weights = [5, 3, 1, 1000];
  const policy = farm(weights), total = 1009;
  const counts = [0, 0, 0, 0];
  for (let picks = 1; picks <= 3 * total; picks++) {
    counts[servers.indexOf(policy.pick(asking())!)]!++;
    weights.forEach((weight, i) => {
      assert(Math.abs(counts[i]! - picks * weight / total) < 2, `${counts} after ${picks}`);
    });
  }
});

Deno.test("RoundRobinPolicy goes on where it was when a round ends or a server leaves", () => {
  const policy = farm([1, 1, 1]);
  assertEquals(sequence(policy, 4), "abca");
  update(policy, [1, 1, 1]);
  assertEquals(sequence(policy, 3), "bca");
  update(policy, [1, 1]);
  assertEquals(sequence(policy, 4), "baba");
});

Deno.test("RoundRobinPolicy passes over an excluded server without owing it anything later", () => {
  const policy = farm([1, 1, 1]);
  for (let i = 0; i < 30; i++) policy.pick(asking({ isExcluded: (it) => it === servers[0] }));
  const next = sequence(policy, 30);
  assert([...next].filter((name) => name === "a").length <= 12, next);
});
