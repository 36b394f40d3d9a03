import { Acceptor, type AcceptorOptions } from "../../lib/net/accept.ts";
import { assert, assertEquals } from "@std/assert";
import { Arrivals } from "../support/arrivals.ts";
import { CountingSignal, FakeConn, FakeListener } from "../support/fake_listener.ts";

/** An acceptor, and the listener that the test answers for. */
function accepting(options: Partial<AcceptorOptions> = {}) {
  const listener = new FakeListener();
  const errors = new Arrivals<Error>();
  const acceptor = new Acceptor(listener as unknown as Deno.TcpListener, {
    onError: errors.add,
    ...options,
  });
  return {
    listener,
    acceptor,
    errors,
    /** The next connection that the acceptor yields. */
    next: async () => (await acceptor.until(new AbortController().signal).next()).value,
    /** Completes the next accept; gives its connection. */
    async accept(): Promise<FakeConn> {
      const conn = new FakeConn();
      (await listener.accepts.next()).resolve(asConn(conn));
      return conn;
    },
    async fail(error: Error): Promise<void> {
      (await listener.accepts.next()).reject(error);
    },
    /** Leaves an accept pending after `until` has ended. */
    async leavePending(): Promise<void> {
      const controller = new AbortController();
      const ended = acceptor.until(controller.signal).next();
      controller.abort();
      assertEquals((await ended).done, true);
    },
  };
}

/** An acceptor on a real listener. */
function listening() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const errors = new Arrivals<Error>();
  return {
    acceptor: new Acceptor(listener, { onError: errors.add }),
    connect: () => Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
    errors,
  };
}

function asConn(conn: FakeConn): Deno.TcpConn {
  return conn as unknown as Deno.TcpConn;
}

async function microtasks(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await Promise.resolve();
}

const tooManyFiles = Object.assign(new Error("Too many open files (os error 24)"), {
  code: "EMFILE",
});

Deno.test("Acceptor.until() yields connections and ends when the signal fires", async () => {
  const { acceptor, connect } = listening();
  const controller = new AbortController();
  const ports: number[] = [];
  const clients = [await connect(), await connect()];
  for await (const conn of acceptor.until(controller.signal)) {
    ports.push(conn.remoteAddr.port);
    conn.close();
    if (ports.length === 2) controller.abort();
  }
  assertEquals(ports, clients.map(({ localAddr }) => localAddr.port));
  acceptor.close();
  for (const client of clients) client.close();
});

Deno.test("Acceptor.until() ends at once when the signal has fired before", async () => {
  const { listener, acceptor } = accepting();
  assertEquals((await acceptor.until(AbortSignal.abort()).next()).done, true);
  assertEquals(listener.accepts.waiting.length, 0);
  acceptor.close();
});

Deno.test("Acceptor keeps the accept that is pending when the signal fires", async () => {
  const { listener, acceptor, next, accept, leavePending } = accepting();
  await leavePending();
  const second = next();
  assertEquals(asConn(await accept()), await second);
  assertEquals(listener.accepts.waiting.length, 0);
  acceptor.close();
});

Deno.test("Acceptor keeps the connection that comes between two calls", async () => {
  const { acceptor, connect } = listening();
  for (let turn = 0; turn < 20; turn++) {
    const controller = new AbortController();
    const ended = acceptor.until(controller.signal).next();
    controller.abort();
    assertEquals((await ended).done, true);
    using client = await connect();
    const { value } = await acceptor.until(new AbortController().signal).next();
    assertEquals(value!.remoteAddr.port, client.localAddr.port);
    value!.close();
  }
  acceptor.close();
});

Deno.test("Acceptor loses no connection that comes while the signal fires", async () => {
  for (let ticks = 0; ticks < 12; ticks++) {
    const { acceptor, next, accept } = accepting();
    const controller = new AbortController();
    const first = acceptor.until(controller.signal).next();
    const conn = await accept();
    await microtasks(ticks);
    controller.abort();
    assertEquals((await first).value ?? await next(), asConn(conn), `after ${ticks} ticks`);
    assertEquals(conn.closed, 0);
    acceptor.close();
  }
});

Deno.test("Acceptor leaves nothing on a signal that outlives many calls and accepts", async () => {
  const { acceptor, accept } = accepting();
  const signal = new CountingSignal();
  for (let turn = 0; turn < 50; turn++) {
    const turns = acceptor.until(signal as unknown as AbortSignal);
    for (let i = 0; i < 10; i++) {
      const next = turns.next();
      await accept();
      assertEquals((await next).done, false);
    }
    await turns.return();
  }
  assertEquals({ listeners: signal.listeners, most: signal.most }, { listeners: 0, most: 1 });
  acceptor.close();
});

