import { assert, assertEquals, assertMatch } from "@std/assert";
import { childrenOf, eventually, isRunning } from "../support/children.ts";
import { keepAsking } from "../support/crowd.ts";
import { RawClient } from "../support/raw_client.ts";
import {
  assertRefused,
  freePort,
  listening,
  type ListeningRole,
  listeningRole,
  PROJECT,
  runRole,
  startRole,
} from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";
import { connectTls, exchange, exchangeable, SERVER, tlsOptions } from "../support/tls.ts";

/** WorkerPool share a port by what only Linux does. */
const ignore = Deno.build.os !== "linux";

/** More than the system buffers on its own for a client that does not read. */
const LARGE = new Uint8Array(16 * 1024 * 1024);

const RUN = `--allow-run=${Deno.execPath()}`;

/** A server with two workers. */
async function pair(directory: TemporaryDirectory, ...args: string[]): Promise<ListeningRole> {
  const permissions = ["--allow-net=127.0.0.1", `--allow-read=${directory.path}`, RUN];
  return await listeningRole("server", ["--workers=2", ...args, directory.path], { permissions });
}

async function workersOf({ process }: ListeningRole): Promise<number[]> {
  return await childrenOf(process.pid);
}

Deno.test({ name: "server --workers=2 has two processes on one port", ignore, fn: twoOnOnePort });

async function twoOnOnePort() {
  await using directory = await TemporaryDirectory.with({ "a.txt": "text" });
  await using server = await pair(directory);
  assertEquals((await workersOf(server)).length, 2);
  const count = 20;
  for (let i = 0; i < count; i++) {
    using client = await RawClient.connect(server.port);
    assertEquals((await client.get("/a.txt")).statusCode, 200);
  }
  server.process.signal("SIGTERM");
  assertEquals((await server.process.ended).code, 0);
  const [announcement, ...log] = server.process.stdout.lines;
  assertMatch(announcement!, /^listening on http:\/\/127\.0\.0\.1:[0-9]+$/);
  assertEquals(log.filter((line) => line.endsWith('"GET /a.txt HTTP/1.1" 200 4')).length, count);
  assertEquals([log.length, server.process.stderr.text], [count, ""]);
}

Deno.test({ name: "server starts a worker anew that dies", ignore, fn: comesBack });

async function comesBack() {
  await using directory = await TemporaryDirectory.with({ "a.txt": "text" });
  await using server = await pair(directory);
  const before = await workersOf(server);
  for (const pid of before) Deno.kill(pid, "SIGKILL");
  for (const pid of before) {
    await server.process.stderr.next(new RegExp(`^server: worker (${before.join("|")}) ended by`));
    await eventually(() => !isRunning(pid));
  }
  await eventually(async () => {
    try {
      using client = await RawClient.connect(server.port);
      return (await client.get("/a.txt")).statusCode === 200;
    } catch {
      return false; // Nobody listens yet.
    }
  });
  const after = await workersOf(server);
  assertEquals([after.length, after.filter((pid) => before.includes(pid))], [2, []]);
}

for (const [signal, code] of [["SIGTERM", 143], ["SIGINT", 130]] as const) {
  const name =
    `server with workers finishes what is under way on ${signal}, or not on a second one`;
  Deno.test({ name, ignore, fn: () => stops(signal, code) });
}

async function stops(signal: Deno.Signal, code: number) {
  await using directory = await TemporaryDirectory.with({ large: LARGE });
  for (const times of [1, 2]) {
    await using server = await pair(directory);
    const workers = await workersOf(server);
    using client = await RawClient.connect(server.port);
    await client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.responseHead();
    server.process.signal(signal);
    await eventually(async () => (await workersOf(server)).length === 1);
    if (times === 2) server.process.signal(signal);
    else assertEquals((await client.rest()).length, LARGE.length);
    assertEquals((await server.process.ended).code, times === 2 ? code : 0);
    await eventually(() => !workers.some(isRunning));
  }
}

