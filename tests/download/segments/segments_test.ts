import { assert, assertEquals } from "@std/assert";
import { type Holder, LEAST_SEGMENT, Segments } from "../../../lib/download/segments/segments.ts";

/** A holder that has begun, of a speed. */
function holder(perSecond?: number, lastAt = 0) {
  return {
    server: undefined,
    hasBegun: true,
    lastAt,
    perSecond,
    answerMs: undefined,
    hasLost: false,
    lose() {
      this.hasLost = true;
    },
  };
}

const LENGTH = 16 * LEAST_SEGMENT;
const extent = (segment: { position: number; end: number } | undefined) =>
  segment && [segment.position / LEAST_SEGMENT, segment.end / LEAST_SEGMENT];

Deno.test("Segments cuts the holes so that each has something to do, and nothing too small", () => {
  const taken = (segments: Segments, count: number) =>
    Array.from({ length: count }, () => extent(segments.take(holder(), undefined, 0)));
  assertEquals(taken(new Segments([[0, LENGTH]], 2), 3), [[0, 8], [8, 16], undefined]);
  assertEquals(taken(new Segments([[0, LEAST_SEGMENT]], 4), 2), [[0, 1], undefined]);
  const holes = [[0, LEAST_SEGMENT], [LENGTH / 2, LENGTH]] as const;
  assertEquals(taken(new Segments(holes, 1), 2), [[0, 1], [8, 16]]);
});

Deno.test("Segments splits what takes longest, by the speed of both", () => {
  const segments = new Segments([[0, LENGTH]], 1);
  const slow = holder(LEAST_SEGMENT);
  const first = segments.take(slow, undefined, 0)!;
  assertEquals(extent(segments.take(holder(), 3 * LEAST_SEGMENT, 0)), [4, 16]);
  assertEquals(extent(first), [0, 4]);
  assert(!slow.hasLost);
});

Deno.test("Segments leaves alone what will be there soon, and whose speed is not known", () => {
  for (const perSecond of [undefined, 100 * LENGTH]) {
    const segments = new Segments([[0, LENGTH]], 1);
    segments.take(holder(perSecond), undefined, 0);
    assertEquals(segments.take(holder(), 1e9, 0), undefined);
  }
});

Deno.test("Segments moves what is silent, and the little that is slow, to another", () => {
  const rows: readonly [
    hole: number,
    Holder & { hasLost: boolean },
    ours: number,
    moves: boolean,
  ][] = [
    [LENGTH, holder(1e9, -2000), 1, true],
    [LEAST_SEGMENT, holder(1000), 5000, true],
    [LEAST_SEGMENT, holder(1000), 1500, false],
    [LEAST_SEGMENT, holder(LEAST_SEGMENT), 1e9, false],
  ];
  for (const [hole, loser, ours, moves] of rows) {
    const segments = new Segments([[0, hole]], 1);
    const segment = segments.take(loser, undefined, 0);
    const taker = holder();
    assertEquals(segments.take(taker, ours, 0), moves ? segment : undefined);
    assertEquals([loser.hasLost, segments.segmentOf(taker) !== undefined], [moves, moves]);
  }
});

Deno.test("Segments lets an answer go on into what nobody has begun, and no further than it goes", () => {
  const segments = new Segments([[0, LENGTH]], 4);
  const [one, waiting, busy] = [holder(), { ...holder(), hasBegun: false }, holder()];
  const first = segments.take(one, undefined, 0)!;
  segments.take(waiting, undefined, 0);
  segments.take(busy, undefined, 0);
  segments.advance(first, first.end);
  assertEquals(segments.extend(one, first.end, first.end, false), undefined);
  const second = segments.extend(one, first.end, LENGTH, false)!;
  assertEquals([extent(second), segments.segmentOf(waiting)], [[4, 8], undefined]);
  segments.advance(second, second.end);
  assertEquals(segments.extend(one, second.end, LENGTH, false), undefined);
  assertEquals(extent(segments.extend(one, second.end, LENGTH, true)), [12, 16]);
});

Deno.test("Segments is whole when all is there, and gives again what was released", () => {
  const segments = new Segments([[0, LENGTH]], 1);
  const one = holder();
  const segment = segments.take(one, undefined, 0)!;
  segments.advance(segment, 10);
  segments.release(one);
  assertEquals(segments.take(holder(), undefined, 0)?.position, 10);
  segments.advance(segment, LENGTH);
  assertEquals(segments.isWhole, true);
});
