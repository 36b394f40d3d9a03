import { assertEquals } from "@std/assert";
import { RawPeer, socketPair } from "../support/raw_peer.ts";
import { replyOf } from "../support/raw_reply.ts";
import { echoTarget, request, Serving, textReply } from "../support/serving.ts";

/** A client that was answered, and has asked for nothing since. */
async function keptClient(server: Serving, target = "/kept"): Promise<RawPeer> {
  const client = await server.connect();
  await ask(client, target);
  return client;
}

async function ask(client: RawPeer, target: string): Promise<void> {
  await client.send(request(target));
  await client.receiveUntil(`\r\n\r\n${target}`);
}

/** Answers targets that begin with `/slow` when they are let go, and others at once. */
function gated() {
  const gates = new Map<string, PromiseWithResolvers<void>>();
  const gate = (target: string) => {
    if (!gates.has(target)) gates.set(target, Promise.withResolvers());
    return gates.get(target)!;
  };
  return {
    handler: async ({ target }: { target: string }) => {
      if (target.startsWith("/slow")) await gate(target).promise;
      return textReply(target);
    },
    open: (target: string) => gate(target).resolve(),
  };
}

Deno.test("ConnectionManager closes the longest idle kept connection when others wait", async () => {
  await using server = new Serving(echoTarget, { maxConnections: 3 });
  using a = await keptClient(server, "/a");
  using b = await keptClient(server, "/b");
  using c = await keptClient(server, "/c");
  await ask(a, "/again");
  using d = await keptClient(server, "/d");
  assertEquals(await b.receiveAll(), ""); // An end, not a reset.
  using e = await keptClient(server, "/e");
  assertEquals(await c.receiveAll(), "");
  for (const client of [a, d, e]) await ask(client, "/still-there");
  assertEquals(server.timesFull, 0);
});

Deno.test("ConnectionManager with one connection at a time serves client after client", async () => {
  await using server = new Serving(echoTarget, { maxConnections: 1 });
  for (let i = 0; i < 20; i++) {
    using first = await keptClient(server, `/${i}`);
    using _second = await keptClient(server, `/${i}`);
    assertEquals(await first.receiveAll(), "");
  }
});

Deno.test("ConnectionManager closes no connection that is busy, and serves no more than maxConnections", async () => {
  const { handler, open } = gated();
  await using server = new Serving(handler, { maxConnections: 2 });
  using busy = await keptClient(server);
  using kept = await keptClient(server);
  await busy.send(request("/slow/1"));
  await kept.send(request("/slow/2"));
  // Accepted or not, these are to be served only when there is room.
  using waiting = await server.connect();
  await waiting.send(request("/waiting"));
  using behind = await server.connect();
  await behind.send(request("/behind"));
  for (let i = 0; i < 2; i++) await server.served.next();
  open("/slow/1");
  await busy.receiveUntil("\r\n\r\n/slow/1");
  await waiting.receiveUntil("\r\n\r\n/waiting");
  assertEquals(await busy.receiveAll(), "");
  await behind.receiveUntil("\r\n\r\n/behind");
  assertEquals(await waiting.receiveAll(), "");
  open("/slow/2");
  await kept.receiveUntil("\r\n\r\n/slow/2");
  const lines = [];
  for (let i = 0; i < 4; i++) lines.push((await server.served.next()).requestLine.split(" ")[1]);
  assertEquals(lines, ["/slow/1", "/waiting", "/behind", "/slow/2"]);
  assertEquals(server.timesFull, 1);
});

Deno.test("ConnectionManager closes no connection whose reply is on its way", async () => {
  const size = 20_000_000;
  const large = () => textReply("x".repeat(size));
  await using server = new Serving((it) => it.target === "/large" ? large() : echoTarget(it), {
    maxConnections: 2,
  });
  using slow = await keptClient(server);
  await slow.send(request("/large"));
  const begun = await slow.receiveUntil("\r\n\r\n");
  using idle = await keptClient(server);
  using _new = await keptClient(server);
  assertEquals(await idle.receiveAll(), "");
  assertEquals(replyOf(begun + await slow.receiveOctets(size)).content.length, size);
});

Deno.test("ConnectionManager closes no connection on which a request has begun", async () => {
  await using server = new Serving(echoTarget, { maxConnections: 2 });
  using begun = await keptClient(server);
  const text = request("/begun");
  // What is behind the reply to the first is read by then.
  await begun.send(request("/first") + text.slice(0, 10));
  await begun.receiveUntil("\r\n\r\n/first");
  using idle = await keptClient(server);
  using _new = await keptClient(server);
  assertEquals(await idle.receiveAll(), "");
  await begun.send(text.slice(10));
  await begun.receiveUntil("\r\n\r\n/begun");
});

Deno.test("ConnectionManager takes empty lines for no request that would put off the end of a wait", async () => {
  await using server = new Serving(echoTarget, { maxConnections: 2 });
  using lines = await keptClient(server);
  using kept = await keptClient(server);
  await lines.send("\r\n");
  await ask(kept, "/again");
  using _new = await keptClient(server);
  assertEquals(await lines.receiveUntilLost(), "");
  await ask(kept, "/still-there");
});

Deno.test("ConnectionManager lets connections that have sent nothing yet ask, and others wait", async () => {
  await using server = new Serving(echoTarget, { maxConnections: 4 });
  const clients = await Promise.all(Array.from({ length: 40 }, () => server.connect()));
  await Promise.all(clients.map(async (client, i) => {
    await client.send(request(`/${i}`, "Connection: close\r\n"));
    assertEquals(replyOf(await client.receiveAll()).content, `/${i}`);
    client[Symbol.dispose]();
  }));
});

Deno.test("ConnectionManager.drain() answers what was accepted and had to wait", async () => {
  const { handler, open } = gated();
  await using server = new Serving(handler, { maxConnections: 1 });
  using busy = await keptClient(server);
  await busy.send(request("/slow"));
  assertEquals((await server.served.next()).requestLine, "GET /kept HTTP/1.1");
  const [accepted, conn] = await socketPair();
  using waiting = new RawPeer(conn);
  server.service.serve(accepted);
  const drained = server.service.drain(30_000, 30_000);
  await waiting.send(request("/waiting"));
  assertEquals(replyOf(await waiting.receiveAll()).content, "/waiting");
  open("/slow");
  assertEquals(replyOf(await busy.receiveAll()).content, "/slow");
  busy[Symbol.dispose]();
  waiting[Symbol.dispose]();
  await drained;
});
