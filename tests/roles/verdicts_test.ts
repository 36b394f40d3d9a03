import { assert, assertEquals, assertMatch } from "@std/assert";
import { adminPortOf, countSaid, ListedBalancer, said, statusAt } from "../support/balancer.ts";
import { type Answer, answering, FakeServer, hanging } from "../support/fake_server.ts";
import { countRedirects } from "../support/redirects.ts";
import { type ListeningRole, listeningRole, runRole } from "../support/role.ts";

const FIT = answering("200 OK", "test");

/** Signals that stop a process, and let it go on, are those of Unix. */
const ignore = Deno.build.os === "windows";

/** Sends a head that promises 9 bytes of content, and these of them. */
function beginning(content: string): Answer {
  return async (conn, requestHead) => {
    const head = `HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n${content}`;
    await conn.write(new TextEncoder().encode(head));
    await hanging(conn, requestHead);
  };
}

/** A server that does so in the middle of a round, which the test is told of. */
class AskedServer {
  readonly server: FakeServer;
  #asked = Promise.withResolvers<void>();

  constructor(answer: Answer) {
    this.server = new FakeServer(answer);
  }

  /** From now on each test gets this answer. */
  answer(answer: Answer): void {
    this.#asked = Promise.withResolvers();
    this.server.answer = (conn, requestHead) => {
      this.#asked.resolve();
      return answer(conn, requestHead);
    };
  }

  asked(): Promise<void> {
    return this.#asked.promise;
  }
}

async function outcome(balancer: ListeningRole, server: FakeServer): Promise<string> {
  return await said(balancer, `${server.authority} is (available|out)`);
}

Deno.test("balancer measures a server that is slow, and takes out one that sends no content", async () => {
  await using dripping = new FakeServer(async (conn, requestHead) => {
    const octet = new TextEncoder().encode("x");
    await conn.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"));
    const timer = setInterval(() => conn.write(octet).catch(() => {}), 100);
    await hanging(conn, requestHead).finally(() => clearInterval(timer));
  });
  await using stalled = new FakeServer(beginning(""));
  const args = ["--probe-timeout=500ms", "--interval=1h", "--admin=127.0.0.1:0"];
  await using balancer = await listeningRole("balancer", [
    ...[...args, dripping.authority, stalled.authority],
  ]);
  const admin = await adminPortOf(balancer);
  assertMatch(await outcome(balancer, dripping), /[0-9]+ B in .*partial, since its time was over$/);
  assertMatch(await outcome(balancer, stalled), /is out: no content arrived in time$/);
  const [slow, out] = (await statusAt(admin)).servers;
  assertEquals([slow!.state, slow!.partial, out!.state, out!.partial], [
    ...["available", true, "out", false],
  ]);
  const [transfer] = slow!.transfers;
  assert(transfer !== undefined && "bytes" in transfer && transfer.partial);
});

Deno.test("balancer takes a slow server out by --min-speed alone, and says the speed", async () => {
  await using slow = new FakeServer(beginning("three"));
  const args = ["--probe-timeout=300ms", "--min-speed=1K", slow.authority];
  const { code, stderr } = await runRole("balancer", args);
  assertEquals(code, 1);
  assertMatch(stderr, /is out: it sent [0-9.]+ B per second, less than 1 kiB$/m);
});

Deno.test("balancer keeps a server that fails one test and passes the next", async () => {
  await using steady = new FakeServer(FIT);
  await using restarted = new FakeServer(FIT);
  const args = ["--interval=200ms", steady.authority, restarted.authority];
  await using balancer = await listeningRole("balancer", args);
  restarted.answer = (conn) => {
    restarted.answer = FIT;
    return Promise.resolve(conn.close()); // As one that is restarted in the middle of a test.
  };
  await said(balancer, `${restarted.authority} has passed a second look, after a test that failed`);
  assertEquals(countSaid(balancer, "is out"), 0);
});

