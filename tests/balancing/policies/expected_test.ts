import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { ExpectedPolicy } from "../../../lib/balancing/policies/expected.ts";
import type { PickRequest } from "../../../lib/balancing/policies/policy.ts";
import { asking, candidatesOf, serversOf } from "../../support/candidates.ts";

const servers = serversOf(3);
const NAMES = "abc";
/** What files are taken to be like while nothing else is known. */
const BYTES = 64 * 1024 * 1024;

function farm(speeds: readonly number[]): ExpectedPolicy {
  const policy = new ExpectedPolicy();
  policy.update(candidatesOf(servers.slice(0, speeds.length), speeds), 0);
  return policy;
}

function sequence(policy: ExpectedPolicy, length: number, changes: Partial<PickRequest>): string {
  return Array.from({ length }, () => {
    return NAMES[servers.indexOf(policy.pick(asking({ bytes: BYTES, ...changes }))!)];
  }).join("");
}

Deno.test("ExpectedPolicy sends clients that come alone to the fastest", () => {
  const policy = farm([1, 100, 10]);
  for (let i = 0; i < 3; i++) assertEquals(sequence(policy, 1, { monotonicMs: i * 1e6 }), "b");
});

Deno.test("ExpectedPolicy sends a crowd to all, more to the faster ones", () => {
  const picks = sequence(farm([1, 100, 10]), 1110, { monotonicMs: 0 });
  const counts = [...NAMES].map((name) => [...picks].filter((it) => it === name).length);
  assert(counts[1]! > 3 * counts[2]! && counts[2]! > 2 * counts[0]! && counts[0]! > 0, `${counts}`);
});

Deno.test("ExpectedPolicy sends the next client elsewhere while the fastest is busy for longer", () => {
  const policy = farm([10_000, 9000]);
  // The fastest would need 6.7 s and the other 7.5 s; then 13.4 s, and the premium.
  assertEquals(sequence(policy, 3, { monotonicMs: 0 }), "aba");
  assertEquals(
    sequence(policy, 1, { monotonicMs: 1e6 }),
    "b",
    "the one that was sent less is less in doubt",
  );
});

Deno.test("ExpectedPolicy lets a probe take the doubt away, in the middle of a round", () => {
  const policy = farm([10_000, 9900]);
  assertEquals(sequence(policy, 1, { monotonicMs: 0 }), "a");
  assertEquals(sequence(policy, 1, { monotonicMs: 1e6 }), "b");
  policy.measured(servers[0]!.id, { bytes: 1e6, elapsedMs: 100, at: 0 }, 2e6);
  assertEquals(sequence(policy, 1, { monotonicMs: 2e6 }), "a");
});

Deno.test("ExpectedPolicy learns once from a sample, and forgets no newer one for an older", () => {
  const policy = new ExpectedPolicy();
  const candidates = candidatesOf(servers, [100, 90, 1]);
  policy.update(candidates, 0);
  const slow = { bytes: 1e6, elapsedMs: 1e6, at: 0 };
  policy.measured(servers[0]!.id, slow, 10);
  // Another server has left in the middle of the round: the samples are those of the last round.
  policy.update(candidates.slice(0, 2), 20);
  assertEquals(sequence(policy, 1, { monotonicMs: 30 }), "b");
});

Deno.test("ExpectedPolicy sends large files to fast servers when small ones may go anywhere", () => {
  const policy = farm([100, 10]);
  for (let i = 0; i < 200; i++) policy.pick(asking({ bytes: 1e6, monotonicMs: i * 2000 }));
  policy.update(candidatesOf(servers.slice(0, 2), [100, 10]), 1e6);
  policy.pick(asking({ bytes: 16e6, monotonicMs: 2e6 }));
  assertEquals(sequence(policy, 1, { bytes: 16e6, monotonicMs: 2e6 }), "a");
  assertEquals(sequence(policy, 1, { bytes: 1e3, monotonicMs: 2e6 }), "b");
});

Deno.test("ExpectedPolicy with weights takes a server for so many times as fast", () => {
  const policy = new ExpectedPolicy();
  const [a, b] = candidatesOf(servers.slice(0, 2), [100, 60]);
  policy.update([a!, { ...b!, weight: 2 }], 0);
  assertStrictEquals(policy.pick(asking()), servers[1]);
});

Deno.test("ExpectedPolicy lets a HEAD weigh nothing, neither for its server nor for the mean", () => {
  const policy = farm([10_000, 9000]);
  assertEquals(sequence(policy, 100, { monotonicMs: 0, bytes: 0 }), "a".repeat(100));
  assertEquals(sequence(policy, 3, { monotonicMs: 0 }), "aba");
  const [asked, unasked] = [farm([10_000, 9000]), farm([10_000, 9000])];
  sequence(asked, 100, { monotonicMs: 0, bytes: 0 });
  for (const policy of [asked, unasked]) policy.pick(asking());
  // Both take a file of unknown size to be as large as before.
  for (const now of [0, 3000, 6000, 9000]) {
    assertStrictEquals(
      asked.pick(asking({ monotonicMs: now })),
      unasked.pick(asking({ monotonicMs: now })),
    );
  }
});

Deno.test("ExpectedPolicy that is one of several takes each client for as many", () => {
  const speeds = [100, 15];
  const partly = (parts: number) => {
    const policy = new ExpectedPolicy(parts);
    policy.update(candidatesOf(servers.slice(0, 2), speeds), 0);
    return sequence(policy, 4, { monotonicMs: 0 });
  };
  assertEquals([partly(1), partly(2)], ["aaba", "abaa"]);
  for (const parts of [0, 1.5, NaN]) assertThrows(() => new ExpectedPolicy(parts), RangeError);
});

Deno.test("ExpectedPolicy bears sizes that are none", () => {
  const policy = farm([3, 2, 1]);
  for (const bytes of [0, 1, 1e18, 1e18, 0]) assert(policy.pick(asking({ bytes })));
});

Deno.test("ExpectedPolicy sends clients past a server that says it is busy, until it says no more", () => {
  const policy = farm([10_000, 9000]);
  const report = {
    openTransfers: 9,
    pendingBytes: 9 * BYTES,
    bytesPerSecond: 1e7,
    utilization: null,
    at: 0,
  };
  policy.reported(servers[0]!.id, report, 5000);
  policy.reported(-1, report, 5000);
  assertEquals(sequence(policy, 3, { monotonicMs: 5000 }), "bbb");
  policy.reported(servers[0]!.id, { ...report, openTransfers: 0, pendingBytes: 0, at: 1 }, 6000);
  assertEquals(sequence(policy, 1, { monotonicMs: 6000 }), "a");
});
