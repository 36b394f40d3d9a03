import { Acceptor } from "../../lib/net/accept.ts";
import { assert, assertEquals } from "@std/assert";
import { Arrivals } from "../support/arrivals.ts";
import { CountingSignal, FakeConn, FakeListener } from "../support/fake_listener.ts";

function acceptorOf(listener: FakeListener): { acceptor: Acceptor; errors: Arrivals<Error> } {
  const errors = new Arrivals<Error>();
  const acceptor = new Acceptor(listener as unknown as Deno.TcpListener, { onError: errors.add });
  return { acceptor, errors };
}

function asConn(conn: FakeConn): Deno.TcpConn {
  return conn as unknown as Deno.TcpConn;
}

const tooManyFiles = Object.assign(new Error("Too many open files (os error 24)"), {
  code: "EMFILE",
});

Deno.test("Acceptor.until() yields connections and ends when the signal fires", async () => {
  const { port, acceptor, connect } = listening();
  const controller = new AbortController();
  const ports: number[] = [];
  const clients = [await connect(port), await connect(port)];
  for await (const conn of acceptor.until(controller.signal)) {
    ports.push(conn.remoteAddr.port);
    conn.close();
    if (ports.length === 2) controller.abort();
  }
  assertEquals(ports, clients.map(({ localAddr }) => localAddr.port));
  acceptor.close();
  for (const client of clients) client.close();
});

/** An acceptor on a real listener. */
function listening() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const errors = new Arrivals<Error>();
  return {
    port: listener.addr.port,
    acceptor: new Acceptor(listener, { onError: errors.add }),
    connect: (port: number) => Deno.connect({ hostname: "127.0.0.1", port }),
    errors,
  };
}

Deno.test("Acceptor.until() ends at once when the signal has fired before", async () => {
  const listener = new FakeListener();
  const { acceptor } = acceptorOf(listener);
  const { done } = await acceptor.until(AbortSignal.abort()).next();
  assertEquals(done, true);
  assertEquals(listener.accepts.waiting.length, 0);
  acceptor.close();
});

Deno.test("Acceptor keeps the accept that is pending when the signal fires", async () => {
  const listener = new FakeListener();
  const { acceptor } = acceptorOf(listener);
  const controller = new AbortController();
  const first = acceptor.until(controller.signal).next();
  const accept = await listener.accepts.next();
  controller.abort();
  assertEquals((await first).done, true);
  const second = acceptor.until(new AbortController().signal).next();
  const conn = new FakeConn();
  accept.resolve(asConn(conn));
  assertEquals((await second).value, asConn(conn));
  assertEquals(listener.accepts.waiting.length, 0);
  acceptor.close();
});

Deno.test("Acceptor keeps the connection that comes between two turns", async () => {
  const { port, acceptor, connect } = listening();
  for (let turn = 0; turn < 20; turn++) {
    const controller = new AbortController();
    const ended = acceptor.until(controller.signal).next();
    controller.abort();
    assertEquals((await ended).done, true);
    using client = await connect(port);
    const { value } = await acceptor.until(new AbortController().signal).next();
    assertEquals(value!.remoteAddr.port, client.localAddr.port);
    value!.close();
  }
  acceptor.close();
});

Deno.test("Acceptor loses no connection that comes while the signal fires", async () => {
  for (let ticks = 0; ticks < 12; ticks++) {
    const listener = new FakeListener();
    const { acceptor } = acceptorOf(listener);
    const controller = new AbortController();
    const first = acceptor.until(controller.signal).next();
    const conn = new FakeConn();
    (await listener.accepts.next()).resolve(asConn(conn));
    for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
    controller.abort();
    let { value } = await first;
    if (value === undefined) {
      ({ value } = await acceptor.until(new AbortController().signal).next());
    }
    assertEquals(value, asConn(conn), `after ${ticks} ticks`);
    assertEquals(conn.closed, 0);
    acceptor.close();
  }
});

