import { assert, assertEquals } from "@std/assert";
import type { EventStream } from "../../../lib/balancing/admin/event_stream.ts";
import { EventStreams, MOST_STREAMS } from "../../../lib/balancing/admin/event_streams.ts";
import type { FarmStatus } from "../../../lib/balancing/status.ts";
import { HandTicker } from "./hand_ticker.ts";
import { farmStatus, NOW, serverStatus } from "./made_up_farm.ts";

/** Streams over a farm of which only the redirects change. */
class Watched {
  redirects = 0;
  /** What makes the status longer. */
  policy = "rank";
  timesAsked = 0;
  readonly ticker = new HandTicker();
  readonly streams = new EventStreams(() => this.#status(), this.ticker.start);

  #status(): FarmStatus {
    const { redirects, policy } = this;
    return farmStatus(undefined, { at: NOW + 1000 * ++this.timesAsked, redirects, policy });
  }
}

/** All that a stream gives without waiting: `ping`, or the number of redirects of each status. */
async function newsOf(stream: EventStream): Promise<(number | "ping")[]> {
  const news: (number | "ping")[] = [];
  const buffer = new Uint8Array(100_000);
  while (stream.isBehind) {
    const count = (await stream.read(buffer))!;
    const text = new TextDecoder().decode(buffer.subarray(0, count));
    const [, json] = /^retry: 1000\ndata: (.*)\n\n$/.exec(text) ?? [];
    if (json === undefined) assertEquals(text, "event: ping\ndata: {}\n\n");
    news.push(json === undefined ? "ping" : JSON.parse(json).redirects);
  }
  return news;
}

Deno.test("EventStreams sends the status at once, then each second in which it changed", async () => {
  const farm = new Watched();
  const stream = farm.streams.open()!;
  assertEquals(await newsOf(stream), [0]);
  farm.ticker.pass(3);
  assertEquals(await newsOf(stream), []);
  farm.redirects = 1;
  assertEquals(await newsOf(stream), []);
  farm.ticker.pass();
  assertEquals(await newsOf(stream), [1]);
});

Deno.test("EventStreams makes one status for all, and none while nobody looks", async () => {
  const farm = new Watched();
  const streams = [farm.streams.open()!, farm.streams.open()!, farm.streams.open()!];
  assertEquals(farm.timesAsked, 1);
  farm.redirects = 1;
  farm.ticker.pass();
  assertEquals(farm.timesAsked, 2);
  for (const stream of streams) assertEquals(await newsOf(stream), [1]);
  for (const stream of streams) stream.close();
  assertEquals(farm.ticker.listeners, 0);
  farm.ticker.pass();
  assertEquals([farm.timesAsked, farm.streams.size], [2, 0]);
});

Deno.test("EventStreams begins again after everybody has gone", async () => {
  const farm = new Watched();
  farm.streams.open()!.close();
  farm.redirects = 5;
  const stream = farm.streams.open()!;
  assertEquals(await newsOf(stream), [5]);
  farm.redirects = 6;
  farm.ticker.pass();
  assertEquals(await newsOf(stream), [6]);
});

Deno.test("EventStreams sends a ping after 15 s in which nothing changed", async () => {
  const farm = new Watched();
  const stream = farm.streams.open()!;
  assertEquals(await newsOf(stream), [0]);
  farm.ticker.pass(14);
  assertEquals(await newsOf(stream), []);
  farm.ticker.pass();
  assertEquals(await newsOf(stream), ["ping"]);
  farm.ticker.pass(14);
  farm.redirects = 1;
  farm.ticker.pass(15);
  assertEquals(await newsOf(stream), [1]);
});

Deno.test("EventStreams lets a slow client miss what is between", async () => {
  const farm = new Watched();
  const stream = farm.streams.open()!;
  assertEquals(await stream.read(new Uint8Array(10)), 10);
  for (farm.redirects = 1; farm.redirects < 50; farm.redirects++) farm.ticker.pass();
  await stream.read(new Uint8Array(100_000));
  assertEquals(await newsOf(stream), [49]);
});

Deno.test("EventStreams opens 100 at a time", () => {
  const farm = new Watched();
  const streams = Array.from({ length: MOST_STREAMS }, () => farm.streams.open()!);
  assertEquals([farm.streams.size, farm.streams.open()], [100, undefined]);
  streams[7]!.close();
  assert(farm.streams.open() !== undefined);
  assertEquals(farm.streams.open(), undefined);
});

Deno.test("EventStreams.close() sends the last status and ends all, for good", async () => {
  const farm = new Watched();
  const streams = [farm.streams.open()!, farm.streams.open()!];
  farm.redirects = 3;
  farm.streams.close();
  for (const stream of streams) {
    assertEquals(await newsOf(stream), [3]);
    assertEquals(stream.read(new Uint8Array(10)), null);
    stream.close();
  }
  assertEquals([farm.streams.open(), farm.ticker.listeners], [undefined, 0]);
  farm.streams.close();
});

Deno.test("EventStreams makes a long status more seldom", () => {
  const farm = new Watched();
  farm.policy = "x".repeat(3 * 256 * 1024);
  farm.streams.open();
  farm.ticker.pass(3);
  assertEquals(farm.timesAsked, 1);
  farm.ticker.pass();
  assertEquals(farm.timesAsked, 2);
  farm.streams.open();
  assertEquals(farm.timesAsked, 2);
});

Deno.test("EventStreams cuts those that hold the oldest events, when all take too much", () => {
  const farm = new Watched();
  const mebibytes = 3;
  farm.policy = "x".repeat(mebibytes * 1024 * 1024);
  // Each begins to read another event, and stops in the midst of it.
  const streams: EventStream[] = [];
  for (let index = 0; index < 8; index++) {
    const stream = farm.streams.open()!;
    stream.read(new Uint8Array(10));
    streams.push(stream);
    farm.redirects++;
    farm.ticker.pass(20);
  }
  const held = streams.filter(({ underWay }) => underWay !== undefined);
  assertEquals(held, streams.slice(-held.length));
  assertEquals(held.length, Math.floor(16 / mebibytes));
  assertEquals(streams[0]!.read(new Uint8Array(10)), null);
});

Deno.test("EventStreams has few tests of each server in a large farm", async () => {
  const transfers = Array.from({ length: 60 }, (_, test) => ({ at: NOW + test, elapsedMs: 1 }));
  for (const [count, wanted] of [[200, 60], [201, 20]] as const) {
    const servers = Array.from({ length: count }, () => serverStatus({ transfers }));
    const ticker = new HandTicker();
    const stream = new EventStreams(() => farmStatus(servers), ticker.start).open()!;
    const buffer = new Uint8Array(10_000_000);
    const text = new TextDecoder().decode(buffer.subarray(0, (await stream.read(buffer))!));
    assertEquals(JSON.parse(text.split("data: ")[1]!).servers[0].transfers.length, wanted);
  }
});
