import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  adminPortOf,
  ListedBalancer,
  said,
  serversOfConnections,
  statusAt,
  untilAnswering,
} from "../support/balancer.ts";
import { childrenOf, eventually, isRunning, openSockets } from "../support/children.ts";
import { answering, FakeServer, hanging } from "../support/fake_server.ts";
import { RawClient } from "../support/raw_client.ts";
import {
  assertRefused,
  freePort,
  type ListeningRole,
  listeningRole,
  runRole,
  startRole,
} from "../support/role.ts";

/** WorkerPool share a port by what only Linux does. */
const ignore = Deno.build.os !== "linux";

const FIT = answering("200 OK", "test");
const UNFIT = answering("404 Not Found", "no");

/** All that workers need. */
const PERMISSIONS = ["--allow-net=127.0.0.1", `--allow-run=${Deno.execPath()}`];

/** A balancer with two workers. */
async function pair(...args: readonly string[]): Promise<ListeningRole> {
  return await listeningRole("balancer", ["--workers=2", ...args], { permissions: PERMISSIONS });
}

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore, fn });
}

test("balancer --workers=2 redirects in both", async () => {
  await using farm = new FakeServer(FIT);
  await using balancer = await pair(farm.authority);
  const workers = await childrenOf(balancer.process.pid);
  assertEquals(workers.length, 2);
  const sockets = () => Promise.all(workers.map(openSockets));
  const before = await sockets();
  await using stack = new AsyncDisposableStack();
  for (let i = 0; i < 64; i++) {
    const client = stack.use(await RawClient.connect(balancer.port));
    const { statusCode, fields } = await client.get("/x");
    assertEquals([statusCode, fields.get("location")], [301, `http://${farm.authority}/x`]);
  }
  for (const [i, count] of (await sockets()).entries()) assert(count > before[i]!);
  assertEquals(farm.requestHeads.length, 1, "a worker has tested a server");
});

test("balancer's workers write one access log after the one first line", async () => {
  await using farm = new FakeServer(FIT);
  await using balancer = await pair(farm.authority);
  await serversOfConnections(balancer.port);
  balancer.process.signal("SIGTERM");
  assertEquals((await balancer.process.ended).code, 0);
  const [first, ...log] = balancer.process.stdout.lines;
  assertMatch(first!, /^listening on http:\/\/127\.0\.0\.1:[0-9]+$/);
  assertEquals(log.length, 80);
  for (const line of log) {
    assertMatch(line, /^127\.0\.0\.1 - - \[[^\]]+\] "GET \/file HTTP\/1\.1" 301 [0-9]+ [0-9.:]+$/);
    assert(line.endsWith(` ${farm.authority}`));
  }
});

test("balancer's workers follow what its tests find", async () => {
  await using steady = new FakeServer(FIT);
  await using killed = new FakeServer(FIT);
  const both = [steady.authority, killed.authority];
  const balancer = await pair("--policy=round-robin", "--rise=1", "--interval=100ms", ...both);
  await using _ = balancer;
  assertEquals(await serversOfConnections(balancer.port), new Set(both));
  killed.answer = UNFIT;
  await said(balancer, `${killed.authority} is out`);
  const steadyOnly = async () => (await serversOfConnections(balancer.port)).size === 1;
  await eventually(steadyOnly);
  for (let i = 0; i < 3; i++) assert(await steadyOnly());
  killed.answer = FIT;
  await said(balancer, `${killed.authority} is back`);
  await eventually(async () => (await serversOfConnections(balancer.port)).size === 2);
});

test("balancer replaces killed workers by others that know at once who may be picked", async () => {
  await using steady = new FakeServer(FIT);
  await using out = new FakeServer(FIT);
  const args = ["--policy=round-robin", "--interval=100ms"];
  await using balancer = await pair(...args, steady.authority, out.authority);
  out.answer = UNFIT;
  await said(balancer, `${out.authority} is out`);
  const before = await childrenOf(balancer.process.pid);
  for (const pid of before) Deno.kill(pid, "SIGKILL");
  for (const _ of before) await said(balancer, `worker (${before.join("|")}) ended by SIGKILL`);
  await eventually(async () => (await childrenOf(balancer.process.pid)).length === 2);
  await untilAnswering(balancer);
  for (let i = 0; i < 5; i++) {
    assertEquals(await serversOfConnections(balancer.port), new Set([steady.authority]));
  }
});