Deno.test("Acceptor leaves nothing on a signal that outlives many turns and accepts", async () => {
  const listener = new FakeListener();
  const { acceptor } = acceptorOf(listener);
  const signal = new CountingSignal();
  for (let turn = 0; turn < 50; turn++) {
    const turns = acceptor.until(signal as unknown as AbortSignal);
    for (let accept = 0; accept < 10; accept++) {
      const next = turns.next();
      (await listener.accepts.next()).resolve(asConn(new FakeConn()));
      assertEquals((await next).done, false);
    }
    await turns.return();
  }
  assertEquals({ listeners: signal.listeners, most: signal.most }, { listeners: 0, most: 1 });
  acceptor.close();
});

Deno.test("Acceptor tells one error of each burst, and goes on", async () => {
  const listener = new FakeListener();
  const { acceptor, errors } = acceptorOf(listener);
  const accepted = acceptor.until(new AbortController().signal);
  for (let burst = 0; burst < 2; burst++) {
    const next = accepted.next();
    for (let i = 0; i < 4; i++) (await listener.accepts.next()).reject(tooManyFiles);
    const conn = new FakeConn();
    (await listener.accepts.next()).resolve(asConn(conn));
    assertEquals((await next).value, asConn(conn));
    assertEquals(errors.waiting.length, burst + 1);
  }
  assertEquals(errors.waiting, [tooManyFiles, tooManyFiles]);
  acceptor.close();
});

Deno.test("Acceptor passes over clients that have gone before they were accepted", async () => {
  const listener = new FakeListener();
  const { acceptor, errors } = acceptorOf(listener);
  const next = acceptor.until(new AbortController().signal).next();
  const { NotConnected, ConnectionAborted, ConnectionReset } = Deno.errors;
  // With a pause after each, as after other errors, this would take minutes.
  for (let i = 0; i < 200; i++) {
    for (const Gone of [NotConnected, ConnectionAborted, ConnectionReset]) {
      (await listener.accepts.next()).reject(new Gone());
    }
  }
  const conn = new FakeConn();
  (await listener.accepts.next()).resolve(asConn(conn));
  assertEquals((await next).value, asConn(conn));
  assertEquals(errors.waiting, []);
  acceptor.close();
});

Deno.test("Acceptor waits longer after each error of a burst", async () => {
  const listener = new FakeListener();
  const { acceptor } = acceptorOf(listener);
  const next = acceptor.until(new AbortController().signal).next();
  const begun = performance.now();
  for (let i = 0; i < 5; i++) (await listener.accepts.next()).reject(tooManyFiles);
  (await listener.accepts.next()).resolve(asConn(new FakeConn()));
  await next;
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
  const listener = new FakeListener();
  const { acceptor, errors } = acceptorOf(listener);
  const next = acceptor.until(new AbortController().signal).next();
  (await listener.accepts.next()).reject(tooManyFiles);
  await errors.next();
  acceptor.close();
  assertEquals((await next).done, true);
  assert(listener.isClosed);
});

Deno.test("Acceptor.close() closes a connection that nobody has taken", async () => {
  const listener = new FakeListener();
  const { acceptor } = acceptorOf(listener);
  const controller = new AbortController();
  const ended = acceptor.until(controller.signal).next();
  controller.abort();
  await ended;
  const conn = new FakeConn();
  (await listener.accepts.next()).resolve(asConn(conn));
  await acceptor.until(AbortSignal.abort()).next();
  acceptor.close();
  for (let tick = 0; tick < 12; tick++) await Promise.resolve();
  assertEquals(conn.closed, 1);
});

Deno.test("Acceptor.close() never lets out a connection that it has closed", async () => {
  for (let ticks = 0; ticks < 12; ticks++) {
    const listener = new FakeListener();
    const { acceptor } = acceptorOf(listener);
    const next = acceptor.until(new AbortController().signal).next();
    const conn = new FakeConn();
    (await listener.accepts.next()).resolve(asConn(conn));
    for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
    acceptor.close();
    const { done } = await next;
    assertEquals({ done, closed: conn.closed }, { done, closed: done ? 1 : 0 }, `${ticks} ticks`);
  }
});
