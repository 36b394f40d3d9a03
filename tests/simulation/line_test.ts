import { assertAlmostEquals, assertEquals } from "@std/assert";
import { seededRandom } from "../support/random.ts";
import { Line, type Transfer } from "./line.ts";

/** Ends of transfers that begin at times of their own, computed by small steps of time. */
function endsByStepping(transfers: readonly (Transfer & { at: number })[], speed: number) {
  const step = 0.01, left = transfers.map(({ bytes }) => bytes), ends = transfers.map(() => NaN);
  for (let time = 0; ends.some(Number.isNaN); time += step) {
    const active = transfers.flatMap(({ at }, i) => at <= time && left[i]! > 0 ? [i] : []);
    const paths = active.map((i) => transfers[i]!.pathSpeed ?? Infinity);
    const level = levelOf(paths, speed);
    for (const i of active) {
      left[i]! -= step * Math.min(level, transfers[i]!.pathSpeed ?? Infinity);
      if (left[i]! <= 0) ends[i] = time + step;
    }
  }
  return ends;
}

/** What transfers get whose paths carry more; found by halving. */
function levelOf(pathSpeeds: readonly number[], speed: number): number {
  let low = 0, high = speed;
  for (let i = 0; i < 40; i++) {
    const level = (low + high) / 2;
    const used = pathSpeeds.reduce((sum, pathSpeed) => sum + Math.min(pathSpeed, level), 0);
    if (used < speed) low = level;
    else high = level;
  }
  return high;
}

/** Begins transfers at random, and compares when they end. */
function compareEnds(pathSpeeds: readonly (number | undefined)[]): void {
  const random = seededRandom(4);
  const transfers = Array.from({ length: 12 }, (_, i) => {
    const pathSpeed = pathSpeeds[i % pathSpeeds.length];
    return {
      bytes: 1 + 50 * random(),
      at: Math.floor(60 * random()),
      ...pathSpeed !== undefined && { pathSpeed },
    };
  }).sort((a, b) => a.at - b.at);
  const line = new Line<Transfer>(3);
  const ends = new Map<Transfer, number>();
  const endUntil = (time: number) => {
    for (let end = line.nextEnd; end <= time; end = line.nextEnd) ends.set(line.shift(end), end);
  };
  for (const transfer of transfers) {
    endUntil(transfer.at);
    line.add(transfer, transfer.at);
  }
  endUntil(1e9);
  endsByStepping(transfers, 3).forEach((end, i) => {
    assertAlmostEquals(ends.get(transfers[i]!)!, end, 0.2);
  });
}

Deno.test("Line ends transfers when sharing in small steps of time would", () => {
  compareEnds([undefined]);
});

Deno.test("Line leaves to other transfers what a path does not carry", () => {
  compareEnds([undefined, 0.2]);
  compareEnds([2, 0.1, 1]);
});

Deno.test("Line sends on a path no faster than it carries", () => {
  const line = new Line<Transfer>(10);
  const [slow, quick] = [{ bytes: 100, pathSpeed: 2 }, { bytes: 100 }];
  line.add(slow, 0);
  line.add(quick, 0);
  assertEquals(line.nextEnd, 12.5);
  assertEquals(line.shift(12.5), quick);
  assertEquals(line.nextEnd, 50);
  assertEquals(line.breakOff(20), [[slow, 60]]);
});

Deno.test("Line.endOf() tells when one more transfer would end", () => {
  const line = new Line<Transfer>(2);
  line.add({ bytes: 100 }, 0);
  line.add({ bytes: 10 }, 0);
  assertEquals(line.endOf(30, 0), 35);
  assertEquals(line.endOf(30, 10), 40);
  assertEquals(line.count, 2);
});

Deno.test("Line.breakOff() gives what each transfer lacks, and leaves the others", () => {
  const line = new Line<Transfer>(2);
  const [a, b] = [{ bytes: 100 }, { bytes: 30 }];
  line.add(a, 0);
  line.add(b, 0);
  assertEquals(line.breakOff(10, (it) => it === b), [[b, 20]]);
  assertEquals(line.nextEnd, 55);
  line.change(11, 0);
  assertEquals(line.nextEnd, Infinity);
});

Deno.test("Line takes as long as queueing theory says, 1 / (1 - load) times that of an empty one", () => {
  for (const load of [0.3, 0.7]) {
    const random = seededRandom(9), line = new Line<Transfer & { at: number }>(1);
    const exponential = (mean: number) => -mean * Math.log(1 - random());
    let sum = 0, at = 0;
    for (let i = 0; i < 60_000; i++) {
      at += exponential(1 / load);
      for (let end = line.nextEnd; end <= at; end = line.nextEnd) sum += end - line.shift(end).at;
      line.add({ bytes: exponential(1), at }, at);
    }
    assertAlmostEquals(sum / 60_000, 1 / (1 - load), 0.15);
  }
});

Deno.test("Line gives a transfer its weight, and no transfer more than its limit", () => {
  const line = new Line<Transfer>(6);
  line.add({ bytes: 100, weight: 0.5 }, 0);
  line.add({ bytes: 100 }, 0);
  assertEquals(line.nextEnd, 25);
  line.change(10, 6, 1);
  assertEquals(line.nextEnd, 70);
  assertEquals(line.endOf(100, 10), 110);
});

Deno.test("Line.load() tells what is pending beyond buffers, and was sent in the last second", () => {
  const line = new Line<Transfer>(2);
  line.add({ bytes: 2200 }, 500);
  line.add({ bytes: 100 }, 500);
  assertEquals(line.shift(600), { bytes: 100 });
  assertEquals(line.load(1000, 0), {
    ...{ openTransfers: 1, pendingBytes: 1300, bytesPerMs: 1, utilization: 0.5 },
  });
  assertEquals(line.load(1500, 50), {
    ...{ openTransfers: 1, pendingBytes: 250, bytesPerMs: 2, utilization: 1 },
  });
});
