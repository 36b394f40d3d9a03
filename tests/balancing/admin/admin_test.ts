import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Admin } from "../../../lib/balancing/admin/admin.ts";
import type { FarmStatus } from "../../../lib/balancing/status.ts";
import { type RawReply, replyOf } from "../../support/raw_reply.ts";
import { Serving } from "../../support/serving.ts";
import { HandTicker } from "./hand_ticker.ts";
import { farmStatus, out, serverStatus, whyDocument } from "./made_up_farm.ts";
import type { WhyDocument } from "../../../lib/balancing/why.ts";

/** An admin side behind a listener. */
class ServedAdmin implements AsyncDisposable {
  status: FarmStatus = farmStatus();
  why: Partial<WhyDocument> = {};
  readonly ticker = new HandTicker();
  readonly errors: unknown[] = [];
  readonly admin = new Admin(() => this.status, {
    isLoopback: true,
    explain: (client, target) => whyDocument({ client, target, ...this.why }),
    onError: (error) => this.errors.push(error),
    ticker: this.ticker.start,
  });
  readonly serving = new Serving(this.admin.handle, {
    replyToMethod: this.admin.replyToMethod,
  });

  async ask(target: string, method = "GET", host = "127.0.0.1:9000"): Promise<RawReply> {
    const text = await this.serving.exchange(request(target, method, host));
    return replyOf(text, method);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.admin.close();
    await this.serving[Symbol.asyncDispose]();
  }
}

