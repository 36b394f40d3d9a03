import { assertEquals } from "@std/assert";
import { EventStream, type StreamEvent } from "../../../lib/balancing/admin/event_streams.ts";
import { encodeLatin1 } from "../../../lib/http/grammar.ts";

function event(number: number, text = `event ${number}`): StreamEvent {
  return { number, bytes: encodeLatin1(text) };
}

/** The next piece as text; null at the end. */
async function pieceOf(stream: EventStream, bytes = 100): Promise<string | null> {
  const buffer = new Uint8Array(bytes);
  const count = await stream.read(buffer);
  return count === null ? null : new TextDecoder().decode(buffer.subarray(0, count));
}

Deno.test("EventStream.read() gives an event at once, or once there is one", async () => {
  const stream = new EventStream(() => {});
  stream.offer(event(1));
  assertEquals(stream.read(new Uint8Array(100)), 7);
  const piece = pieceOf(stream);
  stream.offer(event(2));
  assertEquals(await piece, "event 2");
});

Deno.test("EventStream.read() gives a long event in pieces, then the latest, none between", async () => {
  const stream = new EventStream(() => {});
  stream.offer(event(1, "abcdefgh"));
  assertEquals(await pieceOf(stream, 5), "abcde");
  assertEquals(stream.underWay?.number, 1);
  for (const number of [2, 3, 4]) stream.offer(event(number));
  assertEquals(await pieceOf(stream, 5), "fgh");
  assertEquals([stream.underWay, stream.isBehind], [undefined, true]);
  assertEquals(await pieceOf(stream), "event 4");
  assertEquals(stream.isBehind, false);
});

Deno.test("EventStream.behindSince is the first event that was not read to its end", async () => {
  const stream = new EventStream(() => {});
  assertEquals(stream.behindSince, Infinity);
  stream.offer(event(1, "abc"));
  stream.offer(event(2, "abc"));
  assertEquals(stream.behindSince, 1);
  await pieceOf(stream, 2);
  stream.offer(event(3));
  stream.offer(event(4));
  assertEquals(stream.behindSince, 1);
  await pieceOf(stream, 2);
  assertEquals(stream.behindSince, 4);
  await pieceOf(stream);
  assertEquals(stream.behindSince, Infinity);
});

Deno.test("EventStream.finish() ends it after what waits", async () => {
  const stream = new EventStream(() => {});
  stream.offer(event(1, "abc"));
  assertEquals(await pieceOf(stream, 2), "ab");
  stream.offer(event(2));
  stream.finish();
  assertEquals(await pieceOf(stream), "c");
  assertEquals(await pieceOf(stream), "event 2");
  assertEquals(await pieceOf(stream), null);
});

Deno.test("EventStream.finish() and cut() end a read that waits", async () => {
  for (const method of ["finish", "cut"] as const) {
    const stream = new EventStream(() => {});
    const piece = pieceOf(stream);
    stream[method]();
    assertEquals(await piece, null);
  }
});

Deno.test("EventStream.cut() ends it in the middle of an event, and lets go of it", async () => {
  const stream = new EventStream(() => {});
  stream.offer(event(1, "abc"));
  assertEquals(await pieceOf(stream, 2), "ab");
  stream.offer(event(2));
  stream.cut();
  assertEquals([stream.underWay, stream.isBehind], [undefined, false]);
  stream.offer(event(3));
  assertEquals(await pieceOf(stream), null);
});

Deno.test("EventStream.close() tells that the client is gone, and lets go of everything", () => {
  const gone: EventStream[] = [];
  const stream = new EventStream((it) => gone.push(it));
  stream.offer(event(1));
  stream.close();
  assertEquals(gone, [stream]);
  assertEquals(stream.isBehind, false);
});
