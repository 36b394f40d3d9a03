// What `--admin` of server.ts shows, and the delay before it stops.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { adminPortOf, askAdmin } from "../support/balancer.ts";
import { childrenOf, eventually } from "../support/children.ts";
import { RawClient } from "../support/raw_client.ts";
import { assertRefused, type ListeningRole, listeningRole, runRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

/** More than the system buffers on its own for a client that does not read. */
const LARGE = new Uint8Array(16 * 1024 * 1024);
const SMALL = "small";

/** Workers share a port by what only Linux does. */
const isLinux = Deno.build.os === "linux";

/** A server that shows itself, and where. */
async function shown(directory: TemporaryDirectory, ...args: string[]) {
  const permissions = ["--allow-net", `--allow-read=${directory.path}`];
  if (args.includes("--workers=2")) permissions.push(`--allow-run=${Deno.execPath()}`);
  const all = ["--admin=127.0.0.1:0", "--log=none", ...args, directory.path];
  const server = await listeningRole("server", all, { permissions });
  return { server, adminPort: await adminPortOf(server) };
}

async function textAt(port: number, target: string): Promise<string> {
  const { statusCode, body } = await askAdmin(port, target);
  return `${statusCode} ${new TextDecoder().decode(body)}`;
}

/** One number of `/metrics`; undefined if it is missing. */
async function metricAt(port: number, sample: string): Promise<number | undefined> {
  const lines = (await textAt(port, "/metrics")).split("\n");
  const line = lines.find((line) => line.startsWith(`${sample} `));
  return line === undefined ? undefined : Number(line.slice(sample.length));
}

for (const workers of isLinux ? [1, 2] : [1]) {
  Deno.test(`server --admin --workers=${workers} shows what all processes send`, async () => {
    await using directory = await TemporaryDirectory.with({ large: LARGE, small: SMALL });
    await Deno.utime(directory.join("small"), 1e9, 1e9);
    const { server, adminPort } = await shown(directory, `--workers=${workers}`);
    await using _server = server;
    assertEquals(await textAt(adminPort, "/healthz"), "200 ok\n");
    for (let count = 0; count < 8; count++) {
      using client = await RawClient.connect(server.port);
      await client.get("/small");
      assertEquals((await client.get("/missing")).statusCode, 404);
    }
    using reader = await RawClient.connect(server.port);
    await reader.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    await reader.responseHead();
    const status = async () => JSON.parse((await textAt(adminPort, "/status.json")).slice(4));
    await eventually(async () => {
      const { responses, load, connections } = await status();
      return responses[200] === 8 && responses[404] === 8 && load.openTransfers === 1 &&
        connections === 1;
    });
    const { sentBytes, cache, load, isListening, certificate, descriptors } = await status();
    assert(sentBytes > 8 * SMALL.length && sentBytes < LARGE.length);
    assertEquals([cache.hits + cache.misses, cache.entries], [9, Math.min(workers, cache.entries)]);
    assert(load.pendingBytes > 0 && load.pendingBytes <= LARGE.length);
    assertEquals([isListening, certificate, descriptors], [true, null, null]);
    assertEquals(await metricAt(adminPort, 'server_responses_total{code="404"}'), 8);
    assertEquals(await metricAt(adminPort, "server_workers"), workers);
    assertEquals(await metricAt(adminPort, "server_open_fds"), undefined);
    assertMatch(await textAt(adminPort, "/"), /^200 See \/healthz/);
    assertMatch(await textAt(adminPort, "/x"), /^404 There is nothing here, but at \/healthz/);
  });
}

Deno.test({
  name: "server's counts go on where workers are replaced, and none is counted twice",
  ignore: !isLinux,
  async fn() {
    await using directory = await TemporaryDirectory.with({ small: SMALL });
    const { server, adminPort } = await shown(directory, "--workers=2");
    await using _server = server;
    for (let round = 1; round <= 2; round++) {
      for (let count = 0; count < 10; count++) {
        using client = await RawClient.connect(server.port);
        await client.get("/small");
      }
      server.process.signal("SIGHUP");
      await server.process.stderr.next(/all workers were replaced/);
      await eventually(async () => (await childrenOf(server.process.pid)).length === 2);
      const all = () => metricAt(adminPort, 'server_responses_total{code="200"}');
      await eventually(async () => await all() === 10 * round);
    }
    assertEquals(await metricAt(adminPort, "server_sent_bytes_total"), 20 * SMALL.length);
    assertEquals(await metricAt(adminPort, "server_open_connections"), 0);
  },
});

/** Whether a new client is answered. */
async function isServed({ port }: ListeningRole): Promise<boolean> {
  try {
    using client = await RawClient.connect(port);
    return (await client.get("/small")).statusCode === 200;
  } catch {
    return false;
  }
}

for (const workers of isLinux ? [1, 2] : [1]) {
  Deno.test(`server --drain-delay --workers=${workers} fails its health check, then stops`, async () => {
    await using directory = await TemporaryDirectory.with({ small: SMALL });
    const args = ["--drain-delay=3s", `--workers=${workers}`];
    const { server, adminPort } = await shown(directory, ...args);
    await using _server = server;
    const begunMs = performance.now();
    server.process.signal("SIGTERM");
    await eventually(async () =>
      await textAt(adminPort, "/healthz") === "503 the server is about to stop\n"
    );
    assert(await isServed(server) || performance.now() - begunMs >= 3000);
    assertEquals((await server.process.ended).code, 0);
    assert(performance.now() - begunMs >= 3000);
  });
}

Deno.test("server --drain-delay does not hold up SIGINT, nor a second signal", async () => {
  await using directory = await TemporaryDirectory.with();
  for (const [signals, code] of [[["SIGINT"], 0], [["SIGTERM", "SIGTERM"], 143]] as const) {
    const { server, adminPort } = await shown(directory, "--drain-delay=1h");
    await using _server = server;
    for (const signal of signals) {
      server.process.signal(signal);
      if (signals.length > 1) {
        await eventually(() =>
          textAt(adminPort, "/healthz").then((text) => text.startsWith("503"), () => true)
        );
      }
    }
    assertEquals((await server.process.ended).code, code);
  }
});

Deno.test("server --admin is refused where it cannot be", async () => {
  await using directory = await TemporaryDirectory.with();
  const { server, adminPort } = await shown(directory);
  await using _server = server;
  const run = (...args: string[]) =>
    runRole("server", ["--host=127.0.0.1", "--port=0", ...args, directory.path], {
      permissions: ["--allow-net", "--allow-read", `--allow-run=${Deno.execPath()}`],
    });
  const taken = new RegExp(`^server: port ${adminPort} is taken: choose another with --admin;`);
  const workers = isLinux ? [[], ["--workers=2"]] : [[]];
  for (const more of workers) {
    assertRefused(await run(`--admin=127.0.0.1:${adminPort}`, ...more), 1, taken);
  }
  assertRefused(await run("--admin=203.0.113.1:0"), 1, /^server: --admin=203\.0\.113\.1 is no/);
  assertRefused(await run("--admin=:65536"), 2, /an address such as 127\.0\.0\.1:9000/);
  assertRefused(await run("--drain-delay=1"), 2, /a duration from 0ms/);
  const fallback = /^server: --fallback=no\.html is no file below ROOT that can be sent\n$/;
  for (const more of workers) assertRefused(await run("--fallback=no.html", ...more), 2, fallback);
});
