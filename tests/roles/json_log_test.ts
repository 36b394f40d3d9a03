import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ListedBalancer, said } from "../support/balancer.ts";
import { answering, FakeServer } from "../support/fake_server.ts";
import { fileServer } from "../support/file_server.ts";
import type { Process } from "../support/process.ts";
import { RawClient } from "../support/raw_client.ts";
import { countRedirects } from "../support/redirects.ts";
import { listeningRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const FIT = answering("200 OK", "test");
const UNFIT = answering("404 Not Found", "no");

/** A line of a log, as a program reads it. */
interface Line {
  readonly time: string;
  readonly event: string;
  readonly server: string | null;
  readonly [name: string]: unknown;
}

/** Every line of a text as a value with a time of its own. */
function parsed(lines: readonly string[]): Line[] {
  return lines.map((line) => {
    const value: Line = JSON.parse(line);
    assertEquals(new Date(value.time).toISOString(), value.time, line);
    return value;
  });
}

/** What it said of a server on standard error. */
function saidOf({ stderr }: Process, server: string): Omit<Line, "time" | "server">[] {
  return parsed(stderr.lines).filter((line) => line.server === server).map((line) => {
    const { time: _, server: __, ...others } = line;
    return others;
  });
}

Deno.test("balancer --log=json names the server of each redirect, and null for nobody", async () => {
  await using farm = new FakeServer(FIT);
  await using balancer = await ListedBalancer.start([farm.authority], ["--log=json"]);
  await countRedirects(balancer.port, 3);
  using client = await RawClient.connect(balancer.port);
  await client.send('POST /"x" HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n');
  await client.response();
  balancer.process.signal("SIGTERM");
  assertEquals((await balancer.process.ended).code, 0);
  const [first, ...log] = balancer.process.stdout.lines;
  assert(first!.startsWith("listening on http://"));
  const lines = parsed(log);
  assertEquals(
    lines.map(({ statusCode, server, requestLine }) => [statusCode, server, requestLine]),
    [
      ...Array(3).fill([301, farm.authority, "GET /file HTTP/1.1"]),
      [405, null, 'POST /"x" HTTP/1.1'],
    ],
  );
  for (const { client, elapsedMs } of lines) {
    assertEquals([client, typeof elapsedMs], ["127.0.0.1", "number"]);
  }
});

/** Content of a file, and when it was modified. */
const OLD = ["old", 1_700_000_000] as const;
const RECENT = ["newer", 1_767_323_045] as const;

Deno.test("balancer --log=json tells once that versions differ, and names nobody for files that all lack", async () => {
  await using servers = new AsyncDisposableStack();
  const authorities: string[] = [];
  for (const [text, epochSeconds] of [OLD, RECENT, OLD, OLD]) {
    const { role, root } = servers.use(await fileServer({ "a<b>.txt": text }));
    await Deno.utime(root.join("a<b>.txt"), epochSeconds, epochSeconds);
    authorities.push(`127.0.0.1:${role.port}`);
  }
  await using balancer = await ListedBalancer.start(
    authorities,
    ["--log=json", "--check-files=before", "--check-timeout=1m"],
  );
  const ask = async (target: string) => {
    using client = await RawClient.connect(balancer.port);
    return (await client.get(target)).statusCode;
  };
  const target = "/a%3Cb%3E.txt";
  assertEquals([await ask(target), await ask("/<none>")], [301, 404]);
  await said(balancer, '"event":"versions"');
  assertEquals([await ask(target), await ask("/<none>")], [301, 404]);
  balancer.process.signal("SIGTERM");
  assertEquals((await balancer.process.ended).code, 0);
  const events = parsed(balancer.process.stderr.lines).filter(({ event }) => event === "versions");
  const [first, second, ...others] = authorities;
  const found = [
    { bytes: 3, lastModified: "2023-11-14T22:13:20.000Z", servers: [first, ...others] },
    { bytes: 5, lastModified: "2026-01-02T03:04:05.000Z", servers: [second] },
  ];
  assertEquals(events.length, 1);
  const versions = (events[0]!.versions as typeof found).map((it) => ({
    ...it,
    servers: it.servers.toSorted((a, b) => authorities.indexOf(a!) - authorities.indexOf(b!)),
  }));
  assertEquals([events[0]!.target, versions], [target, found]);
  const missing = parsed(balancer.process.stdout.lines.slice(1)).filter(({ requestLine }) =>
    requestLine === "GET /<none> HTTP/1.1"
  );
  assertEquals(missing.map(({ statusCode, server }) => [statusCode, server]), [
    [404, null],
    [404, null],
  ]);
});

Deno.test("balancer --log=json tells every change of a server's state, its reason and numbers", async () => {
  await using steady = new FakeServer(FIT);
  await using wavering = new FakeServer(FIT);
  const { authority } = wavering;
  const args = ["--log=json", "--interval=100ms", "--fall=2", "--rise=2"];
  await using balancer = await ListedBalancer.start([steady.authority, authority], args);
  wavering.answer = UNFIT;
  await said(balancer, `"out","server":"${authority}"`);
  await said(balancer, '"event":"round","servers":2,"available":1,');
  wavering.answer = FIT;
  await said(balancer, `"returned","server":"${authority}"`);
  await said(balancer, '"event":"round","servers":2,"available":2,');
  balancer.process.signal("SIGTERM");
  assertEquals((await balancer.process.ended).code, 0);

  const [available, failing, out, recovering, returned, ...more] = saidOf(
    balancer.process,
    authority,
  );
  const reason = "it answered 404 Not Found";
  assertEquals([available!.event, available!.bytes], ["available", 4]);
  assertEquals(typeof available!.elapsedMs, "number");
  assertEquals(failing, { event: "failing", reason, streak: 1, fall: 2 });
  assertEquals(out, { event: "out", reason, streak: 2, fall: 2, excludedReason: "out" });
  assertEquals(recovering, { event: "recovering", streak: 1, rise: 2 });
  assertEquals([returned!.event, returned!.bytes, returned!.streak], ["returned", 4, 2]);
  assert(returned!.outMs as number >= 0);
  assertEquals(more, []);
  const rounds = parsed(balancer.process.stderr.lines).filter(({ event }) => event === "round");
  for (const { fastest, available } of rounds) {
    assertEquals((fastest as unknown[]).length, available);
  }
});

Deno.test({
  name: "balancer --log=json tells what a new list changes",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using old = new FakeServer(FIT);
    await using added = new FakeServer(FIT);
    await using balancer = await ListedBalancer.start([old.authority], ["--log=json"]);
    await balancer.write(added.authority);
    balancer.process.signal("SIGHUP");
    await said(balancer, `"available","server":"${added.authority}"`);
    await balancer.write("nonsense");
    balancer.process.signal("SIGHUP");
    await said(balancer, '"unchanged"');
    balancer.process.signal("SIGTERM");
    assertEquals((await balancer.process.ended).code, 0);
    const events = (server: string) => saidOf(balancer.process, server).map(({ event }) => event);
    assertEquals(events(old.authority), ["available", "unlisted"]);
    assertEquals(events(added.authority), ["listed", "available"]);
    const lines = parsed(balancer.process.stderr.lines);
    const { servers, added: news, removed } = lines.find(({ event }) => event === "reread")!;
    assertEquals([servers, news, removed], [1, 1, 1]);
    const unchanged = lines.find(({ event }) => event === "unchanged")!;
    assertStringIncludes(`${unchanged.reason}`, `${balancer.list}:1: "nonsense" has no port`);
  },
});

Deno.test("server --log=json says in JSON what happens to it, as the balancer does", async () => {
  await using directory = await TemporaryDirectory.with();
  const args = ["--log=json", "--max-connections=1", directory.path];
  await using server = await listeningRole("server", args);
  {
    using client = await RawClient.connect(server.port);
    await client.get("/none");
    await said(server, '"event":"notice","message":"1 connections are open');
  }
  server.process.signal("SIGTERM");
  assertEquals((await server.process.ended).code, 0);
  const [notice, ...others] = parsed(server.process.stderr.lines);
  assertEquals([notice!.event, others], ["notice", []]);
  const [, ...log] = server.process.stdout.lines;
  assertEquals(parsed(log).map(({ statusCode, server }) => [statusCode, server]), [
    [404, undefined],
  ]);
});
