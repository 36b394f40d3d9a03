import { assertEquals } from "@std/assert";
import type { EventStream } from "../../../lib/balancing/admin/event_streams.ts";
import type { StatusDocument } from "../../../lib/balancing/status.ts";
import { serverStatus } from "./made_up_farm.ts";
import { Watched } from "./watched.ts";

/** A farm whose status is made in several pieces, with turns between. */
function largeFarm(): Watched {
  const farm = new Watched();
  farm.servers = Array.from({ length: 300 }, (_, i) => serverStatus({ name: `s${i}:1` }));
  return farm;
}

/** The next event of a stream, once there is one. */
async function nextOf(stream: EventStream): Promise<StatusDocument> {
  const buffer = new Uint8Array(1_000_000);
  const count = (await stream.read(buffer))!;
  const text = new TextDecoder().decode(buffer.subarray(0, count));
  return JSON.parse(/^retry: 1000\ndata: (.*)\n\n$/.exec(text)![1]!);
}

Deno.test("EventStreams makes the status of a large farm beside all else, once", async () => {
  const farm = largeFarm();
  const streams = [farm.streams.open()!, farm.streams.open()!];
  assertEquals(streams.map(({ isBehind }) => isBehind), [false, false]);
  farm.ticker.pass();
  assertEquals(farm.timesAsked, 1);
  for (const stream of streams) {
    const { servers, redirects } = await nextOf(stream);
    assertEquals([servers.length, servers.at(-1)!.name, redirects], [300, "s299:1", 0]);
  }
  farm.redirects = 1;
  farm.ticker.pass();
  assertEquals((await nextOf(streams[0]!)).redirects, 1);
});

Deno.test("EventStreams sends no status that nobody waits for any more", async () => {
  const farm = largeFarm();
  farm.streams.open()!.close();
  farm.redirects = 1;
  const early = farm.streams.open()!;
  assertEquals((await nextOf(early)).redirects, 0);
  early.close();
  farm.redirects = 2;
  assertEquals((await nextOf(farm.streams.open()!)).redirects, 2);
});

Deno.test("EventStreams.close() sends the last status of a large farm, and no other", async () => {
  const farm = largeFarm();
  const stream = farm.streams.open()!;
  farm.redirects = 7;
  farm.streams.close();
  assertEquals((await nextOf(stream)).redirects, 7);
  assertEquals(stream.read(new Uint8Array(10)), null);
  // What was begun before ends without a trace.
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(farm.errors, []);
});
