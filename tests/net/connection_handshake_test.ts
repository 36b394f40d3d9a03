import { HandshakeError } from "../../lib/net/network_error.ts";
import { monotonicMs } from "../../lib/net/deadlines.ts";
import { Connection, type Socket } from "../../lib/net/connection.ts";
import { assertEquals, assertRejects } from "@std/assert";
import { socketPair } from "../support/raw_peer.ts";

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

Deno.test("Connection.endWhenIdle() ends a handshake", async () => {
  const [conn, connection] = connecting();
  const handshake = connection.handshake(monotonicMs() + 10_000)!;
  connection.drain();
  await assertRejects(() => handshake, HandshakeError);
  assertEquals(conn.closed, 1);
});
