import { type AccessRecord, CompletionQueue } from "../../lib/net/access_record.ts";
import { assert, assertEquals } from "@std/assert";
import { request, Serving, textReply } from "../support/serving.ts";

/** A queue, and the status codes and bytes that it has told of. */
function queueOf(...answers: readonly [statusCode: number, contentBytes: number, end: number][]) {
  const told: [statusCode: number, contentBytes: number][] = [];
  const tell = (it: AccessRecord) => void told.push([it.statusCode, it.contentBytes]);
  const queue = new CompletionQueue(tell);
  const common = {
    epochMs: 0,
    client: "",
    requestLine: "",
    fields: undefined,
    annotation: undefined,
  };
  for (const [statusCode, contentBytes, endBytes] of answers) {
    queue.add({ ...common, statusCode, contentBytes, endBytes, startedMs: 0 });
  }
  return { queue, told };
}

Deno.test("CompletionQueue tells of each request once its answer has left", () => {
  const { queue, told } = queueOf([200, 50, 100], [304, 0, 150], [404, 20, 200]);
  queue.settle(99);
  assertEquals(told, []);
  queue.settle(150);
  assertEquals(told, [[200, 50], [304, 0]]);
  queue.settle(200);
  assertEquals(told.at(-1), [404, 20]);
});

Deno.test("CompletionQueue counts what the system took where the connection is lost", () => {
  const rows = [[0, 0, 0], [50, 0, 0], [60, 10, 0], [100, 50, 0], [170, 50, 0], [190, 50, 10]];
  for (const [sentBytes, first, second] of rows) {
    const { queue, told } = queueOf([200, 50, 100], [200, 20, 200]);
    queue.settle(sentBytes!);
    queue.close(sentBytes!);
    assertEquals(told, [[200, first!], [200, second!]], `${sentBytes}`);
  }
});

Deno.test("ServerConnection tells what the system took of answers that a client leaves, small or large", async () => {
  for (const length of [6000, 63_269, 3_000_000]) {
    await using server = new Serving(() => textReply("x".repeat(length)), { limitRate: 10_000 });
    const client = await server.connect();
    await client.send(request("/"));
    await client.receiveOctets(1000);
    client[Symbol.dispose]();
    const { contentBytes, elapsedMs } = await server.served.next();
    assert(contentBytes >= 500 && contentBytes <= Math.min(length, 20_000), `${contentBytes}`);
    assert(elapsedMs > 0);
  }
});

Deno.test("ServerConnection tells of a small answer only when all of it has left", async () => {
  await using server = new Serving(() => textReply("x".repeat(6000)), { limitRate: 10_000 });
  using client = await server.connect();
  await client.send(request("/", "Connection: close\r\n"));
  await client.receiveAll();
  const { contentBytes, elapsedMs } = await server.served.next();
  assertEquals(contentBytes, 6000);
  assert(elapsedMs > 400, `${elapsedMs} ms for 6000 bytes at 10,000 a second`);
});
