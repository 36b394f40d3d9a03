import { assert, assertEquals } from "@std/assert";
import { answering, FakeServer } from "../support/fake_server.ts";
import { RawClient } from "../support/raw_client.ts";
import { assertRefused, type ListeningRole, listeningRole, runRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";
import {
  AUTHORITY,
  connectTls,
  exchange,
  exchangeable,
  EXPIRED,
  isTrusted,
  RENEWED,
  SERVER,
  tlsOptions,
} from "../support/tls.ts";

/** Two sockets can share a port only there. */
const ignore = Deno.build.os !== "linux";

const LARGE = new Uint8Array(20_000_000).map((_, index) => index);
const READ_AGAIN = /the certificate was read again/;
const STAYS = /; the certificate in use stays$/;

async function server(directory: TemporaryDirectory, ...options: string[]): Promise<ListeningRole> {
  await directory.write("root/large", LARGE);
  const tls = tlsOptions(exchangeable(directory));
  return await listeningRole("server", [...tls, ...options, directory.join("root")]);
}

/** Both roles with a certificate that can be exchanged, and a file of their own to redirect to. */
const ROLES = {
  server: (directory: TemporaryDirectory, _farm: FakeServer) => server(directory),
  async balancer(directory: TemporaryDirectory, farm: FakeServer): Promise<ListeningRole> {
    const files = exchangeable(directory);
    const permissions = ["--allow-net=127.0.0.1", `--allow-read=${files.cert},${files.key}`];
    const args = [...tlsOptions(files), "--interval=1h", farm.authority];
    return await listeningRole("balancer", args, { permissions });
  },
};

for (const name of ["server", "balancer"] as const) {
  Deno.test({
    name: `${name} takes up a new certificate at SIGHUP, and its connections go on`,
    ignore,
    async fn() {
      await using farm = new FakeServer(answering("200 OK", "test"));
      await using directory = await TemporaryDirectory.with();
      await exchange(directory, SERVER);
      await using role = await ROLES[name](directory, farm);
      using kept = RawClient.over(await connectTls(role.port));
      await kept.get("/x");
      using download = RawClient.over(await connectTls(role.port));
      await download.send("GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      const { statusCode } = await download.responseHead();

      for (
        const [pair, trusted, other] of [
          [RENEWED, RENEWED.cert, AUTHORITY],
          [SERVER, AUTHORITY, RENEWED.cert],
          [RENEWED, RENEWED.cert, AUTHORITY],
        ] as const
      ) {
        await exchange(directory, pair);
        role.process.signal("SIGHUP");
        await role.process.stderr.next(READ_AGAIN);
        assertEquals(await isTrusted(role.port, trusted), true);
        assertEquals(await isTrusted(role.port, other), false);
        await kept.get("/x");
      }
      const { length } = await download.rest();
      if (name === "server") assertEquals([statusCode, length], [200, LARGE.length]);
      role.process.signal("SIGTERM");
      assertEquals((await role.process.ended).code, 0);
    },
  });

  Deno.test({
    name: `${name} keeps its certificate when the new one is of no use, and says why`,
    ignore,
    async fn() {
      await using farm = new FakeServer(answering("200 OK", "test"));
      await using directory = await TemporaryDirectory.with();
      await exchange(directory, SERVER);
      await using role = await ROLES[name](directory, farm);
      const hangUp = async (reason: RegExp) => {
        role.process.signal("SIGHUP");
        const line = await role.process.stderr.next(STAYS);
        assert(reason.test(line), line);
        assertEquals(await isTrusted(role.port, AUTHORITY), true);
      };
      await exchange(directory, EXPIRED);
      await hangUp(/--tls-cert=.*cert\.pem has expired, on 2020-01-02/);
      await exchange(directory, { cert: RENEWED.cert, key: SERVER.key });
      await hangUp(/--tls-key=.*key\.pem is not the key of --tls-cert=.*cert\.pem/);
      await exchange(directory, { cert: SERVER.key, key: SERVER.key });
      await hangUp(/--tls-cert=.*cert\.pem holds no certificate in PEM/);
      await Deno.remove(directory.join("cert.pem"));
      await hangUp(/--tls-cert=.*cert\.pem does not exist/);
    },
  });
}

Deno.test({
  name: "server refuses no client while its certificate is exchanged again and again",
  ignore,
  async fn() {
    await using directory = await TemporaryDirectory.with();
    await exchange(directory, SERVER);
    await using role = await server(directory);
    let isOver = false;
    let connected = 0;
    const failures = new Set<string>();
    const connecting = (async () => {
      while (!isOver) {
        try {
          (await Deno.connect({ hostname: "127.0.0.1", port: role.port })).close();
          connected++;
        } catch (error) {
          failures.add((error as Error).name);
        }
      }
    })();
    try {
      for (let i = 0; i < 10; i++) {
        role.process.signal("SIGHUP");
        await role.process.stderr.next(READ_AGAIN);
      }
    } finally {
      isOver = true;
    }
    await connecting;
    assert(connected > 0);
    // The kernel resets connections that a socket has not accepted when it is closed, which may
    // happen in the moment after the last look. To be refused would mean that no socket listened.
    failures.delete("ConnectionReset");
    failures.delete("NotConnected");
    assertEquals(failures, new Set());
    assertEquals(await isTrusted(role.port, AUTHORITY), true);
  },
});

Deno.test({
  name: "server that is full loses nobody who waits while its certificate is exchanged",
  ignore,
  async fn() {
    await using directory = await TemporaryDirectory.with();
    await exchange(directory, SERVER);
    await using role = await server(directory, "--max-connections=1");
    using busy = RawClient.over(await connectTls(role.port));
    await busy.send("GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    await busy.responseHead();
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: role.port });
    role.process.signal("SIGHUP");
    await role.process.stderr.next(READ_AGAIN);
    assertEquals((await busy.rest()).length, LARGE.length);
    const caCerts = [await Deno.readTextFile(AUTHORITY)];
    using waiting = RawClient.over(await Deno.startTls(conn, { hostname: "localhost", caCerts }));
    assertEquals((await waiting.get("/x")).statusCode, 404);
  },
});

Deno.test("server with a certificate does not share its port with another one", async () => {
  await using directory = await TemporaryDirectory.with();
  await using server = await listeningRole("server", [...tlsOptions(SERVER), directory.path]);
  const options = ["--host=127.0.0.1", `--port=${server.port}`, directory.path];
  const taken = new RegExp(`port ${server.port} is taken`);
  assertRefused(await runRole("server", [...tlsOptions(SERVER), ...options]), 1, taken);
  assertRefused(await runRole("server", options), 1, taken);
});
