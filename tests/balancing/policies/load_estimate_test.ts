import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { LoadEstimate } from "../../../lib/balancing/policies/load_estimate.ts";
import {
  ProcessorSharingModel,
  StartLog,
} from "../../../lib/balancing/policies/processor_sharing.ts";

Deno.test("ProcessorSharingModel shares the line evenly among its downloads", () => {
  const replay = new ProcessorSharingModel(10, 0);
  replay.add(100, 1);
  replay.add(300, 1);
  replay.runTo(20);
  assertEquals(replay.count, 1);
  assertEquals(replay.rest(), [{ bytes: 200, count: 1 }]);
  replay.add(50, 2);
  replay.runTo(35);
  assertEquals(replay.count, 1);
  replay.runTo(1000);
  assertEquals([replay.count, replay.rest()], [0, []]);
});

Deno.test("ProcessorSharingModel.rest() is bounded, and loses no octet", () => {
  const replay = new ProcessorSharingModel(1, 0);
  for (let i = 1; i <= 101; i++) replay.add(i, 1);
  const rest = replay.rest();
  assertEquals(rest.length, 51);
  assertEquals(rest.reduce((sum, { bytes, count }) => sum + bytes * count, 0), 5151);
  assertEquals(rest.reduce((sum, { count }) => sum + count, 0), 101);
});

Deno.test("StartLog stays bounded, and loses neither clients nor octets", () => {
  const log = new StartLog();
  for (let i = 0; i < 10_000; i++) log.add(i, i);
  let entries = 0, clients = 0, octets = 0, before = -1;
  log.replay((bytes, count, at) => {
    assert(at > before, "the order is lost");
    before = at;
    entries++;
    clients += count;
    octets += bytes * count;
  });
  assert(entries <= 64, `${entries}`);
  assertEquals([clients, log.count], [10_000, 10_000]);
  assertAlmostEquals(octets, 49_995_000, 1);
});

Deno.test("LoadEstimate.until grows by what a server is sent, and time passes by itself", () => {
  const estimate = new LoadEstimate(10, 0);
  estimate.add(100, 100, 0);
  estimate.add(100, 100, 5);
  assertEquals(estimate.until, 20);
  estimate.add(100, 100, 50);
  assertEquals([estimate.until, estimate.unproven], [60, 300]);
});

Deno.test("LoadEstimate.measure() finds the speed that explains what a probe saw", () => {
  // At a speed of 10, 1000 octets for each of four clients at 0 take until 400.
  for (const [now, left] of [[300, 4], [399, 4], [401, 0]] as const) {
    const estimate = new LoadEstimate(10, 0);
    for (let i = 0; i < 4; i++) estimate.add(1000, 1000, 0);
    estimate.measure(10 / (1 + left), now);
    assertAlmostEquals(estimate.speed, 10, 0.01);
    assertAlmostEquals(estimate.until, left === 0 ? now : 400, 1);
    assertEquals(estimate.unproven, 0);
  }
});

Deno.test("LoadEstimate.measure() sees that a server has become slower, and what is left then", () => {
  const estimate = new LoadEstimate(10, 0);
  for (let i = 0; i < 4; i++) estimate.add(1000, 1000, 0);
  // All four would have ended at 400; but at a speed of 1 they have all their way to go.
  estimate.measure(1 / 5, 1000);
  assertAlmostEquals(estimate.speed, 1, 0.01);
  assertAlmostEquals(estimate.until, 4000, 20);
});

Deno.test("LoadEstimate.measure() takes what an idle server shows as it is", () => {
  const estimate = new LoadEstimate(10, 0);
  estimate.measure(3, 60_000);
  assertEquals([estimate.speed, estimate.until], [3, 60_000]);
});

/** A report of transfers, bytes still to be sent, and bytes sent in the last second. */
function load(
  openTransfers: number | null,
  pendingBytes: number | null,
  bytesPerSecond: number,
  utilization: number | null = null,
) {
  return { openTransfers, pendingBytes, bytesPerSecond, utilization };
}

