import { Acceptor } from "../../lib/net/accept.ts";
import { assertEquals } from "@std/assert";
import { FakeConn, FakeListener } from "../support/fake_listener.ts";

/** An acceptor, the listener that the test answers for, and what is taken at its end. */
function finishing() {
  const listener = new FakeListener();
  const onError = (error: Error) => {
    throw error;
  };
  const acceptor = new Acceptor(listener as unknown as Deno.TcpListener, { onError });
  const taken: unknown[] = [];
  return { listener, acceptor, taken, take: (conn: unknown) => taken.push(conn) };
}

function fakeConn(): Deno.TcpConn {
  return new FakeConn() as unknown as Deno.TcpConn;
}

Deno.test("Acceptor.finish() takes all that come without a pause, then stops listening", async () => {
  const { listener, acceptor, taken, take } = finishing();
  const conns = [fakeConn(), fakeConn(), fakeConn()];
  const finished = acceptor.finish(take);
  for (const conn of conns) (await listener.accepts.next()).resolve(conn);
  await finished;
  assertEquals(taken, conns);
  assertEquals(listener.isClosed, true);
});

Deno.test("Acceptor.finish() takes what was accepted when until() had ended", async () => {
  const { listener, acceptor, taken, take } = finishing();
  const controller = new AbortController();
  const next = acceptor.until(controller.signal).next();
  const pending = await listener.accepts.next();
  controller.abort();
  await next;
  const conn = fakeConn();
  pending.resolve(conn);
  await acceptor.finish(take);
  assertEquals(taken, [conn]);
});

Deno.test("Acceptor.finish() ends although somebody comes again and again, and no turn ends", async () => {
  const { listener, acceptor, taken, take } = finishing();
  let isOver = false;
  const coming = (async () => {
    while (!isOver) (await listener.accepts.next()).resolve(fakeConn());
  })();
  await acceptor.finish(take);
  isOver = true;
  listener.accepts.add(Promise.withResolvers()); // Ends the crowd.
  await coming;
  assertEquals([listener.isClosed, taken.length > 0], [true, true]);
});

Deno.test("Acceptor.finish() takes those who come although there is no room", async () => {
  const listener = new FakeListener();
  const acceptor = new Acceptor(listener as unknown as Deno.TcpListener, {
    onError: () => {},
    room: () => new Promise<void>(() => {}),
  });
  const signal = new AbortController().signal;
  const next = acceptor.until(signal).next(); // Waits for room.
  const conns = [fakeConn(), fakeConn()];
  const taken: unknown[] = [];
  const finished = acceptor.finish((conn) => taken.push(conn));
  for (const conn of conns) (await listener.accepts.next()).resolve(conn);
  await finished;
  assertEquals(taken, conns);
  assertEquals(listener.isClosed, true);
  assertEquals((await next).done, true);
});
