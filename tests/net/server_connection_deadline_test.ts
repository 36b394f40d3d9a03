import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { delay } from "@std/async/delay";
import { NO_FIELDS } from "../../lib/http/fields.ts";
import { encodeLatin1 } from "../../lib/http/grammar.ts";
import { unwatch, watch } from "../../lib/net/deadlines.ts";
import { sendAndReset } from "../support/raw_peer.ts";
import { repliesOf, replyOf } from "../support/raw_reply.ts";
import { echoTarget, request, Serving, textReply } from "../support/serving.ts";

const SOON = { headMs: 50, bodyMs: 50, idleMs: 50, writeMs: 50, lingerMs: 50 };

/** All that a client gets that sends that and then waits. */
async function received(server: Serving, text: string): Promise<string> {
  using client = await server.connect();
  await client.send(text);
  return await client.receiveAll();
}

/** Settles when the deadlines of all connections have been looked at. */
async function nextSweep(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const watched = { deadline: 0, index: 0, expire: resolve };
  watch(watched);
  await promise;
  unwatch(watched);
}

Deno.test("ServerConnection answers 408 when the head is not whole in time, and ends", async () => {
  await using server = new Serving(echoTarget, { deadlines: { headMs: 50 } });
  for (const begun of ["G", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: a\r\n"]) {
    const { statusCode, fields, content } = replyOf(await received(server, begun));
    assertEquals([statusCode, fields.get("connection")], [408, "close"], begun);
    assertStringIncludes(content, "408");
    const served = await server.served.next();
    assertEquals([served.statusCode, served.contentBytes], [408, content.length]);
    assertEquals(served.requestLine, begun.split("\r\n")[0]!);
    assert(served.elapsedMs >= 50, `${served.elapsedMs}`);
  }
});

Deno.test("ServerConnection does not wait longer for a head that comes drop by drop", async () => {
  await using server = new Serving(echoTarget, { deadlines: { headMs: 50, lingerMs: 50 } });
  using client = await server.connect();
  const dripping = (async () => {
    await client.send("GET / HTTP/1.1\r\nHost: a\r\nA: ");
    for (let i = 0; i < 10_000; i++) {
      await client.send("a");
      await delay(2);
    }
  })().catch(() => {});
  assertEquals(replyOf(await client.receiveUntilLost()).statusCode, 408);
  await dripping;
});

Deno.test("ServerConnection answers 408 after the replies that are due", async () => {
  await using server = new Serving(echoTarget, { deadlines: { headMs: 50 } });
  using client = await server.connect();
  await client.send(`${request("/1")}${request("/2")}GET`);
  const replies = repliesOf(await client.receiveAll());
  assertEquals(replies.map(({ statusCode }) => statusCode), [200, 200, 408]);
});

Deno.test("ServerConnection answers 408 when a body is not whole in time, and ends", async () => {
  await using server = new Serving(echoTarget, { deadlines: { bodyMs: 50 } });
  for (const body of ["Content-Length: 5\r\n\r\nabcd", "Transfer-Encoding: chunked\r\n\r\n5\r\n"]) {
    const text = await received(server, `GET / HTTP/1.1\r\nHost: a\r\n${body}`);
    const { content } = replyOf(text);
    assertEquals(replyOf(text).statusCode, 408);
    const { statusCode, requestLine, contentBytes, elapsedMs } = await server.served.next();
    assertEquals([statusCode, requestLine], [408, "GET / HTTP/1.1"]);
    assertEquals(contentBytes, content.length);
    assert(elapsedMs >= 50, `${elapsedMs}`);
  }
});

Deno.test("ServerConnection ends an idle connection without a word", async () => {
  await using server = new Serving(echoTarget, { deadlines: { idleMs: 50 } });
  assertEquals([await received(server, ""), server.served.waiting], ["", []]);
  assertEquals(replyOf(await received(server, request("/"))).content, "/");
  // RFC 9112 §2.2: empty lines, as some clients send them behind a body, are no request.
  assertEquals(replyOf(await received(server, request("/") + "\r\n\r\n")).content, "/");
});

Deno.test("ServerConnection ends when the client reads nothing for writeMs", async () => {
  const handler = () => textReply("x".repeat(50_000_000));
  await using server = new Serving(handler, { deadlines: SOON });
  using client = await server.connect();
  await client.send(request("/"));
  const { contentBytes } = await server.served.next();
  assert(contentBytes > 0 && contentBytes < 50_000_000, `${contentBytes}`);
  assert((await client.receiveUntilLost()).length < 50_000_000);
});

Deno.test("ServerConnection does not count the time of its own replies as idle", async () => {
  // The reply takes longer than a client may be idle.
  const handler = () => textReply("x".repeat(6500));
  const options = { limitRate: 5000, deadlines: { idleMs: 1000 } };
  await using server = new Serving(handler, options);
  using client = await server.connect();
  await client.send(request("/1"));
  await client.receiveUntil("x".repeat(6500));
  await nextSweep();
  await client.sendLast(request("/2"));
  assertEquals(replyOf(await client.receiveAll()).statusCode, 200);
});

Deno.test("ServerConnection bears a client that resets the connection", async () => {
  const begun = Promise.withResolvers<void>();
  const reset = Promise.withResolvers<void>();
  await using server = new Serving(async () => {
    begun.resolve();
    await reset.promise;
    return textReply("x".repeat(1_000_000));
  });
  await sendAndReset(server.port, request("/"), begun.promise);
  reset.resolve();
  assertEquals((await server.served.next()).contentBytes, 0);
  await sendAndReset(server.port, "GET / HT", Promise.resolve());
  await sendAndReset(server.port, "", Promise.resolve());
});

Deno.test("ServerConnection closes its connection when a refusal cannot be sent", async () => {
  const begun = Promise.withResolvers<void>();
  const reset = Promise.withResolvers<void>();
  // So long that the refusal does not fit into the buffer behind it.
  const content = encodeLatin1("x".repeat(65_536 - 300));
  await using server = new Serving(async () => {
    begun.resolve();
    await reset.promise;
    return { statusCode: 200, headerSection: NO_FIELDS, content };
  });
  await sendAndReset(server.port, request("/") + "no request\r\n", begun.promise);
  reset.resolve();
  await server.served.next();
  await server.service.drain(30_000);
});
