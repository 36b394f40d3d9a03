// Downloads over lines that are only numbers: how long they take, without waiting.

import { assert, assertEquals, assertLess } from "@std/assert";
import { SegmentControl } from "../../../lib/download/segments/segment_control.ts";
import {
  type Holder,
  LEAST_SEGMENT,
  type Segment,
  Segments,
} from "../../../lib/download/segments/segments.ts";
import { PaceMeter } from "../../../lib/download/speed.ts";

const MBIT = 1e6 / 8;
const STEP_MS = 5;

/** What TCP may send in the first round trip. */
const FIRST_FLIGHT = 14_000;

/** What is downloaded, and over which lines. Speeds are in Mbit/s. */
interface Farm {
  readonly bytes: number;
  readonly roundTripMs: number;
  readonly client: number;
  /** The first of them is asked first. */
  readonly servers: readonly number[];
}

/** A connection to one of the servers. */
class Link implements Holder {
  readonly server: string;
  hasBegun = false;
  lastAt = 0;
  perSecond: number | undefined;
  answerMs: number | undefined;
  received = 0;
  isLeaving = false;
  /** What may arrive in this step. */
  room = 0;
  segment: Segment | undefined;
  #meter = new PaceMeter();
  #askedAt = 0;
  #readyAt = 0;
  /** Since when its TCP connection has become faster. */
  #openAt = 0;
  /** As far as its answer goes. */
  #end = 0;
  #receivedBefore = 0;
  #isNew = true;
  readonly #roundTripMs: number;

  constructor(readonly line: number, roundTripMs: number) {
    this.server = `${line}`;
    this.#roundTripMs = roundTripMs;
  }

  lose(): void {
    this.segment = undefined;
    this.#isNew = true;
  }

