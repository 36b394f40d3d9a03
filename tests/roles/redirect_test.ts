import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { LOCATIONS } from "../cases/locations.ts";
import { answering, FakeServer } from "../support/fake_server.ts";
import { RawClient } from "../support/raw_client.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { replyOf } from "../support/raw_reply.ts";
import { hasIpv6, listeningRole, portOf, runRole, startRole } from "../support/role.ts";

const FIT = answering("200 OK", "test");

/** Targets whose Location is `http://` and the server and the target, byte for byte. */
const KEPT: readonly string[] = [
  "/",
  "/foo.html",
  "/a/b/c.iso",
  "/%2F%2f%20%20",
  "/%C3%A9/%zz/%",
  "/a+b;c,d:e@f~g",
  "/!$&'()*=",
  "/?a=b?c=d&&e=%26",
  "/trailing?",
  "//evil.example/x",
  "///",
  "/a//b",
  "/a/../b/./c",
  "/%2e%2e/%2E%2E",
  "/CaSe/IS/kept.HTML",
  "/@evil.example:80/",
  `/${"long/".repeat(1000)}`,
];

/** Absolute-form targets, and what is left of them. */
const ABSOLUTE: readonly (readonly [requestTarget: string, target: string])[] = [
  ["http://evil.example/foo.html?a=b", "/foo.html?a=b"],
  ["http://evil.example:81//x", "//x"],
  ["http://evil.example", "/"],
  ["http://evil.example?a", "/?a"],
  ["HTTP://EVIL.example/CaSe", "/CaSe"],
];

/** Requests that nobody may be redirected by, and the answer's status code. */
const REFUSED: readonly (readonly [request: string, statusCode: number])[] = [
  ["GET /\x80 HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["GET /a\rX: y HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["GET /#fragment HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["GET foo.html HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["GET / HTTP/1.1\r\n\r\n", 400],
  ["GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400],
  [`GET /${"x".repeat(9000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414],
  ["BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501],
  ["GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505],
];

Deno.test("balancer redirects, and refuses what it cannot redirect", async (t) => {
  await using farm = new FakeServer(FIT);
  await using balancer = await listeningRole("balancer", [farm.authority]);

  await t.step("redirects to a server and the request-target, as a URI", async () => {
    using client = await RawClient.connect(balancer.port);
    const encoded = LOCATIONS.map(({ raw, location }) => [raw, location] as const);
    for (
      const [requestTarget, target] of [
        ...KEPT.map((it) => [it, it] as const),
        ...ABSOLUTE,
        ...encoded,
      ]
    ) {
      const { statusCode, head, fields } = await client.get(requestTarget);
      assertMatch(head, /^HTTP\/1\.1 301 Moved Permanently\r\n/);
      assertEquals(statusCode, 301);
      assertEquals(fields.get("location"), `http://${farm.authority}${target}`, requestTarget);
    }
  });

  await t.step("lets nobody keep a redirect, and says in HTML where it leads", async () => {
    using client = await RawClient.connect(balancer.port);
    const { fields, body } = await client.get('/?a="<b>&c');
    assertEquals(fields.get("cache-control"), "no-store");
    assertEquals(fields.get("content-type"), "text/html; charset=utf-8");
    assertEquals(fields.get("content-length"), `${body.length}`);
    const page = new TextDecoder().decode(body);
    assertStringIncludes(page, "<title>301 Moved Permanently</title>");
    const escaped = `http://${farm.authority}/?a=&quot;&lt;b&gt;&amp;c`;
    assertStringIncludes(page, `<a href="${escaped}">`);
  });

  await t.step("answers HEAD as GET but without a body", async () => {
    using client = await RawClient.connect(balancer.port);
    const withoutDate = (head: string) => head.replace(/^Date: .*\r\n/m, "");
    const get = await client.get("/foo.html");
    await client.send("HEAD /foo.html HTTP/1.1\r\nHost: a\r\n\r\n");
    const head = await client.response("HEAD");
    assertEquals(withoutDate(head.head), withoutDate(get.head));
    // Had a body been sent, it would stand where the next status line is looked for.
    assertEquals((await client.get("/foo.html")).statusCode, 301);
  });

  await t.step("never lets the Host field decide where a client is sent", async () => {
    using client = await RawClient.connect(balancer.port);
    await client.send("GET /x HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    const { fields } = await client.response();
    assertEquals(fields.get("location"), `http://${farm.authority}/x`);
  });

  await t.step("refuses methods that are not for reading with 405 and Allow", async () => {
    using client = await RawClient.connect(balancer.port);
    for (const method of ["POST", "PUT", "DELETE", "PATCH"]) {
      // The body is a request: were it not read away, it would be answered.
      const body = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
      const length = `Content-Length: ${body.length}`;
      await client.send(`${method} /x HTTP/1.1\r\nHost: a\r\n${length}\r\n\r\n${body}`);
      const { statusCode, fields } = await client.response();
      assertEquals(statusCode, 405);
      assertMatch(fields.get("allow") ?? "", /^GET, HEAD\b/);
      assertEquals(fields.has("location"), false);
    }
    const { fields } = await client.get("/after");
    assertEquals(fields.get("location"), `http://${farm.authority}/after`);
  });

  await t.step("answers what is no request with a page, its status and no Location", async () => {
    for (const [request, statusCode] of REFUSED) {
      using client = await RawClient.connect(balancer.port);
      await client.send(request);
      const response = await client.response();
      assertEquals(response.statusCode, statusCode, request);
      assertEquals(response.fields.has("location"), false);
      assertStringIncludes(new TextDecoder().decode(response.body), `<h1>${statusCode} `);
    }
  });
});

Deno.test("balancer --status chooses another redirect", async () => {
  await using farm = new FakeServer(FIT);
  const phrases = { 302: "Found", 303: "See Other", 307: "Temporary Redirect" };
  for (const [status, phrase] of Object.entries({ ...phrases, 308: "Permanent Redirect" })) {
    await using balancer = await listeningRole("balancer", [`--status=${status}`, farm.authority]);
    using client = await RawClient.connect(balancer.port);
    const { head, fields } = await client.get("/x");
    assertStringIncludes(`${head}\r\n`, `HTTP/1.1 ${status} ${phrase}\r\n`);
    assertEquals(fields.get("location"), `http://${farm.authority}/x`);
    assertEquals(fields.get("cache-control"), "no-store");
  }
});

Deno.test("balancer writes one line for each answer after the first line", async () => {
  await using farm = new FakeServer(FIT);
  await using balancer = await listeningRole("balancer", [farm.authority]);
  using client = await RawClient.connect(balancer.port);
  const { body } = await client.get("/a%20b");
  const line = await balancer.process.stdout.next(/^/);
  assertMatch(line, /^127\.0\.0\.1 - - \[[^\]]+\] "GET \/a%20b HTTP\/1\.1" 301 [0-9]+ [^ ]+$/);
  assertEquals(line.endsWith(` ${body.length} ${farm.authority}`), true, line);
  await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  const refused = await client.response();
  const end = ` 405 ${refused.body.length} -`;
  const second = await balancer.process.stdout.next(/^/);
  assertEquals(second.endsWith(end), true, second);
});

