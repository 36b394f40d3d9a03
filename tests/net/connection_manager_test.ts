import { assert, assertEquals } from "@std/assert";
import { encodeLatin1 } from "../../lib/http/grammar.ts";
import type { RawPeer } from "../support/raw_peer.ts";
import { repliesOf, replyOf } from "../support/raw_reply.ts";
import { echoTarget, request, Serving, textReply } from "../support/serving.ts";

/** A connection that ends at once. */
function fakeConn(hostname: string) {
  return {
    remoteAddr: { hostname },
    setNoDelay: () => {},
    read: (_: Uint8Array): Promise<number | null> => Promise.resolve(null),
    write: (bytes: Uint8Array) => Promise.resolve(bytes.length),
    closeWrite: () => Promise.resolve(),
    close: () => {},
  };
}

/** A client that was answered. Those that connected before have been accepted by then. */
async function keptClient(server: Serving): Promise<RawPeer> {
  const client = await server.connect();
  await client.send(request("/"));
  await client.receiveUntil("\r\n\r\n/");
  return client;
}

/** A handler that begins to answer and ends when it is told to. */
function gated() {
  const begun = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const handler = async () => {
    begun.resolve();
    await gate.promise;
    return textReply("whole");
  };
  return { handler, begun: begun.promise, open: gate.resolve };
}

Deno.test("ConnectionManager serves connections beside each other", async () => {
  const { handler, begun, open } = gated();
  await using server = new Serving((it) => it.target === "/slow" ? handler() : echoTarget(it));
  using slow = await server.connect();
  await slow.sendLast(request("/slow"));
  await begun;
  assertEquals(replyOf(await server.exchange(request("/fast"))).content, "/fast");
  open();
  assertEquals(replyOf(await slow.receiveAll()).content, "whole");
});

Deno.test("ConnectionManager records a client's address without its port, IPv4 as such", async () => {
  await using server = new Serving(echoTarget);
  await server.exchange(request("/"));
  assertEquals((await server.served.next()).client, "127.0.0.1");
  const input = [encodeLatin1(request("/"))];
  const conn = {
    ...fakeConn("::ffff:192.0.2.1"),
    read: (buffer: Uint8Array) => {
      const bytes = input.pop();
      if (bytes !== undefined) buffer.set(bytes);
      return Promise.resolve(bytes?.length ?? null);
    },
  };
  server.service.serve(conn as unknown as Deno.TcpConn);
  assertEquals((await server.served.next()).client, "192.0.2.1");
});

Deno.test("ConnectionManager.serve() never rejects, whatever of a connection throws", async () => {
  const names = ["remoteAddr", "setNoDelay", "handshake", "read", "closeWrite", "close"];
  for (const name of names) {
    await using server = new Serving(echoTarget);
    let isClosed = false;
    const close = () => void (isClosed = true);
    const conn = Object.defineProperty({ ...fakeConn("192.0.2.1"), close }, name, {
      get: () => {
        isClosed = name === "close"; // It cannot be asked for.
        throw new TypeError(`no ${name}`);
      },
    });
    server.service.serve(conn as unknown as Deno.TcpConn);
    await server.service.drain(10_000, 10_000); // It ends by itself.
    assert(isClosed, name);
    // What is of no consequence is not told.
    const isTold = !["setNoDelay", "closeWrite", "close"].includes(name);
    if (isTold) assertEquals(`${await server.errors.next()}`, `TypeError: no ${name}`);
    assertEquals(server.errors.waiting, []);
  }
});

Deno.test("ConnectionManager.drain() ends idle connections at once", async () => {
  await using server = new Serving(echoTarget);
  using silent = await server.connect();
  using kept = await keptClient(server);
  await server.service.drain(30_000);
  assertEquals(await silent.receiveUntilLost(), "");
  assertEquals(await kept.receiveUntilLost(), "");
});

Deno.test("ConnectionManager.drain() lets the request under way be answered, and no other", async () => {
  const { handler, begun, open } = gated();
  await using server = new Serving(handler);
  using client = await server.connect();
  await client.send(request("/") + request("/behind"));
  await begun;
  const drained = server.service.drain(30_000);
  open();
  const { content, fields } = replyOf(await client.receiveAll());
  assertEquals([content, fields.get("connection")], ["whole", "close"]);
  client[Symbol.dispose]();
  await drained;
});