test("balancer's workers answer 503 while nobody is available, and go on after", async () => {
  await using farm = new FakeServer(UNFIT);
  await using balancer = await pair("--rise=1", "--interval=100ms", farm.authority);
  assertEquals(await serversOfConnections(balancer.port), new Set(["503"]));
  farm.answer = FIT;
  await said(balancer, `${farm.authority} is back`);
  const isBack = async () => !(await serversOfConnections(balancer.port)).has("503");
  await eventually(isBack);
});

test("balancer lets its workers know of a list that was read again", async () => {
  await using old = new FakeServer(FIT);
  await using added = new FakeServer(FIT);
  const args = ["--workers=2", "--policy=round-robin"];
  await using balancer = await ListedBalancer.start([old.authority], args, PERMISSIONS);
  const workers = await childrenOf(balancer.process.pid);
  await balancer.relist(old.authority, added.authority);
  await eventually(async () => (await serversOfConnections(balancer.port)).size === 2);
  await balancer.relist(`${old.authority} drain`, added.authority);
  const onlyAdded = async () => !(await serversOfConnections(balancer.port)).has(old.authority);
  await eventually(onlyAdded);
  assert(await onlyAdded());
  assertEquals(await childrenOf(balancer.process.pid), workers, "nobody had to be replaced");
});

test("balancer shows what its workers really pick by expected, not what they are thought to", async () => {
  await using stack = new AsyncDisposableStack();
  const farm = [0, 25].map((ms) =>
    stack.use(
      new FakeServer(async (conn, requestHead) => {
        if (requestHead.startsWith("GET")) await new Promise((resolve) => setTimeout(resolve, ms));
        await FIT(conn, requestHead);
      }),
    )
  );
  const servers = farm.map(({ authority }) => authority);
  const args = ["--policy=expected", "--interval=1h", "--admin=127.0.0.1:0", ...servers];
  const balancer = stack.use(await pair(...args));
  const admin = await adminPortOf(balancer);
  await serversOfConnections(balancer.port);
  await eventually(async () => (await statusAt(admin)).redirects === 80);
  const { servers: shown } = await statusAt(admin);
  for (const { share, redirects } of shown) {
    assertEquals(share, Math.round(redirects / 80 * 1e6) / 1e6);
  }
});

test("balancer's worker that was stopped knows the latest when it goes on", async () => {
  await using stack = new AsyncDisposableStack();
  const [stays, leaves] = [1, 2].map(() => stack.use(new FakeServer(FIT))) as [
    FakeServer,
    FakeServer,
  ];
  const args = ["--interval=100ms", "--rise=1", stays.authority, leaves.authority];
  const balancer = stack.use(await pair(...args));
  const [worker] = await childrenOf(balancer.process.pid);
  Deno.kill(worker!, "SIGSTOP");
  try {
    leaves.answer = UNFIT;
    await said(balancer, `${leaves.authority} is out`);
    for (let round = 0; round < 10; round++) await said(balancer, "tested, fastest first");
  } finally {
    Deno.kill(worker!, "SIGCONT");
  }
  await eventually(async () => {
    return (await serversOfConnections(balancer.port)).has(leaves.authority) === false;
  });
});

test("balancer adds up whom its workers sent where", async () => {
  await using stack = new AsyncDisposableStack();
  const farm = [0, 1].map(() => stack.use(new FakeServer(FIT)).authority);
  const balancer = stack.use(
    await pair("--policy=round-robin", "--log=none", "--admin=127.0.0.1:0", ...farm),
  );
  const adminPort = await adminPortOf(balancer);
  const isCounted = (redirects: number) => async () =>
    (await statusAt(adminPort)).redirects === redirects;
  await serversOfConnections(balancer.port);
  await eventually(isCounted(80));
  for (const pid of await childrenOf(balancer.process.pid)) Deno.kill(pid, "SIGKILL");
  await untilAnswering(balancer);
  await eventually(isCounted(81));
  await serversOfConnections(balancer.port);
  await eventually(isCounted(161));
  const { servers, unavailable, workers } = await statusAt(adminPort);
  assertEquals([unavailable, workers], [0, 2]);
  assertEquals(servers.reduce((sum, { redirects }) => sum + redirects, 0), 161);
  for (const { redirects } of servers) assert(redirects >= 60, `${redirects}`);
});