Deno.test("LoadEstimate.report() replaces what was assumed, but for clients sent there since", () => {
  const estimate = new LoadEstimate(10, 0);
  for (let i = 0; i < 4; i++) estimate.add(1000, 1000, 0);
  estimate.add(300, 300, 980); // On its way when the server said what follows.
  estimate.report(load(2, 500, 10_000), 1000, 1000);
  assertEquals([estimate.until, estimate.unproven], [1080, 300]);
  estimate.report(load(2, null, 10_000), 1000, 1100);
  assertEquals([estimate.until, estimate.unproven], [1300, 0]);
});

Deno.test("LoadEstimate.report() finds within two seconds that a busy server has become slow", () => {
  const estimate = new LoadEstimate(10, 0);
  estimate.add(1e6, 1e6, 0);
  for (let at = 1100; at <= 3000; at += 200) estimate.report(load(1, 1e6, 1000), 1e6, at);
  assertAlmostEquals(estimate.speed, 1, 0.1);
});

Deno.test("LoadEstimate.report() takes a rate for the speed as far as the server was busy", () => {
  const rows: readonly (readonly [rate: number, utilization: number, speed: number])[] = [
    [1000, 0.1, 10],
    [1000, 0.5, 8],
    [5000, 1, 7.5],
    [20_000, 0.5, 15],
    [0, 0, 10],
  ];
  for (const [rate, utilization, speed] of rows) {
    for (const open of [0, 1]) {
      const estimate = new LoadEstimate(10, 0);
      estimate.report(load(open, 0, rate, utilization), 1e6, 100);
      assertEquals(estimate.speed, speed, `${rate} in ${utilization}`);
    }
  }
});

Deno.test("LoadEstimate.report() takes no server for idle that says nothing of its transfers", () => {
  const estimate = new LoadEstimate(10, 0);
  estimate.add(1000, 1000, 0);
  estimate.report(load(null, null, 10, 0.5), 1000, 60);
  assertEquals([estimate.until, estimate.unproven], [100, 1000]);
});

Deno.test("LoadEstimate.report() sees transfers that do not slow each other down", () => {
  const [own, shared] = [0, 1].map((isShared) => {
    const estimate = new LoadEstimate(10, 0);
    for (let i = 0; i < 20; i++) {
      const open = 1 + i % 4, rate = 10_000 * (isShared ? 1 : open);
      estimate.report(load(open, 1e6, rate), 1e6, 1000 * i);
    }
    return estimate;
  });
  assertAlmostEquals(own!.transferSpeed, 10, 0.1);
  assertAlmostEquals(own!.speed, 40, 0.1);
  assertEquals([shared!.transferSpeed, shared!.speed], [10, 10]);
});

Deno.test("LoadEstimate believes no server to be idle that sends nothing to its clients", () => {
  const [silent, sink] = [new LoadEstimate(10, 0), new LoadEstimate(10, 0)];
  for (let at = 0; at < 60_000; at += 500) {
    silent.add(10_000, 10_000, at);
    sink.add(10_000, 10_000, at);
    sink.report(load(0, 0, 0), 10_000, at + 250);
  }
  assert(sink.until > 0.9 * silent.until, `${sink.until} against ${silent.until}`);
});

Deno.test("LoadEstimate believes a server to be idle while no size of a file is known", () => {
  const estimate = new LoadEstimate(10, 0);
  estimate.add(64_000_000, 64_000_000, 0, false);
  estimate.report(load(0, 0, 0), 64_000_000, 1000);
  assertEquals([estimate.until, estimate.unproven], [1000, 0]);
});

Deno.test("LoadEstimate bears reports that lie, and infers again when they stop", () => {
  for (const lie of [2 ** 53, 2 ** 63, Infinity, NaN, -1, 0]) {
    const estimate = new LoadEstimate(10, 0);
    for (let at = 100; at < 5000; at += 100) estimate.report(load(1, lie, lie), 1000, at);
    assert(estimate.speed > 0 && estimate.speed <= 640, `${lie}: ${estimate.speed}`);
    assert(estimate.until <= 3_700_000, `${lie}: ${estimate.until}`);
    for (let i = 0; i < 9; i++) estimate.measure(1, 3_700_000 + i * 60_000);
    assertEquals([estimate.speed, estimate.until > 4_200_000], [1, false], `${lie}`);
  }
});
