import { assertAlmostEquals, assertEquals } from "@std/assert";
import { seededRandom } from "../support/random.ts";
import { Line, type Transfer } from "./line.ts";

/** Ends of transfers that begin at times of their own, computed by small steps of time. */
function endsByStepping(transfers: readonly (Transfer & { at: number })[], speed: number) {
  const step = 0.01, left = transfers.map(({ bytes }) => bytes), ends = transfers.map(() => NaN);
  for (let time = 0; ends.some(Number.isNaN); time += step) {
    const active = transfers.flatMap(({ at }, i) => at <= time && left[i]! > 0 ? [i] : []);
    for (const i of active) {
      left[i]! -= speed * step / active.length;
      if (left[i]! <= 0) ends[i] = time + step;
    }
  }
  return ends;
}

Deno.test("Line ends transfers when sharing in small steps of time would", () => {
  const random = seededRandom(4);
  const transfers = Array.from({ length: 12 }, () => ({
    bytes: 1 + 50 * random(),
    at: Math.floor(60 * random()),
  })).sort((a, b) => a.at - b.at);
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
  line.advance(11);
  line.speed = 0;
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
