import { assertEquals } from "@std/assert";
import { replyOf } from "../support/raw_reply.ts";
import { echoTarget, request, Serving } from "../support/serving.ts";

Deno.test("Service.drain() lets idle clients send one more request in the time it is told", async () => {
  await using server = new Serving(echoTarget);
  using silent = await server.connect();
  using kept = await server.connect();
  await kept.send(request("/"));
  await kept.receiveUntil("\r\n\r\n/");
  await server.exchange(request("/")); // So that those before have been taken.
  const drained = server.service.drain(30_000, 30_000);
  for (const [client, target] of [[silent, "/first"], [kept, "/last"]] as const) {
    await client.send(request(target));
    const { content, fields } = replyOf(await client.receiveAll());
    assertEquals([content, fields.get("connection")], [target, "close"]);
    client[Symbol.dispose]();
  }
  await drained;
});

Deno.test("Service.drain() answers all that a client has pipelined before its last reply", async () => {
  await using server = new Serving(echoTarget);
  using client = await server.connect();
  await server.exchange(request("/"));
  const drained = server.service.drain(30_000, 30_000);
  await client.send(request("/1") + request("/2") + request("/3"));
  const replies = await client.receiveAll();
  assertEquals([...replies.matchAll(/\r\n\r\n(\/[0-9])/g)].map(([, target]) => target), [
    ...["/1", "/2", "/3"],
  ]);
  assertEquals([...replies.matchAll(/Connection: close/gi)].length, 1);
  client[Symbol.dispose]();
  await drained;
});

Deno.test("Service.drain() ends clients that stay idle after the time it is told", async () => {
  await using server = new Serving(echoTarget);
  using silent = await server.connect();
  await server.exchange(request("/"));
  await server.service.drain(30_000, 10);
  assertEquals(await silent.receiveUntilLost(), "");
});
