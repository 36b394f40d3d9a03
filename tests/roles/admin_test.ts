import { assert, assertEquals, assertMatch } from "@std/assert";
import { adminPortOf, askAdmin, said, statusAt } from "../support/balancer.ts";
import { eventually } from "../support/children.ts";
import { answering, FakeServer } from "../support/fake_server.ts";
import { RawClient } from "../support/raw_client.ts";
import { countRedirects } from "../support/redirects.ts";
import {
  assertRefused,
  type ListeningRole,
  listeningRole,
  runRole,
  startRole,
} from "../support/role.ts";

const FIT = answering("200 OK", "test");
const UNFIT = answering("404 Not Found", "no");
const ADMIN = "--admin=127.0.0.1:0";

/** A balancer that shows its farm. */
interface Shown extends AsyncDisposable {
  readonly balancer: ListeningRole;
  readonly adminPort: number;
}

async function shown(...args: readonly string[]): Promise<Shown> {
  const permissions = ["--allow-net=127.0.0.1"];
  const balancer = await listeningRole("balancer", [ADMIN, ...args], { permissions });
  const adminPort = await adminPortOf(balancer);
  const end = () => balancer[Symbol.asyncDispose]();
  return { balancer, adminPort, [Symbol.asyncDispose]: end };
}

/** Status and text of what is answered at `/healthz`. */
async function healthAt(port: number): Promise<string> {
  const { statusCode, body } = await askAdmin(port, "/healthz");
  return `${statusCode} ${new TextDecoder().decode(body).trimEnd()}`;
}

Deno.test("balancer --admin shows an untested farm before it takes clients", async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  await using farm = new FakeServer(async (conn, requestHead) => {
    await released;
    await FIT(conn, requestHead);
  });
  const args = ["--host=127.0.0.1", "--port=0", ADMIN, farm.authority];
  await using process = startRole("balancer", args);
  const adminPort = await adminPortOf({ process });
  await farm.firstRequest();
  assertEquals(await healthAt(adminPort), "503 no server is available: 1 not yet tested");
  const { rounds, servers, isListening: isEarly } = await statusAt(adminPort);
  assertEquals([rounds.count, rounds.isUnderWay, rounds.endedAt], [0, true, null]);
  assertEquals([isEarly, rounds.nextAt], [false, null]);
  const [{ name, state, since, share, transfers } = servers[0]!] = servers;
  assertEquals([name, state, since, share], [farm.authority, "untested", null, 0]);
  assertEquals(transfers, []);
  assertEquals(process.stdout.text, "");
  release();
  await process.stdout.next(/listening/);
  assertEquals(await healthAt(adminPort), "200 ok");
  const { isListening, servers: [tested] } = await statusAt(adminPort);
  assertEquals([isListening, tested!.state], [true, "available"]);
});

Deno.test("balancer --admin tells by /healthz whether clients are redirected", async () => {
  await using farm = new FakeServer(FIT);
  await using one = await shown("--rise=1", "--interval=100ms", farm.authority);
  const { balancer, adminPort } = one;
  assertEquals(await healthAt(adminPort), "200 ok");
  farm.answer = UNFIT;
  await said(balancer, "no server is available");
  assertEquals(await healthAt(adminPort), "503 no server is available: 1 out");
  const [{ state, reason } = {}] = (await statusAt(adminPort)).servers;
  assertEquals([state, reason], ["out", "it answered 404 Not Found"]);
  farm.answer = FIT;
  await said(balancer, "tested, fastest first");
  assertEquals(await healthAt(adminPort), "200 ok");
});

Deno.test("balancer --admin counts whom it sent where", async () => {
  await using first = new FakeServer(FIT);
  await using second = new FakeServer(FIT);
  const list = [first.authority, `${second.authority},weight=3`];
  await using one = await shown("--policy=round-robin", "--rise=1", "--interval=100ms", ...list);
  const { balancer, adminPort } = one;
  await countRedirects(balancer.port, 80);
  const before = await statusAt(adminPort);
  const sent = before.servers.map(({ name, redirects, share }) => [name, redirects, share]);
  assertEquals(sent, [[first.authority, 20, 0.25], [second.authority, 60, 0.75]]);
  first.answer = UNFIT;
  second.answer = UNFIT;
  await said(balancer, "no server is available");
  using client = await RawClient.connect(balancer.port);
  for (let i = 0; i < 3; i++) assertEquals((await client.get("/x")).statusCode, 503);
  const { redirects, unavailable, policy, rounds, workers } = await statusAt(adminPort);
  assertEquals([redirects, unavailable, policy, workers], [80, 3, "round-robin", 1]);
  assert(rounds.count > before.rounds.count);
  const metrics = new TextDecoder().decode((await askAdmin(adminPort, "/metrics")).body);
  const counted = `balancer_server_redirects_total{server="${second.authority}"} 60`;
  assert(metrics.split("\n").includes(counted), metrics);
  assertMatch(metrics, /^balancer_unavailable_answers_total 3$/m);
});