Deno.test("Acceptor reports one error of each burst, and continues", async () => {
  const { acceptor, errors, accept, fail } = accepting();
  const accepted = acceptor.until(new AbortController().signal);
  for (let burst = 0; burst < 2; burst++) {
    const next = accepted.next();
    for (let i = 0; i < 4; i++) await fail(tooManyFiles);
    assertEquals(asConn(await accept()), (await next).value);
    assertEquals(errors.waiting, Array(burst + 1).fill(tooManyFiles));
  }
  acceptor.close();
});

Deno.test("Acceptor passes over clients that have gone before they were accepted", async () => {
  const { acceptor, errors, next, accept, fail } = accepting();
  const accepted = next();
  const { NotConnected, ConnectionAborted, ConnectionReset } = Deno.errors;
  // With a pause after each, as after other errors, this would take minutes.
  for (let i = 0; i < 200; i++) {
    for (const Gone of [NotConnected, ConnectionAborted, ConnectionReset]) await fail(new Gone());
  }
  assertEquals(asConn(await accept()), await accepted);
  assertEquals(errors.waiting, []);
  acceptor.close();
});

Deno.test("Acceptor waits longer after each error of a burst", async () => {
  const { acceptor, next, accept, fail } = accepting();
  const accepted = next();
  const begun = performance.now();
  for (let i = 0; i < 5; i++) await fail(tooManyFiles);
  await accept();
  await accepted;
  const elapsed = performance.now() - begun;
  assert(elapsed >= 5 + 10 + 20 + 40 + 80 - 5, `${elapsed} ms`);
  acceptor.close();
});

Deno.test("Acceptor.close() ends until() and closes the listener", async () => {
  const { acceptor, errors } = listening();
  const next = acceptor.until(new AbortController().signal).next();
  acceptor.close();
  acceptor.close();
  assertEquals((await next).done, true);
  assertEquals((await acceptor.until(new AbortController().signal).next()).done, true);
  assertEquals(errors.waiting, []);
});

Deno.test("Acceptor.close() ends until() in the middle of a burst of errors", async () => {
  const { listener, acceptor, errors, next, fail } = accepting();
  const accepted = next();
  await fail(tooManyFiles);
  await errors.next();
  acceptor.close();
  assertEquals(await accepted, undefined);
  assert(listener.isClosed);
});

Deno.test("Acceptor.close() closes a connection that nobody has taken", async () => {
  const { acceptor, accept, leavePending } = accepting();
  await leavePending();
  const conn = await accept();
  await acceptor.until(AbortSignal.abort()).next();
  acceptor.close();
  await microtasks(12);
  assertEquals(conn.closed, 1);
});

Deno.test("Acceptor.close() never yields a connection that it has closed", async () => {
  for (let ticks = 0; ticks < 12; ticks++) {
    const { acceptor, next, accept } = accepting();
    const accepted = next();
    const conn = await accept();
    await microtasks(ticks);
    acceptor.close();
    assertEquals(conn.closed, await accepted === undefined ? 1 : 0, `${ticks} ticks`);
  }
});

Deno.test("Acceptor.finish() takes all that come without a pause, then stops listening", async () => {
  const { listener, acceptor, accept } = accepting();
  const taken: unknown[] = [];
  const finished = acceptor.finish((conn) => taken.push(conn));
  const conns = [await accept(), await accept(), await accept()];
  await finished;
  assertEquals(taken, conns);
  assertEquals(listener.isClosed, true);
});

Deno.test("Acceptor.finish() takes what was accepted when until() had ended", async () => {
  const { acceptor, errors, accept, leavePending } = accepting();
  await leavePending();
  const conn = await accept();
  const taken: unknown[] = [];
  await acceptor.finish((conn) => taken.push(conn));
  assertEquals([taken, errors.waiting], [[conn], []]);
});

Deno.test("Acceptor.finish() ends although clients come again and again", async () => {
  const { listener, acceptor, accept } = accepting();
  let isOver = false;
  const coming = (async () => {
    while (!isOver) await accept();
  })();
  const taken: unknown[] = [];
  await acceptor.finish((conn) => taken.push(conn));
  isOver = true;
  listener.accepts.add(Promise.withResolvers()); // For the last of them.
  await coming;
  assertEquals([listener.isClosed, taken.length > 0], [true, true]);
});

Deno.test("Acceptor.finish() takes those who come although there is no room", async () => {
  const room = () => new Promise<void>(() => {});
  const { listener, acceptor, next, accept } = accepting({ room });
  const accepted = next(); // Waits for room.
  const taken: unknown[] = [];
  const finished = acceptor.finish((conn) => taken.push(conn));
  const conns = [await accept(), await accept()];
  await finished;
  assertEquals(taken, conns);
  assertEquals(listener.isClosed, true);
  assertEquals(await accepted, undefined);
});
