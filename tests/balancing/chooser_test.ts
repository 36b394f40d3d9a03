import { assertEquals, assertStrictEquals } from "@std/assert";
import { Chooser } from "../../lib/balancing/chooser.ts";
import type { Server } from "../../lib/balancing/list/server.ts";
import type { Candidate, PickRequest, Policy } from "../../lib/balancing/policies/policy.ts";
import type { ReportedLoad, TransferSample } from "../../lib/balancing/health.ts";
import { asking, candidatesOf, serversOf } from "../support/candidates.ts";

const servers = serversOf(3);
const [a, b, c] = servers as [Server, Server, Server];
const candidates = candidatesOf(servers, [1, 2, 3]);

/** Picks the first that is not excluded, and keeps what it is told. */
class Listener implements Policy {
  readonly calls: unknown[] = [];
  readonly asked: PickRequest[] = [];
  #candidates: readonly Candidate[] = [];

  update(candidates: readonly Candidate[], now: number): void {
    this.#candidates = candidates;
    this.calls.push([candidates, now]);
  }

  pick(request: PickRequest): Server | undefined {
    this.asked.push(request);
    return this.#candidates.find(({ server }) => !request.isExcluded?.(server))?.server;
  }

  /** Each gets as much as its place says, the first least. */
  shares(): Map<number, number> {
    const total = this.#candidates.length * (this.#candidates.length + 1) / 2;
    return new Map(this.#candidates.map(({ server }, i) => [server.id, (i + 1) / total]));
  }

  likely(): Map<number, number> {
    return this.shares();
  }

  part(): Policy {
    return new Listener();
  }
}

Deno.test("Chooser tells its policy what it is told, tests and reports only where it learns from them", () => {
  const told: unknown[] = [];
  class Learner extends Listener {
    measured(id: number, sample: TransferSample, now: number): void {
      told.push([id, sample, now]);
    }
    reported(id: number, load: ReportedLoad, now: number): void {
      told.push([id, load, now]);
    }
  }
  const sample = { bytes: 1, elapsedMs: 2, at: 3 };
  const load = {
    openTransfers: 1,
    pendingBytes: 2,
    bytesPerSecond: null,
    utilization: null,
    at: 3,
  };
  for (const policy of [new Listener(), new Learner()]) {
    const chooser = new Chooser(policy);
    chooser.update(candidates, 4);
    chooser.measured(a.id, sample, 5);
    chooser.reported(a.id, load, 6);
    assertEquals(policy.calls, [[candidates, 4]]);
  }
  assertEquals(told, [[a.id, sample, 5], [a.id, load, 6]]);
});

Deno.test("Chooser knows of nobody at first, and when nobody is left", () => {
  const chooser = new Chooser(new Listener());
  for (let time = 0; time < 2; time++) {
    const { shares, byShare } = chooser;
    assertEquals([chooser.pick(asking()), shares, byShare], [
      ...[undefined, new Map(), []],
    ]);
    chooser.update(candidates, 0);
    assertStrictEquals(chooser.pick(asking()), a);
    chooser.update([], 1);
  }
});

Deno.test("Chooser.pick() asks for anyone when all are excluded, and only then", () => {
  const policy = new Listener();
  const chooser = new Chooser(policy);
  chooser.update(candidates, 0);
  assertStrictEquals(chooser.pick(asking({ isExcluded: (it) => it === a })), b);
  assertEquals(policy.asked.length, 1);
  assertStrictEquals(chooser.pick(asking({ isExcluded: () => true, bytes: 7 })), a);
  assertEquals(policy.asked.length, 3);
  const { bytes, isExcluded } = policy.asked[2]!;
  assertEquals([bytes, isExcluded], [7, undefined]);
  chooser.update([], 1);
  assertStrictEquals(chooser.pick(asking()), undefined);
  assertEquals(policy.asked.length, 4);
});

Deno.test("Chooser.byShare begins with the greatest share, and is made once for each update", () => {
  const chooser = new Chooser(new Listener());
  chooser.update(candidates, 0);
  const { byShare } = chooser;
  assertEquals(byShare, [c, b, a]);
  assertStrictEquals(chooser.byShare, byShare);
  chooser.update(candidates.slice(0, 2), 1);
  assertEquals([chooser.byShare, byShare], [[b, a], [c, b, a]]);
});

Deno.test("Chooser picks none that has left, before its policy is told", () => {
  const chooser = new Chooser(new Listener());
  chooser.update(candidates, 0);
  chooser.left(a.id);
  assertStrictEquals(chooser.pick(asking()), b);
  assertEquals(chooser.byShare, [c, b]);
  assertStrictEquals(chooser.pick(asking({ isExcluded: (server) => server === b })), c);
  chooser.left(c.id);
  // An excluded server is better than one that has left.
  assertStrictEquals(chooser.pick(asking({ isExcluded: (server) => server === b })), b);
  chooser.left(b.id);
  assertEquals(chooser.pick(asking()), undefined);
  assertEquals(chooser.pick(asking({ isExcluded: () => true })), undefined);
  chooser.update(candidates, 1);
  assertStrictEquals(chooser.pick(asking()), a);
});

Deno.test("Chooser prefers servers that are not secondary, unless they are to be avoided", () => {
  const chooser = new Chooser(new Listener());
  chooser.update(candidates, 0);
  const reserving = new Chooser(new Listener());
  const [first] = candidatesOf(serversOf(1), [1]);
  const lower = candidates.map((it) => ({ ...it, server: { ...it.server, priority: 1 } }));
  reserving.update([first!, ...lower], 0);
  const is = (...some: readonly Server[]) => (it: Server) => some.includes(it);
  const rows = [
    { secondary: is(a), excluded: undefined, unfit: undefined, picked: b },
    { secondary: is(a, b, c), excluded: undefined, unfit: undefined, picked: a },
    { secondary: is(a), excluded: is(b), unfit: undefined, picked: c },
    { secondary: is(a), excluded: is(b, c), unfit: undefined, picked: a },
    { secondary: is(a), excluded: is(a, b, c), unfit: undefined, picked: b },
    { secondary: is(a), excluded: undefined, unfit: is(b), picked: c },
    { secondary: is(a), excluded: is(b), unfit: is(c), picked: a },
    { secondary: is(a), excluded: is(c), unfit: is(a, b), picked: c },
    { secondary: is(a), excluded: undefined, unfit: is(a, b, c), picked: undefined },
  ];
  for (const { secondary, excluded, unfit, picked } of rows) {
    const isExcluded = excluded && { isExcluded: excluded };
    const request = asking({ isSecondary: secondary, ...isExcluded });
    assertStrictEquals(chooser.pick(request, unfit), picked);
    const isUnfit = ({ id }: Server) => unfit?.(servers.find((it) => it.id === id)!) === true;
    const given = (is?: (server: Server) => boolean) =>
      is && (({ id }: Server) => is(servers.find((it) => it.id === id)!));
    const asked = { ...request, isSecondary: given(secondary), isExcluded: given(excluded) };
    assertEquals(reserving.pickReserve({ ...asked, random: 0 }, isUnfit)?.id, picked?.id);
  }
  chooser.left(b.id);
  assertStrictEquals(chooser.pick(asking({ isSecondary: is(a) })), c);
});
