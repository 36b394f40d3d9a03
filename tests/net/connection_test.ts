import { assert, assertEquals, assertLessOrEqual, assertRejects } from "@std/assert";
import { encodeLatin1 } from "../../lib/http/grammar.ts";
import { Connection, type Socket } from "../../lib/net/connection.ts";
import { DEADLINES, monotonicMs } from "../../lib/net/deadlines.ts";
import { DeadlineError, HandshakeError, NetworkError } from "../../lib/net/network_error.ts";
import { FakeSocket } from "../support/fake_socket.ts";
import { textOf } from "../support/feed.ts";
import { RawPeer, sendAndReset, socketPair } from "../support/raw_peer.ts";

/** Bytes of which no two places look alike. */
function noise(length: number): Uint8Array {
  const words = Uint32Array.from({ length: length / 4 }, (_, i) => Math.imul(i, 0x9e3779b1));
  return new Uint8Array(words.buffer);
}

/** Long enough for what does happen. */
const soon = () => monotonicMs() + 30_000;

async function connected(options = {}): Promise<[Connection, RawPeer]> {
  const [ours, theirs] = await socketPair();
  return [new Connection(ours, options), new RawPeer(theirs)];
}

Deno.test("Connection sends what is larger than all buffers, byte for byte", async () => {
  const [connection, peer] = await connected();
  using _ = peer;
  const bytes = noise(3_000_000);
  const writing = (async () => {
    await connection.write(bytes.subarray(0, 10));
    await connection.write(bytes.subarray(10, 2_000_000));
    await connection.write(bytes.subarray(2_000_000));
    await connection.finish(false);
  })();
  assert(await peer.receiveAll() === textOf(bytes), "something else arrived");
  await writing;
});

Deno.test("Connection.fill() buffers what was not consumed, and says when the end came", async () => {
  const [connection, peer] = await connected();
  using _ = peer;
  const bytes = noise(200_000);
  const sending = peer.sendLast(bytes);
  let received = "";
  let most = 0;
  while (await connection.fill("idle", soon())) {
    const { length } = connection.input.bytes;
    most = Math.max(most, length);
    const count = Math.max(1, length - 100);
    received += textOf(connection.input.bytes.subarray(0, count));
    connection.input.take(count);
  }
  received += textOf(connection.input.bytes);
  await sending;
  assert(received === textOf(bytes), "something else arrived");
  assertLessOrEqual(most, 65_536);
  connection.close();
});

Deno.test("Connection.waitingFor says what the wait under way is for", async () => {
  const [connection, peer] = await connected();
  using _ = peer;
  assertEquals(connection.waitingFor, undefined);
  const filling = connection.fill("head", soon());
  assertEquals(connection.waitingFor, "head");
  await peer.send("a");
  await filling;
  assertEquals(connection.waitingFor, undefined);
  connection.write("b");
  assertEquals(connection.waitingFor, undefined);
  const next = connection.fill("idle", soon());
  assertEquals(connection.waitingFor, "write");
  assertEquals(await peer.receiveOctets(1), "b");
  await peer.send("a");
  await next;
  assertEquals(connection.waitingFor, undefined);
  connection.close();
});

Deno.test("Connection.fill() sends first what was written", async () => {
  const [connection, peer] = await connected();
  using _ = peer;
  await connection.write(encodeLatin1("question"));
  const filling = connection.fill("idle", soon());
  assertEquals(await peer.receiveUntil("question"), "question");
  await peer.send("answer");
  assertEquals(await filling, true);
  assertEquals(textOf(connection.input.bytes), "answer");
  connection.close();
});

Deno.test("Connection.fill() throws when its deadline passes, and the connection ends", async () => {
  const [connection, peer] = await connected();
  using _ = peer;
  const until = monotonicMs() + 20;
  const error = await assertRejects(() => connection.fill("transfer", until), DeadlineError);
  assertEquals(error.deadline, "transfer");
  assert(monotonicMs() >= until);
  assertEquals(await peer.receiveAll(), "");
});

Deno.test("Connection has a response for a peer that let a deadline pass", async () => {
  const [connection, peer] = await connected({
    timeoutResponse: (deadline: string) => encodeLatin1(`too late for the ${deadline}`),
  });
  using _ = peer;
  const filling = assertRejects(() => connection.fill("head", monotonicMs() + 20), DeadlineError);
  assertEquals(await peer.receiveAll(), "too late for the head");
  await peer.sendLast("what comes now is not looked at");
  assertEquals((await filling).deadline, "head");
  await connection.finish(true);
});

Deno.test("Connection waits for no more than lingerMs after its timeout response", async () => {
  const [connection, peer] = await connected({
    timeoutResponse: () => encodeLatin1("bye"),
    deadlines: { ...DEADLINES, lingerMs: 20 },
  });
  using _ = peer;
  const error = await assertRejects(
    () => connection.fill("head", monotonicMs() + 20),
    DeadlineError,
  );
  assertEquals(error.deadline, "head");
  assertEquals(await peer.receiveUntilLost(), "bye");
  connection.close();
});

