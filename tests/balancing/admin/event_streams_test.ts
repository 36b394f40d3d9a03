import { assertEquals } from "@std/assert";
import type { EventStream } from "../../../lib/balancing/admin/event_streams.ts";
import { newsOf, Watched } from "./watched.ts";

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
  assertEquals(farm.timesAsked, 2);
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

/** Whether a stream ends without another event. */
function isCut(stream: EventStream): boolean {
  return stream.read(new Uint8Array(100_000)) === null;
}

Deno.test("EventStreams opens 100 at a time; for one more, the oldest ends", async () => {
  const farm = new Watched();
  const streams = Array.from({ length: 101 }, () => farm.streams.open()!);
  assertEquals(streams.slice(0, 2).map(isCut), [true, false]);
  for (const stream of streams.slice(2)) assertEquals(await newsOf(stream), [0]);
  streams[50]!.close();
  streams.push(farm.streams.open()!);
  assertEquals(await newsOf(streams.at(-1)!), [0]);
  farm.redirects = 1;
  farm.ticker.pass();
  assertEquals(await newsOf(streams[1]!), [1]);
});

Deno.test("EventStreams ends the stream for another that has been behind longest", async () => {
  const farm = new Watched();
  const streams = Array.from({ length: 100 }, () => farm.streams.open()!);
  for (const stream of streams) await newsOf(stream);
  for (const slow of [70, 40]) {
    farm.redirects++;
    farm.ticker.pass();
    for (const [place, stream] of streams.entries()) {
      if (place !== slow && place !== 70) await newsOf(stream);
    }
  }
  for (const place of [70, 40, 0]) {
    assertEquals(await newsOf(farm.streams.open()!), [2]);
    assertEquals(isCut(streams[place]!), true);
  }
});

Deno.test("EventStreams tells why there is no status, and tries again a second later", async () => {
  const farm = new Watched();
  const failure = farm.failure = new Error("no status");
  const stream = farm.streams.open()!;
  farm.ticker.pass(2);
  await Promise.resolve();
  assertEquals(farm.errors, [failure, failure, failure]);
  farm.failure = undefined;
  farm.ticker.pass();
  assertEquals(await newsOf(stream), [0]);
  farm.failure = failure;
  farm.streams.close();
  assertEquals(farm.errors.length, 4);
  assertEquals(stream.read(new Uint8Array(10)), null);
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