for (const [times, code] of [[1, 0], [2, 143]] as const) {
  test(`balancer with workers ends with ${code} after ${times} SIGTERM`, async () => {
    await using farm = new FakeServer(FIT);
    await using balancer = await pair("--grace=1h", farm.authority);
    const workers = await childrenOf(balancer.process.pid);
    // So many that each worker has some: when all have ended, both were stopped.
    await using stack = new AsyncDisposableStack();
    const idle = await Promise.all(
      Array.from({ length: 20 }, async () => stack.use(await RawClient.connect(balancer.port))),
    );
    for (const connection of idle) await connection.get("/0");
    using client = await RawClient.connect(balancer.port);
    // The second request waits for its body.
    const second = "GET /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n";
    await client.send(`GET /1 HTTP/1.1\r\nHost: a\r\n\r\n${second}`);
    await client.response();
    balancer.process.signal("SIGTERM");
    for (const connection of idle) await connection.rest();
    if (times === 2) balancer.process.signal("SIGTERM");
    else {
      await client.send("ab");
      const { statusCode, fields } = await client.response();
      assertEquals([statusCode, fields.get("connection")], [301, "close"]);
      client[Symbol.dispose](); // Else the balancer waits for it a while.
    }
    assertEquals((await balancer.process.ended).code, code);
    await eventually(() => !workers.some(isRunning));
  });
}

test("balancer that is stopped in its first round starts no worker", async () => {
  await using farm = new FakeServer(hanging);
  const args = ["--port=0", "--workers=2", "--probe-timeout=1h", farm.authority];
  await using process = startRole("balancer", ["--host=127.0.0.1", ...args], {
    permissions: PERMISSIONS,
  });
  await farm.firstRequest();
  assertEquals(await childrenOf(process.pid), []);
  process.signal("SIGTERM");
  assertEquals((await process.ended).code, 0);
  assertEquals(process.stdout.text, "");
});

test("balancer's workers go by the address of a client, whatever it says of itself", async () => {
  await using stack = new AsyncDisposableStack();
  const farm = [0, 1, 2, 3].map(() => stack.use(new FakeServer(FIT)).authority);
  const balancer = stack.use(await pair("--policy=client", "--log=json", ...farm));
  const found = new Set<string | undefined>();
  for (let i = 0; i < 40; i++) {
    using client = await RawClient.connect(balancer.port);
    const fields = `X-Forwarded-For: 192.0.2.${i}\r\nForwarded: for=192.0.2.${i}`;
    await client.send(`GET /x HTTP/1.1\r\nHost: a\r\nX-Real-IP: 192.0.2.${i}\r\n${fields}\r\n\r\n`);
    found.add((await client.response()).fields.get("location"));
  }
  assertEquals(found.size, 1);
  balancer.process.signal("SIGTERM");
  await balancer.process.ended;
  const log = balancer.process.stdout.lines.slice(1).map((line) => JSON.parse(line).client);
  assertEquals(log, Array(40).fill("127.0.0.1"));
});

test("balancer with workers reads its list from standard input", async () => {
  await using farm = new FakeServer(FIT);
  const options = { permissions: PERMISSIONS, stdin: `${farm.authority}\n` };
  await using balancer = await listeningRole("balancer", ["--workers=2", "-"], options);
  assertEquals(await serversOfConnections(balancer.port), new Set([farm.authority]));
});

test("balancer --workers says in a line what keeps it from working", async () => {
  await using farm = new FakeServer(FIT);
  const args = ["--host=127.0.0.1", "--workers=2", farm.authority];
  const run = (options: string[], permissions: readonly string[] = PERMISSIONS) =>
    runRole("balancer", [...options, ...args], { permissions });
  const noRun = await run(["--port=0"], ["--allow-net=127.0.0.1"]);
  assertRefused(
    noRun,
    2,
    /^balancer: there is no permission to start workers: run it with --allow-run=\//,
  );
  const port = freePort();
  using _listener = Deno.listen({ hostname: "127.0.0.1", port });
  assertRefused(await run([`--port=${port}`]), 1, /^balancer: port [0-9]+ is taken/);
  assertEquals(farm.requestHeads, []);
});