Deno.test("ConnectionManager.drain() lets a reply that has begun to go out arrive whole", async () => {
  const handler = () => textReply("x".repeat(3000));
  await using server = new Serving(handler, { limitRate: 10_000 });
  using client = await server.connect();
  await client.send(request("/"));
  const begun = await client.receiveUntil("HTTP/1.1");
  const drained = server.service.drain(30_000);
  const { content } = replyOf(begun + await client.receiveAll());
  assertEquals(content.length, 3000);
  client[Symbol.dispose]();
  await drained;
});

Deno.test("ConnectionManager.drain() lets a request whose head has begun be answered", async () => {
  await using server = new Serving(echoTarget);
  using client = await server.connect();
  const text = request("/begun");
  await client.send(request("/") + text.slice(0, 10));
  await client.receiveUntil("\r\n\r\n/");
  const drained = server.service.drain(30_000);
  await client.send(text.slice(10));
  const { content, fields } = replyOf(await client.receiveAll());
  assertEquals([content, fields.get("connection")], ["/begun", "close"]);
  client[Symbol.dispose]();
  await drained;
});

Deno.test("ConnectionManager.drain() ends after the grace what is still under way", async () => {
  const handler = () => textReply("x".repeat(50_000_000));
  await using server = new Serving(handler);
  using client = await server.connect();
  await client.send(request("/"));
  await client.receiveUntil("\r\n\r\n");
  await server.service.drain(50);
  assert((await client.receiveUntilLost()).length < 50_000_000);
});

Deno.test("ConnectionManager.drain() does not wait for the handler after the grace", async () => {
  const { handler, begun, open } = gated();
  await using server = new Serving(handler);
  using client = await server.connect();
  await client.send(request("/"));
  await begun;
  await server.service.drain(20);
  assertEquals(await client.receiveUntilLost(), "");
  open();
  await server.served.next();
});

Deno.test("ConnectionManager.drain() settles at once when there is nothing to end", async () => {
  await using server = new Serving(echoTarget);
  await server.service.drain(30_000);
});

Deno.test("ConnectionManager sends no faster than limitRate to a connection", async () => {
  await using server = new Serving(() => textReply("x".repeat(20_000)), { limitRate: 100_000 });
  const begun = performance.now();
  const { content } = replyOf(await server.exchange(request("/")));
  const elapsedMs = performance.now() - begun;
  assertEquals(content.length, 20_000);
  assert(elapsedMs >= 100, `10,000 bytes beyond the first burst in ${elapsedMs} ms`);
});

Deno.test("ConnectionManager.drain() lets idle clients send one more request in the time it is told", async () => {
  await using server = new Serving(echoTarget);
  using silent = await server.connect();
  using kept = await keptClient(server);
  const drained = server.service.drain(30_000, 30_000);
  for (const [client, target] of [[silent, "/first"], [kept, "/last"]] as const) {
    await client.send(request(target));
    const { content, fields } = replyOf(await client.receiveAll());
    assertEquals([content, fields.get("connection")], [target, "close"]);
    client[Symbol.dispose]();
  }
  await drained;
});

Deno.test("ConnectionManager.drain() answers all that a client has pipelined before its last reply", async () => {
  await using server = new Serving(echoTarget);
  using client = await server.connect();
  await server.exchange(request("/"));
  const drained = server.service.drain(30_000, 30_000);
  await client.send(request("/1") + request("/2") + request("/3"));
  const replies = await client.receiveAll();
  assertEquals(repliesOf(replies).map(({ content }) => content), ["/1", "/2", "/3"]);
  assertEquals([...replies.matchAll(/Connection: close/gi)].length, 1);
  client[Symbol.dispose]();
  await drained;
});

Deno.test("ConnectionManager.drain() ends clients that stay idle after the time it is told", async () => {
  await using server = new Serving(echoTarget);
  using silent = await server.connect();
  await server.exchange(request("/"));
  await server.service.drain(30_000, 10);
  assertEquals(await silent.receiveUntilLost(), "");
});
