import { assertEquals } from "@std/assert";
import { answering, FakeServer, hanging } from "../support/fake_server.ts";
import { RawClient } from "../support/raw_client.ts";
import { type ListeningRole, listeningRole, startRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

/** More than the system buffers on its own for a client that does not read. */
const LARGE = new Uint8Array(16 * 1024 * 1024);

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`server finishes what is under way on ${signal}, accepts no more, ends with 0`, async () => {
    await using directory = await TemporaryDirectory.with({ large: LARGE });
    await using server = await listeningRole("server", [directory.path]);
    using idle = await idleClient(server);
    using client = await slowClient(server);

    server.process.signal(signal);
    assertEquals((await idle.rest()).length, 0);
    assertEquals(await isRefused(server.port), true);
    assertEquals((await client.rest()).length, LARGE.length);
    assertEquals((await server.process.ended).code, 0);
    assertEquals(server.process.stderr.text, "");
    const log = server.process.stdout.lines.join("\n");
    assertEquals(log.includes(`"GET /large HTTP/1.1" 200 ${LARGE.length}`), true, log);
  });
}

/** What stops a role, and its exit status where a second one does at once. */
const SIGNALS = [["SIGTERM", 143], ["SIGINT", 130]] as const;

for (const [signal, code] of SIGNALS) {
  Deno.test(`server ends at once on a second ${signal}, with ${code}`, async () => {
    await using directory = await TemporaryDirectory.with({ large: LARGE });
    await using server = await listeningRole("server", [directory.path]);
    using idle = await idleClient(server);
    using _client = await slowClient(server);

    server.process.signal(signal);
    await idle.rest();
    server.process.signal(signal);
    assertEquals((await server.process.ended).code, code);
  });
}

Deno.test("server waits no longer than --grace for a client that does not read", async () => {
  await using directory = await TemporaryDirectory.with({ large: LARGE });
  await using server = await listeningRole("server", ["--grace=100ms", directory.path]);
  using _client = await slowClient(server);
  server.process.signal("SIGTERM");
  assertEquals((await server.process.ended).code, 0);
});

Deno.test("balancer closes idle connections on SIGTERM and SIGINT and ends with 0", async () => {
  await using farm = new FakeServer(answering("200 OK", "test"));
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    await using balancer = await listeningRole("balancer", [farm.authority]);
    using idle = await idleClient(balancer);
    balancer.process.signal(signal);
    assertEquals((await idle.rest()).length, 0);
    assertEquals((await balancer.process.ended).code, 0);
  }
});

Deno.test("balancer answers a request that is under way when it is stopped", async () => {
  await using farm = new FakeServer(answering("200 OK", "test"));
  await using balancer = await listeningRole("balancer", [farm.authority]);
  using idle = await idleClient(balancer);
  using client = await idleClient(balancer);
  // The second request waits for its body, so that it is under way for as long as we like. The
  // first reply shows that it is: both came in one packet.
  const second = "GET /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n";
  await client.send(`GET /1 HTTP/1.1\r\nHost: a\r\n\r\n${second}`);
  assertEquals((await client.response()).statusCode, 301);
  balancer.process.signal("SIGTERM");
  await idle.rest();
  await client.send("ab");
  const { statusCode, fields } = await client.response();
  assertEquals([statusCode, fields.get("connection")], [301, "close"]);
  assertEquals((await client.rest()).length, 0);
  assertEquals((await balancer.process.ended).code, 0);
});

for (const [signal, code] of SIGNALS) {
  Deno.test(`balancer ends at once on a second ${signal}, with ${code}`, async () => {
    await using farm = new FakeServer(answering("200 OK", "test"));
    await using balancer = await listeningRole("balancer", ["--grace=1h", farm.authority]);
    using idle = await idleClient(balancer);
    using client = await idleClient(balancer);
    const second = "GET /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n";
    await client.send(`GET /1 HTTP/1.1\r\nHost: a\r\n\r\n${second}`);
    await client.response();
    balancer.process.signal(signal);
    await idle.rest();
    balancer.process.signal(signal);
    assertEquals((await balancer.process.ended).code, code);
  });
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`balancer that gets ${signal} in its first round ends with 0 and never listens`, async () => {
    await using farm = new FakeServer(hanging);
    const args = ["--port=0", "--admin=127.0.0.1:0", "--probe-timeout=1h", farm.authority];
    await using process = startRole("balancer", args);
    await farm.firstRequest();
    process.signal(signal);
    assertEquals((await process.ended).code, 0);
    assertEquals(process.stdout.text, "");
  });
}

Deno.test("balancer that gets two SIGINTs in its first round ends, and never listens", async () => {
  await using farm = new FakeServer(hanging);
  await using process = startRole("balancer", ["--port=0", "--probe-timeout=1h", farm.authority]);
  await farm.firstRequest();
  process.signal("SIGINT");
  process.signal("SIGINT");
  // The second one may come when the first has done its work.
  assertEquals([0, 130].includes((await process.ended).code), true);
  assertEquals(process.stdout.text, "");
});

Deno.test("balancer that is stopped while it first looks up its servers tests nobody", async () => {
  const { socket, port } = silentNameServer();
  try {
    const args = ["--port=0", `--resolver=127.0.0.1:${port}`, "dns:farm.test:80"];
    await using process = startRole("balancer", args);
    await socket.receive();
    process.signal("SIGTERM");
    assertEquals((await process.ended).code, 0);
    assertEquals([process.stdout.text, process.stderr.text], ["", ""]);
  } finally {
    socket.close();
  }
});

/** It is asked, and never answers. */
function silentNameServer(): { socket: Deno.DatagramConn; port: number } {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  return { socket, port: (socket.addr as Deno.NetAddr).port };
}

/** A client to which a large file is on its way, of which it has read the head. */
async function slowClient({ port }: ListeningRole): Promise<RawClient> {
  const client = await RawClient.connect(port);
  await client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.responseHead();
  return client;
}

/** A client whose connection is kept, after one answer. */
async function idleClient({ port }: ListeningRole): Promise<RawClient> {
  const client = await RawClient.connect(port);
  await client.get("/none");
  return client;
}

async function isRefused(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return false;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return true;
    throw error;
  }
}

Deno.test({
  name: "server goes on at SIGHUP, with what is under way as well",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using directory = await TemporaryDirectory.with({ large: LARGE });
    await using server = await listeningRole("server", [directory.path]);
    using client = await RawClient.connect(server.port);
    await client.send("GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    await client.responseHead();
    server.process.signal("SIGHUP");
    await server.process.stderr.next(/^server: there is nothing to be read again$/);
    assertEquals((await client.rest()).length, LARGE.length);
    using after = await RawClient.connect(server.port);
    assertEquals((await after.get("/none")).statusCode, 404);
  },
});
