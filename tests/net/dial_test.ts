import { DeadlineError, NetworkError } from "../../lib/net/network_error.ts";
import { dial } from "../../lib/net/dial.ts";
import { monotonicMs } from "../../lib/net/deadlines.ts";
import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { RawServer, socketPair } from "../support/raw_peer.ts";
import { textOf } from "../support/feed.ts";

Deno.test("dial() gives an open connection", async () => {
  await using server = new RawServer((peer) => peer.sendLast("hello"));
  const connection = await dial("127.0.0.1", server.port, 10_000);
  await connection.fill("idle", monotonicMs() + 10_000);
  assertEquals(textOf(connection.input.bytes), "hello");
  connection.close();
});

Deno.test("dial() says that the connection was refused", async () => {
  // The port of a connection: nobody can listen on it as long as that is open.
  const [ours, theirs] = await socketPair();
  const { port } = theirs.localAddr;
  const error = await assertRejects(() => dial("127.0.0.1", port, 10_000), NetworkError);
  assertEquals(error.message, "the connection was refused");
  ours.close();
  theirs.close();
});

Deno.test("dial() gives up a server that does not accept in time", async () => {
  // A listener whose backlog is full: the system drops whoever comes then.
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 });
  const { hostname, port } = listener.addr;
  const waiting: Deno.TcpConn[] = [];
  const fill = () => Deno.connect({ hostname, port, signal: AbortSignal.timeout(300) });
  for (let isFull = false; !isFull && waiting.length < 100;) {
    await fill().then((conn) => waiting.push(conn), () => isFull = true);
  }
  const error = await assertRejects(() => dial(hostname, port, 50), DeadlineError);
  assertInstanceOf(error, NetworkError);
  assertEquals(error.deadline, "connect");
  for (const conn of waiting) conn.close();
});

Deno.test("dial() says that there is no such host", async () => {
  const error = await assertRejects(() => dial("no-such-host.invalid", 80, 10_000), NetworkError);
  assertEquals(error.message, "the host name was not found");
});