Deno.test("balancer keeps servers that are all restarted in one moment", async () => {
  let servers = [new FakeServer(FIT), new FakeServer(FIT)];
  const ports = servers.map(({ port }) => port);
  const authorities = servers.map(({ authority }) => authority);
  await using balancer = await listeningRole("balancer", [
    "--interval=300ms",
    "--rise=1",
    ...authorities,
  ]);
  for (const server of servers) await server[Symbol.asyncDispose]();
  await said(balancer, "all servers that were available have failed; .*refused$");
  servers = ports.map((port) => new FakeServer(FIT, "127.0.0.1", port));
  try {
    // In either order.
    for (let i = 0; i < 2; i++) {
      await said(balancer, `(${authorities.join("|")}) has passed a second look`);
    }
    assertEquals([...(await countRedirects(balancer.port, 100)).keys()].sort(), authorities.sort());
  } finally {
    for (const server of servers) await server[Symbol.asyncDispose]();
  }
});

Deno.test({
  name: "balancer that was stopped in the middle of a test holds that against no server",
  ignore,
  async fn() {
    const paused = new AskedServer(FIT);
    await using server = paused.server;
    const args = ["--interval=100ms", "--probe-timeout=500ms", server.authority];
    await using balancer = await listeningRole("balancer", args);
    paused.answer(async (conn, requestHead) => {
      server.answer = FIT; // The test that is run again passes.
      await hanging(conn, requestHead);
    });
    await paused.asked();
    balancer.process.signal("SIGSTOP");
    await new Promise((resolve) => setTimeout(resolve, 1500));
    balancer.process.signal("SIGCONT");
    await said(balancer, "this process stood still for [0-9.]+ s; the tests of that time");
    assertEquals((await countRedirects(balancer.port, 10)).get(server.authority), 10);
    assertEquals(countSaid(balancer, "is out"), 0);
  },
});

Deno.test("balancer starts with --fall=3 though the first test fails", async () => {
  await using server = new FakeServer(answering("503 Service Unavailable", "starting"));
  const starting = listeningRole("balancer", ["--fall=3", "--interval=1h", server.authority]);
  await server.firstRequest();
  server.answer = FIT;
  await using balancer = await starting;
  assertEquals((await countRedirects(balancer.port, 10)).get(server.authority), 10);
});

Deno.test("balancer tests a server by the name that its clients use", async () => {
  await using server = new FakeServer((conn, requestHead) => {
    const isMeant = /^Host: files\.example\.org:8080\r$/m.test(requestHead);
    return (isMeant ? FIT : answering("404 Not Found", ""))(conn, requestHead);
  });
  const entry = `${server.authority}=http://files.example.org:8080`;
  await using balancer = await listeningRole("balancer", ["--interval=1h", entry]);
  assertMatch(await outcome(balancer, server), /is available/);
});

Deno.test("balancer --probe-bytes adds a size to the path, which has no query", async () => {
  await using server = new FakeServer(FIT);
  const args = ["--probe-bytes=64K", "--probe-path=/big.bin", "--interval=1h", server.authority];
  await using _balancer = await listeningRole("balancer", args);
  assertMatch(server.requestHeads[0]!, /^GET \/big\.bin\?bytes=65536 /);
  const { code, stderr } = await runRole("balancer", [
    ...["--probe-bytes=1M", "--probe-path=/x?y=1", server.authority],
  ]);
  assertEquals(code, 2);
  assertMatch(
    stderr,
    /^balancer: --probe-bytes adds \?bytes=SIZE to --probe-path, which has a query/,
  );
});

Deno.test({
  name: "balancer counts no test of new servers as a round",
  ignore,
  async fn() {
    await using first = new FakeServer(FIT);
    await using second = new FakeServer(FIT);
    await using balancer = await ListedBalancer.start([first.authority], [
      ...["--interval=1h", "--admin=127.0.0.1:0"],
    ]);
    const admin = await adminPortOf(balancer);
    const before = (await statusAt(admin)).rounds;
    await balancer.relist(first.authority, second.authority);
    await said(balancer, "tested, fastest first: .*, .* ms");
    assertEquals((await statusAt(admin)).rounds, before);
  },
});