  ask(segment: Segment, now: number, end = segment.end): void {
    // Through a redirector, over new connections; later over the same one.
    const trips = this.#isNew ? 4 : 1;
    [this.segment, this.#end, this.hasBegun] = [segment, end, false];
    [this.#askedAt, this.#readyAt] = [now, now + trips * this.#roundTripMs];
    if (this.#isNew) this.#openAt = this.#readyAt;
    this.answerMs = trips * this.#roundTripMs;
    [this.lastAt, this.#receivedBefore, this.#meter] = [now, this.received, new PaceMeter()];
  }

  mostBytes(now: number): number {
    if (this.segment === undefined || now < this.#readyAt) return 0;
    const ms = now - this.#openAt;
    const flight = FIRST_FLIGHT * 2 ** Math.min(30, ms / this.#roundTripMs);
    return Math.min(this.line * MBIT, flight / this.#roundTripMs * 1000) * STEP_MS / 1000;
  }

  take(bytes: number, now: number): void {
    this.hasBegun = true;
    this.received += bytes;
    this.lastAt = now;
    this.perSecond = this.#meter.measure(this.received, now) ?? this.perSecond;
  }

  /** Its segment has come to the end. */
  finish(now: number): void {
    this.perSecond = (this.received - this.#receivedBefore) / (now - this.#askedAt) * 1000;
    this.#isNew = this.segment!.end !== this.#end;
    this.segment = undefined;
  }
}

/** Downloads over a fixed number of connections, or as the control says: in how many ms. */
function download(farm: Farm, plan: number | "auto"): { ms: number; links: Link[] } {
  const { bytes, roundTripMs, servers } = farm;
  const count = plan === "auto" ? 1 : Math.min(plan, servers.length);
  const control = plan === "auto" ? new SegmentControl(8) : undefined;
  const segments = new Segments([[0, bytes]], count);
  const links = servers.slice(0, count).map((line) => new Link(line, roundTripMs));
  const all = [...links];
  for (const [i, link] of links.entries()) {
    const segment = segments.take(link, undefined, 0);
    if (segment !== undefined) link.ask(segment, 0, i === 0 ? bytes : undefined);
  }
  const unused = servers.slice(count);
  let [rest, now] = [bytes, 0];
  while (!segments.isWhole) {
    now += STEP_MS;
    share(links, farm.client, now);
    for (const link of links) {
      const got = bring(link, segments, now);
      rest -= got;
      const newest = all.length > 1 ? all.at(-1) : undefined;
      if (got === 0 || control === undefined) continue;
      control.note(got, link === newest, now);
      const advice = control.advise(rest, links.length, now);
      if (advice === "leave") newest!.isLeaving = true;
      if (advice !== "join") continue;
      const line = unused.shift();
      if (line === undefined) {
        control.fail(now);
        continue;
      }
      links[0]!.perSecond ??= control.perSecond(now);
      links.push(new Link(line, roundTripMs));
      all.push(links.at(-1)!);
    }
    for (const link of links.filter((it) => it.segment === undefined)) {
      if (link.isLeaving && links.length > 1) links.splice(links.indexOf(link), 1);
      else {
        const segment = segments.take(link, link.perSecond, now);
        if (segment !== undefined) link.ask(segment, now);
      }
    }
  }
  return { ms: now, links: all };
}

/** What each link can bring in a step: the client's line is shared evenly. */
function share(links: readonly Link[], client: number, now: number): void {
  let room = client * MBIT * STEP_MS / 1000;
  const byNeed = links.map((link) => ({ link, most: link.mostBytes(now) })).sort((a, b) =>
    a.most - b.most
  );
  byNeed.forEach(({ link, most }, i) => {
    link.room = Math.floor(Math.min(most, room / (byNeed.length - i)));
    room -= link.room;
  });
}

function bring(link: Link, segments: Segments, now: number): number {
  const { segment } = link;
  if (segment === undefined || link.room === 0) return 0;
  const got = Math.min(link.room, segment.end - segment.position);
  link.take(got, now);
  segments.advance(segment, segment.position + got);
  if (segment.position >= segment.end) link.finish(now);
  return got;
}

const MIB = 1024 ** 2;

/** Each server comes first once, the others behind it in their order. */
function farms(bytes: number, roundTripMs: number, client: number, servers: number[]): Farm[] {
  return servers.map((first, i) => ({
    bytes,
    roundTripMs,
    client,
    servers: [first, ...servers.filter((_, at) => at !== i)],
  }));
}

const FARMS: readonly Farm[] = [
  ...farms(30e6, 2, 100, [100, 50, 20, 20, 10, 5]),
  ...farms(100 * MIB, 2, 1000, [100, 50, 20, 20, 10, 5]),
  ...farms(100 * MIB, 40, 100, [20, 20, 20]),
  ...farms(400 * MIB, 100, 1000, [200, 100, 50]),
  ...farms(100 * MIB, 20, 50, [100, 80, 60]),
  ...farms(5 * MIB, 10, 100, [100, 5]),
  ...farms(1024 * MIB, 1, 10_000, [2000]),
];

Deno.test("SegmentControl and Segments are never slower than one connection, nor much than the best number", () => {
  const wrong = FARMS.flatMap((farm) => {
    const plain = download(farm, 1).ms;
    const best = Math.min(plain, ...[2, 4, 8].map((count) => download(farm, count).ms));
    const auto = download(farm, "auto").ms;
    // A short download is over before its first connection has been watched.
    const isFine = auto <= plain * 1.03 && auto <= Math.max(best * 1.1, best + 200);
    return isFine ? [] : [{ ...farm, plain, best, auto, servers: farm.servers.join(" ") }];
  });
  assertEquals(wrong, []);
});

Deno.test("SegmentControl lets go what brings nothing, and asks for others less and less often", () => {
  const farm = { bytes: 1e9, roundTripMs: 10, client: 50, servers: Array(20).fill(100) };
  const { ms, links } = download(farm, "auto");
  const others = links.slice(1);
  assert(
    others.length > 1 && others.length <= Math.log2(ms / 4000) + 2,
    `${others.length} in ${ms} ms`,
  );
  const brought = others.reduce((sum, { received }) => sum + received, 0);
  assertLess(brought / farm.bytes, 0.05);
});

Deno.test("SegmentControl lets nothing join that would come too late, or close to a limit", () => {
  const advised = (control: SegmentControl, restBytes: number, connections = 1) => {
    const advice = [];
    for (let now = 0; now < 2000; now += 10) {
      control.note(1000, false, now);
      advice.push(control.advise(restBytes, connections, now));
    }
    return advice.find((it) => it !== undefined);
  };
  assertEquals(advised(new SegmentControl(2), 1e6), "join");
  assertEquals(advised(new SegmentControl(2), 0.9e5), undefined);
  assertEquals(advised(new SegmentControl(2), 1e6, 2), undefined);
  assertEquals(advised(new SegmentControl(2, 100_000), 1e6), undefined);
  assertEquals(advised(new SegmentControl(2, 200_000), 1e6), "join");
});

Deno.test("Segments gives little to what is not known, so that it can be told", () => {
  const segments = new Segments([[0, 100 * LEAST_SEGMENT]], 1);
  const known = new Link(1, 1);
  known.perSecond = 10 * LEAST_SEGMENT;
  segments.take(known, undefined, 0);
  const segment = segments.take(new Link(1, 1), undefined, 0)!;
  assertEquals(segment.end - segment.position, 5 * LEAST_SEGMENT);
});

Deno.test("SegmentControl waits for no connection that stays silent, but lets others join", () => {
  const control = new SegmentControl(4);
  const advices: string[] = [];
  const joinedAt: number[] = [];
  for (let now = 0; now < 20_000; now += STEP_MS) {
    control.note(10_000, false, now);
    const advice = control.advise(1e9, 1 + joinedAt.length, now);
    if (advice !== undefined) advices.push(advice);
    if (advice === "join") joinedAt.push(now);
  }
  assertEquals(advices, ["join", "leave", "join", "leave", "join", "leave"]);
  const pauses = joinedAt.slice(1).map((at, i) => at - joinedAt[i]!);
  assert(pauses.every((ms) => ms >= 2000 && ms < 2100), `${pauses}`);
});
