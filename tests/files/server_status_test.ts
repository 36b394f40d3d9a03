import { assert, assertEquals } from "@std/assert";
import { Process } from "../support/process.ts";
import { serverMetrics, serverPages } from "../../lib/files/server_admin.ts";
import { type ServerStatus, serverStatus, statusText } from "../../lib/files/server_status.ts";
import { NO_LOAD } from "../../lib/net/load_meter.ts";
import { madeUpServer } from "./made_up_server.ts";
import { contentOf, requestFor } from "../support/replies.ts";

Deno.test("serverStatus() adds nothing to what is not yet reported", async () => {
  const [draining, stopping] = [new AbortController(), new AbortController()];
  const sources = {
    processes: { pids: [], load: NO_LOAD, counts: { totals: { sentBytes: 5 }, levels: {} } },
    frontend: { isListening: false },
    certificate: undefined,
    stop: { draining: draining.signal, signal: stopping.signal },
    constants: { version: "1.2.3", startedAt: 1, workers: 2 },
  };
  const nothing = await serverStatus(sources, 7);
  assertEquals(nothing, {
    ...{ at: 7, version: "1.2.3", startedAt: 1, workers: 2, isListening: false },
    ...{ isDraining: false, isStopping: false, connections: 0, load: NO_LOAD, responses: {} },
    ...{ sentBytes: 5, cache: { hits: 0, misses: 0, entries: 0, bytes: 0 } },
    ...{ descriptors: null, certificate: null },
  });
  draining.abort();
  assertEquals((await serverStatus(sources, 7)).isDraining, true);
  stopping.abort();
  const { isDraining, isStopping } = await serverStatus(sources, 7);
  assertEquals([isDraining, isStopping], [false, true]);
});

Deno.test({
  name: "serverStatus() tells descriptors of the processes that still run",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const { signal } = new AbortController();
    const status = (pids: readonly number[]) =>
      serverStatus({
        processes: { pids, load: NO_LOAD, counts: { totals: {}, levels: {} } },
        frontend: { isListening: true },
        certificate: undefined,
        stop: { draining: signal, signal },
        constants: { version: "1.2.3", startedAt: 1, workers: 1 },
      }, 7);
    // Another process than that of the tests, whose descriptors come and go.
    const waiting = "console.log(1); setInterval(() => {}, 1e6)";
    await using child = new Process(Deno.execPath(), ["eval", waiting]);
    await child.stdout.next(/1/);
    const open = await Array.fromAsync(Deno.readDir(`/proc/${child.pid}/fd`));
    const { descriptors } = await status([child.pid, 0x7fff_ffff]);
    assertEquals(descriptors!.open, open.length);
    assert(descriptors!.limit >= open.length);
  },
});

Deno.test("statusText() has times as in ISO 8601, and all under these names", () => {
  assertEquals(JSON.parse(statusText(madeUpServer({ descriptors: null }))), {
    ...madeUpServer(),
    at: "2026-01-02T00:00:00.000Z",
    startedAt: "2026-01-01T23:59:55.000Z",
    load: { openTransfers: 1, pendingBytes: 70, bytesPerSecond: 0, utilization: 0.333 },
    descriptors: null,
    certificate: { validFrom: "2026-01-01T23:59:59.000Z", expiresAt: "2026-01-02T00:00:01.000Z" },
  });
});

Deno.test("serverMetrics() has these metrics and no others", () => {
  const samplesOf = (status: ServerStatus) =>
    serverMetrics(status).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const optional = [
    "server_open_fds 20",
    "server_max_fds 1024",
    "server_certificate_expiry_timestamp_seconds 1767312001",
  ];
  const all = [
    'server_build_info{version="1.2.3"} 1',
    "server_start_time_seconds 1767311995",
    "server_listening 1",
    "server_draining 0",
    "server_stopping 0",
    "server_workers 2",
    "server_open_connections 3",
    "server_open_transfers 1",
    "server_pending_bytes 70",
    "server_sent_bytes_total 1234",
    "server_cache_hits_total 4",
    "server_cache_misses_total 1",
    "server_cache_entries 1",
    "server_cache_bytes 10",
    ...optional,
    'server_responses_total{code="200"} 5',
    'server_responses_total{code="404"} 1',
  ];
  assertEquals(samplesOf(madeUpServer()), all);
  assertEquals(
    samplesOf(madeUpServer({ descriptors: null, certificate: null })),
    all.filter((line) => !optional.includes(line)),
  );
});

Deno.test("serverPages() says by /healthz whether clients are to come, also to OPTIONS", async () => {
  const rows = [
    [{}, 200, "ok\n"],
    [{ isListening: false }, 503, "no process listens for clients\n"],
    [{ isDraining: true }, 503, "the server is about to stop\n"],
    [{ isStopping: true, isListening: false }, 503, "the server is stopping\n"],
  ] as const;
  for (const [more, statusCode, text] of rows) {
    const pages = serverPages(() => Promise.resolve(madeUpServer(more)), true);
    for (const method of ["GET", "HEAD", "OPTIONS"]) {
      const request = requestFor("/healthz", "", method);
      assertEquals(pages.replyToMethod(request), undefined);
      const reply = await pages.handle(request);
      assertEquals([reply.statusCode, await contentOf(reply)], [statusCode, text]);
    }
    assertEquals(pages.replyToMethod(requestFor("/metrics", "", "OPTIONS"))!.statusCode, 204);
    assertEquals(pages.replyToMethod(requestFor("/healthz", "", "POST"))!.statusCode, 405);
    const foreign = await pages.handle(requestFor("/metrics", "Host: example.org\r\n"));
    assertEquals(foreign.statusCode, 403);
  }
});