Deno.test("Connection.flush() gives up a peer that reads nothing for writeMs", async () => {
  const [connection, peer] = await connected({ deadlines: { ...DEADLINES, writeMs: 50 } });
  using _ = peer;
  const write = async () => await connection.write(new Uint8Array(50_000_000));
  assertEquals((await assertRejects(write, DeadlineError)).deadline, "write");
});

Deno.test("Connection.finish() lets a peer that still sends read all that was written", async () => {
  const [connection, peer] = await connected();
  using _ = peer;
  await connection.write(encodeLatin1("the reply"));
  const finishing = connection.finish(true);
  await peer.sendLast(new Uint8Array(5_000_000));
  assertEquals(await peer.receiveAll(), "the reply");
  await finishing;
});

Deno.test("Connection.finish() ends after lingerMs when the peer has no end", async () => {
  const [connection, peer] = await connected({ deadlines: { ...DEADLINES, lingerMs: 20 } });
  using _ = peer;
  await connection.write(encodeLatin1("the reply"));
  await connection.finish(true);
  assertEquals(await peer.receiveUntilLost(), "the reply");
});

Deno.test("Connection.close() ends what is under way with NetworkError", async () => {
  const [connection, peer] = await connected();
  using _ = peer;
  const filling = assertRejects(() => connection.fill("idle", soon()), NetworkError);
  connection.close();
  connection.close();
  await filling;
  await assertRejects(() => connection.fill("idle", soon()), NetworkError);
});

Deno.test("Connection.fill() says when the peer reset the connection", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const told = Promise.withResolvers<void>();
  const resetting = sendAndReset(listener.addr.port, "abc", told.promise);
  const connection = new Connection(await listener.accept());
  await connection.fill("idle", soon());
  told.resolve();
  await resetting;
  const error = await assertRejects(() => connection.fill("idle", soon()), NetworkError);
  assertEquals(error.message, "the connection was reset");
  connection.close();
});

Deno.test("Connection with limitRate writes a tenth of a second's worth at the most", async () => {
  const socket = new FakeSocket();
  const connection = new Connection(socket.conn, { limitRate: 100_000 });
  const begun = performance.now();
  await connection.write(new Uint8Array(30_000).fill(97));
  await connection.flush();
  const elapsedMs = performance.now() - begun;
  assertEquals(socket.writes.join(""), "a".repeat(30_000));
  assertLessOrEqual(Math.max(...socket.writes.map(({ length }) => length)), 10_000);
  assert(elapsedMs >= 199, `20,000 bytes beyond the first burst in ${elapsedMs} ms`);
  connection.close();
});

/** As much of a TLS connection as its handshake needs. */
class FakeTlsConn {
  readonly shaken = Promise.withResolvers<Deno.TlsHandshakeInfo>();
  closed = 0;

  handshake(): Promise<Deno.TlsHandshakeInfo> {
    return this.shaken.promise;
  }

  close(): void {
    this.closed++;
    this.shaken.reject(new Deno.errors.Interrupted("operation canceled"));
  }
}

function connecting(): [FakeTlsConn, Connection] {
  const conn = new FakeTlsConn();
  return [conn, new Connection(conn as unknown as Socket)];
}

Deno.test("Connection.handshake() has nothing to wait for without TLS", async () => {
  const sockets = await socketPair();
  const connections = sockets.map((conn) => new Connection(conn));
  for (const connection of connections) {
    const handshake = connection.handshake(monotonicMs());
    assertEquals(connection.waitingFor, undefined);
    await handshake;
    connection.close();
  }
});

Deno.test("Connection.handshake() settles with that of TLS, or says why not", async () => {
  const [good, connection] = connecting();
  const handshake = connection.handshake(monotonicMs() + 10_000);
  assertEquals(connection.waitingFor, "handshake");
  good.shaken.resolve({ alpnProtocol: null });
  await handshake;
  assertEquals(connection.waitingFor, undefined);
  connection.close();

  const [bad, other] = connecting();
  bad.shaken.reject(new Deno.errors.InvalidData("received fatal alert: UnknownCA"));
  const failing = () => other.handshake(monotonicMs() + 10_000)!;
  await assertRejects(failing, HandshakeError, "received fatal alert: UnknownCA");
  other.close();
});

Deno.test("Connection.handshake() closes a connection whose client lets the deadline pass", async () => {
  const [conn, connection] = connecting();
  const handshake = () => connection.handshake(monotonicMs() + 10)!;
  await assertRejects(handshake, HandshakeError, "the TLS handshake did not end in time");
  assertEquals(conn.closed, 1);
});

Deno.test("Connection.drain() ends a handshake", async () => {
  const [conn, connection] = connecting();
  const handshake = connection.handshake(monotonicMs() + 10_000)!;
  connection.drain();
  await assertRejects(() => handshake, HandshakeError);
  assertEquals(conn.closed, 1);
});
