// What a server says of its load: `Endpoint-Load-Metrics` of real processes.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { Fields } from "../../lib/http/fields.ts";
import { type LoadReport, parseLoadReport } from "../../lib/http/load_report.ts";
import { adminPortOf, askAdmin, statusAt } from "../support/balancer.ts";
import { childrenOf, eventually } from "../support/children.ts";
import { answering, FakeServer } from "../support/fake_server.ts";
import { RawClient } from "../support/raw_client.ts";
import { assertRefused, type ListeningRole, listeningRole, runRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

/** Workers share a port by what only Linux does. */
const isLinux = Deno.build.os === "linux";

/** More than the system buffers on its own for a client that does not read. */
const LARGE = new Uint8Array(16 * 1024 * 1024);

const NOTHING: LoadReport = {
  openTransfers: 0,
  pendingBytes: 0,
  bytesPerSecond: 0,
  utilization: 0,
};

const PERMISSIONS = ["--allow-net", "--allow-read", `--allow-run=${Deno.execPath()}`];

async function server(directory: TemporaryDirectory, ...args: string[]): Promise<ListeningRole> {
  const permissions = PERMISSIONS;
  return await listeningRole("server", ["--log=none", ...args, directory.path], { permissions });
}

/** What the server says on a connection of its own. A GET would be content that it sends. */
async function loadAt({ port }: ListeningRole): Promise<LoadReport | undefined> {
  using client = await RawClient.connect(port);
  await client.send(`HEAD /test.bin?bytes=9 HTTP/1.1\r\nHost: a\r\n\r\n`);
  const { fields } = await client.response("HEAD");
  const value = fields.get("endpoint-load-metrics");
  return value === undefined
    ? undefined
    : parseLoadReport(new Fields([`Endpoint-Load-Metrics: ${value}`]));
}

/** Connections in a row that see all workers, as good as surely. */
const LOOKS = 16;

/** Waits until all processes of a server say what is expected. */
async function untilAllSay(
  role: ListeningRole,
  isExpected: (load: LoadReport) => boolean,
): Promise<void> {
  await eventually(async () => {
    for (let look = 0; look < LOOKS; look++) {
      const load = await loadAt(role);
      if (load === undefined || !isExpected(load)) return false;
    }
    return true;
  });
}

/** Begins downloads, and reads no content of them. */
async function slowReaders(port: number, count: number): Promise<RawClient[]> {
  return await Promise.all(Array.from({ length: count }, async () => {
    const client = await RawClient.connect(port);
    await client.send("GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    await client.responseHead();
    return client;
  }));
}

for (const workers of isLinux ? [1, 2] : [1]) {
  Deno.test(`server --workers=${workers} says how many transfers are open, and what is left of them`, async () => {
    await using directory = await TemporaryDirectory.with({ large: LARGE });
    await using role = await server(directory, `--workers=${workers}`);
    assertEquals(await loadAt(role), NOTHING);
    const readers = await slowReaders(role.port, 3);
    const isLeft = (load: LoadReport, transfers: number) =>
      load.openTransfers === transfers && load.pendingBytes! > 0 &&
      load.pendingBytes! < transfers * LARGE.length;
    // Nothing is sent to those who do not read.
    await untilAllSay(role, (load) => isLeft(load, 3) && load.bytesPerSecond === 0);
    readers[0]![Symbol.dispose]();
    await untilAllSay(role, (load) => isLeft(load, 2));
    assertEquals((await readers[1]!.rest()).length, LARGE.length);
    await untilAllSay(role, (load) => isLeft(load, 1));
    readers[2]![Symbol.dispose]();
    await untilAllSay(role, (load) => load.openTransfers === 0 && load.bytesPerSecond === 0);
    assertEquals(await loadAt(role), NOTHING);
    for (const reader of readers) reader[Symbol.dispose]();
  });
}

Deno.test("server says how much it sends a second, also of what it has in memory", async () => {
  for (const name of ["large", "cached"]) {
    await using directory = await TemporaryDirectory.with({
      large: LARGE,
      cached: "c".repeat(1e5),
    });
    await using role = await server(directory);
    const isDone = { value: false };
    const downloading = (async () => {
      using client = await RawClient.connect(role.port);
      while (!isDone.value) await client.get(`/${name}`);
    })();
    await eventually(async () => (await loadAt(role))!.bytesPerSecond! > 0);
    isDone.value = true;
    await downloading;
    await eventually(async () => (await loadAt(role))!.bytesPerSecond === 0);
  }
});

Deno.test("server with --limit-rate counts a test file as far as it was sent", async () => {
  await using directory = await TemporaryDirectory.with();
  await using role = await server(directory, "--limit-rate=16K");
  using client = await RawClient.connect(role.port);
  await client.send("GET /test.bin HTTP/1.1\r\nHost: a\r\n\r\n");
  const before = 1024 * 1024;
  const lefts: number[] = [];
  await eventually(async () => {
    const { openTransfers, pendingBytes } = (await loadAt(role))!;
    if (openTransfers === 1 && pendingBytes! < (lefts.at(-1) ?? before)) lefts.push(pendingBytes!);
    return lefts.length === 3;
  });
});

Deno.test({
  name: "server's workers are not told of what those had to send that have died",
  ignore: !isLinux,
  async fn() {
    await using directory = await TemporaryDirectory.with({ large: LARGE });
    await using role = await server(directory, "--workers=2");
    const readers = await slowReaders(role.port, 4);
    await untilAllSay(role, ({ openTransfers }) => openTransfers === 4);
    const before = await childrenOf(role.process.pid);
    for (const pid of before) Deno.kill(pid, "SIGKILL");
    for (const _ of before) await role.process.stderr.next(/ended by SIGKILL/);
    for (const reader of readers) reader[Symbol.dispose]();
    await eventually(() => loadAt(role).then(() => true, () => false));
    await untilAllSay(role, ({ openTransfers }) => openTransfers === 0);
  },
});

Deno.test("server --load-report=off says nothing of its load", async () => {
  await using directory = await TemporaryDirectory.with({ large: LARGE });
  await using role = await server(directory, "--load-report=off");
  assertEquals(await loadAt(role), undefined);
  assertRefused(await runRole("server", ["--load-report=yes"]), 2, /on or off is accepted/);
  const { stdout } = await runRole("server", ["--help"]);
  assertMatch(stdout, /--load-report=on\|off/);
});

Deno.test("balancer shows what servers say of their load, and no lies", async () => {
  await using directory = await TemporaryDirectory.with({ large: LARGE });
  await using real = await server(directory);
  await using silent = await server(directory, "--load-report=off");
  const field = "Endpoint-Load-Metrics: TEXT named_metrics.open_transfers=";
  await using modest = new FakeServer(answering("200 OK", "test", `${field}17`));
  await using liar = new FakeServer(answering("200 OK", "test", `${field}9223372036854775808`));
  const readers = await slowReaders(real.port, 2);
  await untilAllSay(real, ({ openTransfers }) => openTransfers === 2);
  const before = Date.now();
  const servers = [real, silent, modest, liar].map(({ authority }) => authority);
  const options = ["--admin=127.0.0.1:0", "--log=none", "--probe-path=/test.bin?bytes=9"];
  await using balancer = await listeningRole("balancer", [...options, ...servers]);
  const adminPort = await adminPortOf(balancer);
  const [first, ...others] = (await statusAt(adminPort)).servers.map(({ load }) => load);
  const { openTransfers, pendingBytes, bytesPerSecond, at } = first!;
  assertEquals([openTransfers, typeof bytesPerSecond], [2, "number"]);
  assert(pendingBytes! > 0 && pendingBytes! < 2 * LARGE.length);
  assert(Date.parse(at!) >= before && Date.parse(at!) <= Date.now());
  assertEquals(others.map((load) => load && { ...load, at: null }), [
    null,
    { openTransfers: 17, pendingBytes: null, bytesPerSecond: null, utilization: null, at: null },
    null,
  ]);
  const metrics = new TextDecoder().decode((await askAdmin(adminPort, "/metrics")).body);
  assertMatch(metrics, /^balancer_server_load_open_transfers\{server="127[^}]*"\} 17$/m);
  for (const reader of readers) reader[Symbol.dispose]();
});

Deno.test("balancer learns the load of servers from answers about files, too", async () => {
  let openTransfers = 0;
  const field = "Endpoint-Load-Metrics: TEXT named_metrics.open_transfers=";
  await using farm = new FakeServer((conn, head) =>
    answering("200 OK", head.startsWith("HEAD") ? "" : "test", `${field}${++openTransfers}`)(
      conn,
      head,
    )
  );
  const options = ["--admin=127.0.0.1:0", "--log=none", "--check-files=after"];
  await using balancer = await listeningRole("balancer", [...options, farm.authority]);
  const adminPort = await adminPortOf(balancer);
  const load = async () => (await statusAt(adminPort)).servers[0]!.load;
  assertEquals((await load())?.openTransfers, openTransfers);
  const ofTests = openTransfers;
  using client = await RawClient.connect(balancer.port);
  await client.get("/file");
  await eventually(async () => (await load())!.openTransfers! > ofTests);
});