Deno.test("balancer --admin serves its page, and none of it to clients", async () => {
  await using farm = new FakeServer(FIT);
  await using one = await shown(farm.authority);
  const { statusCode, fields } = await askAdmin(one.adminPort, "/");
  assertEquals([statusCode, fields.get("content-type")], [200, "text/html; charset=utf-8"]);
  using client = await RawClient.connect(one.balancer.port);
  for (const target of ["/healthz", "/status.json", "/metrics", "/events"]) {
    const { statusCode, fields } = await client.get(target);
    assertEquals([statusCode, fields.get("location")], [301, `http://${farm.authority}${target}`]);
  }
  one.balancer.process.signal("SIGTERM");
  assertEquals((await one.balancer.process.ended).code, 0);
  assertEquals(one.balancer.process.stdout.lines.length, 1 + 4, "the admin side is not logged");
});

Deno.test("balancer serves all others beside 100 event streams that nobody reads, and ends", async () => {
  await using farm = new FakeServer(FIT);
  await using one = await shown("--interval=20ms", "--grace=1h", farm.authority);
  const { balancer, adminPort } = one;
  await using stack = new AsyncDisposableStack();
  const open = async (): Promise<number> => {
    const client = stack.use(await RawClient.connect(adminPort));
    await client.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return (await client.responseHead()).statusCode;
  };
  for (let i = 0; i < 101; i++) assertEquals(await open(), 200);
  for (let i = 0; i < 20; i++) {
    assertEquals(await healthAt(adminPort), "200 ok");
    assertEquals((await countRedirects(balancer.port, 10)).get(farm.authority), 10);
    await said(balancer, "tested");
  }
  assertEquals((await statusAt(adminPort)).redirects, 200);
  balancer.process.signal("SIGTERM");
  assertEquals((await balancer.process.ended).code, 0);
});

Deno.test("balancer --drain-delay fails its health check first, and still redirects", async () => {
  await using farm = new FakeServer(FIT);
  await using one = await shown("--drain-delay=3s", farm.authority);
  const { balancer, adminPort } = one;
  const begunMs = performance.now();
  balancer.process.signal("SIGTERM");
  await eventually(async () => await healthAt(adminPort) === "503 the balancer is about to stop");
  const { isDraining, isStopping } = await statusAt(adminPort);
  assertEquals([isDraining, isStopping], [true, false]);
  assertEquals((await countRedirects(balancer.port, 10)).get(farm.authority), 10);
  assertEquals((await balancer.process.ended).code, 0);
  assert(performance.now() - begunMs >= 3000);
});

Deno.test("balancer --admin says that it is stopping while an answer is under way", async () => {
  await using farm = new FakeServer(FIT);
  await using one = await shown("--grace=1h", farm.authority);
  const { balancer, adminPort } = one;
  using idle = await RawClient.connect(balancer.port);
  await idle.get("/0");
  using client = await RawClient.connect(balancer.port);
  // The second request waits for its body.
  const second = "GET /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n";
  await client.send(`GET /1 HTTP/1.1\r\nHost: a\r\n\r\n${second}`);
  await client.response();
  balancer.process.signal("SIGTERM");
  await idle.rest();
  assertEquals(await healthAt(adminPort), "503 the balancer is stopping");
  assertEquals((await statusAt(adminPort)).isStopping, true);
  await client.send("ab");
  assertEquals((await client.response()).statusCode, 301);
  client[Symbol.dispose](); // Else the balancer waits for it a while.
  assertEquals((await balancer.process.ended).code, 0);
});

Deno.test("balancer sends event streams the end of its life", async () => {
  await using farm = new FakeServer(FIT);
  await using one = await shown(farm.authority);
  using client = await RawClient.connect(one.adminPort);
  await client.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const { fields } = await client.responseHead();
  assertEquals(fields.get("content-type"), "text/event-stream");
  one.balancer.process.signal("SIGTERM");
  const text = new TextDecoder().decode(await client.rest());
  assert(text.includes('"isStopping":false') && text.includes('"isStopping":true'), text);
  assert(text.endsWith("0\r\n\r\n"), "the last chunk is there");
  assertEquals((await one.balancer.process.ended).code, 0);
});

Deno.test("balancer says in a line what is wrong with --admin", async () => {
  await using farm = new FakeServer(FIT);
  const run = (admin: string) =>
    runRole("balancer", ["--host=127.0.0.1", "--port=0", `--admin=${admin}`, farm.authority]);
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  const line = new RegExp(`^balancer: port ${port} is taken: choose another with --admin;`);
  assertRefused(await run(`127.0.0.1:${port}`), 1, line);
  assertRefused(await run("203.0.113.1:0"), 1, /^balancer: --admin=203\.0\.113\.1 is no address/);
  const wrong = /^balancer: --admin=.*: an address such as 127\.0\.0\.1:9000/;
  assertRefused(await run(":65536"), 2, wrong);
  assertEquals(farm.requestHeads, []);
});