function request(target: string, method = "GET", host = "127.0.0.1:9000"): string {
  return `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
}

const TYPES = {
  "/": "text/html; charset=utf-8",
  "/page.css": "text/css; charset=utf-8",
  "/page.js": "text/javascript; charset=utf-8",
  "/healthz": "text/plain; charset=utf-8",
  "/status.json": "application/json",
  "/metrics": "text/plain; version=0.0.4; charset=utf-8",
};

Deno.test("Admin.handle() answers each path with its type and the same strict fields", async () => {
  await using served = new ServedAdmin();
  for (const [path, type] of Object.entries(TYPES)) {
    const { statusCode, fields, content } = await served.ask(path);
    assertEquals([statusCode, fields.get("content-type")], [200, type], path);
    assert(content.length > 0);
    assertEquals(fields.get("cache-control"), "no-store");
    assertEquals(fields.get("x-content-type-options"), "nosniff");
    assertEquals(fields.get("x-frame-options"), "DENY");
    assertEquals(fields.get("referrer-policy"), "no-referrer");
    assertMatch(fields.get("content-security-policy")!, /^default-src 'none'; script-src 'self'; /);
    assertEquals(fields.has("access-control-allow-origin"), false);
  }
});

Deno.test("Admin.handle() has all files that the page and its scripts name", async () => {
  await using served = new ServedAdmin();
  const waiting = ["/"];
  const seen = new Set<string>();
  for (const path of waiting) {
    if (seen.has(path)) continue;
    seen.add(path);
    const { statusCode, content } = await served.ask(path);
    assertEquals(statusCode, 200, path);
    for (const [, name] of content.matchAll(/["'.\/](page\w*\.(?:js|css))"/g)) {
      waiting.push(`/${name}`);
    }
  }
  assert(seen.size > 3);
});

Deno.test("Admin.handle() answers HEAD without content, and a query makes no difference", async () => {
  await using served = new ServedAdmin();
  for (const path of [...Object.keys(TYPES), "/events"]) {
    const { statusCode, content } = await served.ask(`${path}?x=1`, "HEAD");
    assertEquals([statusCode, content], [200, ""], path);
  }
  assertEquals(served.ticker.listeners, 0);
});

Deno.test("Admin.handle() answers 404 for anything else, and 405 for other methods", async () => {
  await using served = new ServedAdmin();
  for (const path of ["/x", "/page", "//", "/healthz/", "/Healthz", "/%68ealthz", "/../"]) {
    assertEquals((await served.ask(path)).statusCode, 404, path);
  }
  assertEquals((await served.ask("/healthz", "POST")).statusCode, 405);
});

Deno.test("Admin.handle() refuses names of others in Host", async () => {
  await using served = new ServedAdmin();
  for (const path of [...Object.keys(TYPES), "/events", "/x"]) {
    assertEquals((await served.ask(path, "GET", "example.org:9000")).statusCode, 403, path);
  }
});

Deno.test("Admin.handle() tells how it stands now", async () => {
  await using served = new ServedAdmin();
  assertEquals((await served.ask("/healthz")).content, "ok\n");
  served.status = farmStatus([out("refused")]);
  const { statusCode, content } = await served.ask("/healthz");
  assertEquals([statusCode, content], [503, "no server is available: 1 out\n"]);
  assertEquals(JSON.parse((await served.ask("/status.json")).content).servers[0].state, "out");
  assertStringIncludes(
    (await served.ask("/metrics")).content,
    'balancer_server_state{server="web1:8000",state="out"} 1\n',
  );
});

Deno.test("Admin.handle() sends what is not ASCII as UTF-8", async () => {
  await using served = new ServedAdmin();
  served.status = farmStatus([out("kaputt – ü")]);
  const { content } = await served.ask("/status.json");
  const octets = Uint8Array.from(content, (character) => character.charCodeAt(0));
  const { servers } = JSON.parse(new TextDecoder().decode(octets));
  assertEquals(servers[0].reason, "kaputt – ü");
});

Deno.test("Admin sends events as they happen, and ends them when it is closed", async () => {
  await using served = new ServedAdmin();
  using client = await served.serving.connect();
  await client.send(request("/events"));
  const head = await client.receiveUntil("\r\n\r\n");
  assertMatch(head, /^HTTP\/1\.1 200 /);
  assertMatch(head, /^Content-Type: text\/event-stream\r$/m);
  assertStringIncludes(await client.receiveUntil("\n\n"), '"redirects":1234,');
  served.status = farmStatus([serverStatus()], { redirects: 5678 });
  served.ticker.pass();
  assertStringIncludes(await client.receiveUntil("\n\n"), '"redirects":5678,');
  served.ticker.pass(15);
  assertStringIncludes(await client.receiveUntil("\n\n"), "event: ping\n");
  served.status = farmStatus([serverStatus()], { isStopping: true });
  served.admin.close();
  assertStringIncludes(await client.receiveUntil("\r\n0\r\n\r\n"), '"isStopping":true');
  assertEquals((await served.ask("/events")).statusCode, 503);
});

Deno.test("Admin's streams do not keep a service from draining", async () => {
  await using served = new ServedAdmin();
  using client = await served.serving.connect();
  await client.send(request("/events"));
  await client.receiveUntil("\n\n");
  const drained = served.serving.service.drain(30_000);
  served.admin.close();
  await client.receiveAll();
  client[Symbol.dispose]();
  await drained;
});

Deno.test("Admin notices clients that are gone, though nothing changes", async () => {
  await using served = new ServedAdmin();
  for (let index = 0; index < 3; index++) {
    using client = await served.serving.connect();
    await client.send(request("/events"));
    await client.receiveUntil("\n\n");
  }
  while (served.ticker.listeners > 0) {
    served.ticker.pass(15);
    await served.ask("/healthz");
  }
});

Deno.test("Admin goes on answering, and opens streams, while nobody reads 100 of them", async () => {
  await using served = new ServedAdmin();
  using clients = new DisposableStack();
  const open = async () => {
    const client = clients.use(await served.serving.connect());
    await client.send(request("/events"));
    assertMatch(await client.receiveUntil("\r\n\r\n"), /^HTTP\/1\.1 200 /);
    return client;
  };
  for (let index = 0; index < 100; index++) await open();
  for (let redirects = 0; redirects < 50; redirects++) {
    const name = `${"x".repeat(50_000)}:1`;
    served.status = farmStatus([serverStatus({ name })], { redirects });
    served.ticker.pass();
  }
  assertEquals((await served.ask("/healthz")).content, "ok\n");
  const another = await open();
  assertStringIncludes(await another.receiveUntil("\n\n"), '"redirects":49,');
  assertEquals(served.errors, []);
});

Deno.test("Admin answers OPTIONS of /healthz as GET, and changes nothing elsewhere", async () => {
  await using served = new ServedAdmin();
  const statusOf = async (target: string, method: string, host?: string) =>
    (await served.ask(target, method, host)).statusCode;
  for (const target of ["/healthz", "/healthz?a"]) {
    assertEquals(await statusOf(target, "OPTIONS"), 200);
    served.status = { ...farmStatus(), servers: [] };
    const { statusCode, content } = await served.ask(target, "OPTIONS");
    assertEquals([statusCode, content], [503, "no server is available: the list is empty\n"]);
    served.status = farmStatus();
  }
  for (const target of ["/", "/status.json", "/metrics", "/events", "/none", "/healthz/"]) {
    const { statusCode, fields, content } = await served.ask(target, "OPTIONS");
    assertEquals([statusCode, fields.get("allow"), content], [204, "GET, HEAD, OPTIONS", ""]);
  }
  for (const method of ["POST", "PUT", "DELETE", "PATCH"]) {
    for (const target of ["/", "/healthz"]) assertEquals(await statusOf(target, method), 405);
  }
  assertEquals(await statusOf("/healthz", "OPTIONS", "evil.example"), 403);
});

Deno.test("Admin.handle() explains at /why what a client would be answered", async () => {
  await using served = new ServedAdmin();
  served.why = {
    tier: "zone",
    place: { zone: "campus", country: "de" },
    servers: [
      { name: "a:1", probability: 0.75, reason: null, failure: null, since: null },
      {
        name: "<b>:1",
        probability: 0,
        reason: "out",
        failure: "the connection was <refused>",
        since: "2026-01-02T03:04:05.000Z",
      },
    ],
  };
  const page = await served.ask("/why?client=192.0.2.7&target=/x%3Fa%26%3Cb%3E");
  assertEquals([page.statusCode, page.fields.get("content-type")], [200, TYPES["/"]]);
  for (
    const text of [
      'value="192.0.2.7"',
      'value="/x?a&amp;&lt;b&gt;"',
      "with probability 0.750",
      "one of the servers of its zone",
      "campus, de",
      "&lt;b&gt;:1",
      "out: the connection was &lt;refused&gt;, since 2026-01-02T03:04:05.000Z",
    ]
  ) assertStringIncludes(page.content, text);
  assertEquals((await served.ask("/why")).content.includes("<form"), true);
});

Deno.test("Admin.handle() gives the explanation as JSON where that is preferred", async () => {
  await using served = new ServedAdmin();
  const text = "GET /why?client=2001:DB8:0::1 HTTP/1.1\r\nHost: 127.0.0.1\r\n" +
    "Accept: application/json\r\n\r\n";
  const { fields, content } = replyOf(await served.serving.exchange(text), "GET");
  assertEquals(fields.get("content-type"), "application/json");
  assertEquals(JSON.parse(content), whyDocument({ client: "2001:db8::1" }));
});

Deno.test("Admin.handle() explains nothing for what is no address or no target", async () => {
  await using served = new ServedAdmin();
  const queries = [
    "client=",
    "client=web1",
    "client=1.2.3",
    "client=999.1.1.1",
    "client=1.2.3.4&target=x",
  ];
  for (const query of [...queries, "client=::g", "client=1.2.3.4&target=/%00"]) {
    const { statusCode, content } = await served.ask(`/why?${query}`);
    assertEquals([statusCode, content.split("\n").length], [400, 2], query);
  }
});