Deno.test({
  name: "balancer writes the brackets of an IPv6 server in Location and in Host",
  ignore: !hasIpv6,
  async fn() {
    await using farm = new FakeServer(FIT, "::1");
    const list = `[0:0::1]:${farm.port}\n`;
    await using process = startRole("balancer", ["--host=::1", "--port=0", "-"], { stdin: list });
    using client = await RawClient.connect(await portOf(process), "::1");
    const { fields } = await client.get("/x");
    assertEquals(fields.get("location"), `http://[0:0::1]:${farm.port}/x`);
    assertStringIncludes(farm.requestHeads[0] ?? "", `\r\nHost: [0:0::1]:${farm.port}\r\n`);
  },
});

Deno.test("balancer adds the fields that it is told to, to every answer", async () => {
  await using farm = new FakeServer(FIT);
  const args = ["--header=Access-Control-Allow-Origin: *", "--header", "X-A:b", farm.authority];
  await using balancer = await listeningRole("balancer", args);
  const asked = [
    ["GET / HTTP/1.1\r\nHost: a\r\n", 301],
    ["HEAD / HTTP/1.1\r\nHost: a\r\n", 301],
    ["OPTIONS / HTTP/1.1\r\nHost: a\r\nAccess-Control-Request-Method: GET\r\n", 204],
    ["POST / HTTP/1.1\r\nHost: a\r\n", 405],
    ["GET /\xff HTTP/1.1\r\nHost: a\r\n", 400],
    ["GET / HTTP/1.1\r\n", 400],
    [`GET / HTTP/1.1\r\nHost: a\r\nAvoid-Server: ${farm.authority}\r\n`, 301],
  ] as const;
  for (const [text, statusCode] of asked) {
    using client = await RawPeer.connect(balancer.port);
    await client.send(`${text}Connection: close\r\n\r\n`);
    const { fields, ...reply } = replyOf(await client.receiveAll(), text.split(" ")[0]);
    assertEquals(reply.statusCode, statusCode, text);
    assertEquals([fields.get("access-control-allow-origin"), fields.get("x-a")], ["*", "b"], text);
  }
});

Deno.test("balancer adds its fields to the 503 as well, and refuses those that server.ts refuses", async () => {
  const args = ["--rise=1", "--header=X-A: b", "127.0.0.1:1"];
  await using balancer = await listeningRole("balancer", args);
  using client = await RawClient.connect(balancer.port);
  const { statusCode, fields } = await client.get("/");
  assertEquals([statusCode, fields.get("x-a")], [503, "b"]);
  const [ours, theirs] = await Promise.all([
    runRole("balancer", ["--header=Location: /", "a:1"]),
    runRole("server", ["--header=Location: /"]),
  ]);
  assertEquals([ours.code, ours.stderr.replace(/^balancer/, "server")], [2, theirs.stderr]);
});