Deno.test({ name: "server's workers wait no longer than --grace", ignore, fn: graceEnds });

async function graceEnds() {
  await using directory = await TemporaryDirectory.with({ large: LARGE });
  await using server = await pair(directory, "--grace=100ms");
  using client = await RawClient.connect(server.port);
  await client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.responseHead();
  server.process.signal("SIGTERM");
  assertEquals((await server.process.ended).code, 0);
}

Deno.test({
  name: "server replaces its workers on SIGHUP and fails no request",
  ignore,
  fn: rolls,
});

async function rolls() {
  await using directory = await TemporaryDirectory.with({ "a.txt": "text", large: LARGE });
  await using server = await pair(directory, "--log=none");
  using client = await RawClient.connect(server.port);
  await client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.responseHead();
  const before = await workersOf(server);
  const stop = new AbortController();
  const options = { clients: 8, isPersistent: true, pauseMs: 1 };
  const asking = keepAsking(server.port, "/a.txt", options, stop.signal);
  server.process.signal("SIGHUP");
  await server.process.stderr.next(/all workers were replaced/);
  const fromBefore = async () => (await workersOf(server)).filter((it) => before.includes(it));
  await eventually(async () => (await fromBefore()).length === 1);
  assertEquals((await client.rest()).length, LARGE.length);
  await eventually(async () => (await fromBefore()).length === 0);
  stop.abort();
  const { answered, failures } = await asking;
  assertEquals(failures, []);
  assert(answered > 100, `${answered}`);
}

Deno.test({ name: "server's workers leave a SIGHUP to their parent", ignore, fn: hangUpOnAll });

async function hangUpOnAll() {
  await using directory = await TemporaryDirectory.with({ "a.txt": "text" });
  await exchange(directory, SERVER);
  await using server = await pair(directory, ...tlsOptions(exchangeable(directory)));
  for (const pid of await workersOf(server)) Deno.kill(pid, "SIGHUP");
  server.process.signal("SIGHUP");
  await server.process.stderr.next(/all workers were replaced/);
  assertEquals(server.process.stderr.lines.length, 1);
}

Deno.test({ name: "server's workers end when their parent is killed", ignore, fn: orphansEnd });

async function orphansEnd() {
  await using directory = await TemporaryDirectory.with({ "a.txt": "text" });
  await using server = await pair(directory);
  const workers = await workersOf(server);
  server.process.signal("SIGKILL");
  await eventually(() => !workers.some(isRunning));
}

Deno.test({ name: "server's workers speak HTTPS", ignore, fn: speakTls });

async function speakTls() {
  await using directory = await TemporaryDirectory.with({ "a.txt": "text" });
  const args = ["--host=127.0.0.1", "--port=0", "--workers=2", ...tlsOptions(SERVER)];
  const permissions = ["--allow-net", "--allow-read", RUN];
  const process = startRole("server", [...args, directory.path], { permissions });
  await using server = await listening(process);
  assertMatch(process.stdout.text, /^listening on https:/);
  using client = RawClient.over(await connectTls(server.port));
  assertEquals((await client.get("/a.txt")).statusCode, 200);
}

Deno.test({
  name: "server --workers says in a line what keeps it from working",
  ignore,
  fn: refuses,
});

async function refuses() {
  const args = ["--host=127.0.0.1", "--workers=2", PROJECT];
  const run = (options: string[], ...permissions: string[]) =>
    runRole("server", [...options, ...args], {
      permissions: ["--allow-net", "--allow-read", ...permissions],
    });
  assertRefused(await run([]), 2, /no permission to start workers: run it with --allow-run=\//);
  const port = freePort();
  using _listener = Deno.listen({ hostname: "127.0.0.1", port });
  assertRefused(await run([`--port=${port}`], RUN), 1, /^server: port [0-9]+ is taken/);
  const none = await runRole("server", ["--workers=0"]);
  assertRefused(none, 2, /--workers=0: a number from 1 to 256 is accepted/);
}
