import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { keepAsking } from "../support/crowd.ts";
import { type Answer, answering, FakeServer, hanging, saying } from "../support/fake_server.ts";
import { RawClient } from "../support/raw_client.ts";
import { countRedirects } from "../support/redirects.ts";
import { listeningRole } from "../support/role.ts";

const FIT = answering("200 OK", "test");

/** A head that promises content, and then nothing. */
const stalling: Answer = async (conn, requestHead) => {
  const head = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
  await conn.write(new TextEncoder().encode(head));
  await hanging(conn, requestHead);
};

/** What a tested server may do in place of a whole 200, and the reason that is given for it. */
const FAULTS: readonly (readonly [Answer, RegExp])[] = [
  [answering("404 Not Found", "no"), /it answered 404 Not Found$/],
  [answering("503 Service Unavailable", "no"), /it answered 503 Service Unavailable$/],
  [answering("301 Moved Permanently", "", "Location: /other.bin"), /it answered 301 Moved/],
  [answering("206 Partial Content", "te", "Content-Range: bytes 0-1/4"), /it answered 206/],
  [saying("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"), /closed after 5 of 9 bytes$/],
  [answering("200 OK", ""), /its test file is empty/],
  [saying("HTTP/1.1 200 OK\r\n\r\nendless?"), /it gave no length/],
  [saying("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ntest\r\n"), /after 4 bytes$/],
  [saying("HTTP/1.1 200 OK\r\nContent-Le"), /closed in the middle of the head$/],
  [saying("220 mail.example ESMTP\r\n\r\n"), /the answer is not HTTP\/1\.1: /],
  [saying(""), /closed without an answer$/],
  [hanging, /the head did not arrive in time$/],
  [stalling, /no content arrived in time$/],
];

Deno.test("balancer takes a server that fails a test off the list for good", async () => {
  await using stack = new AsyncDisposableStack();
  const farm = FAULTS.map(() => stack.use(new FakeServer(FIT)));
  const last = stack.use(new FakeServer(FIT));
  const servers = [...farm, last].map(({ authority }) => authority);
  await using balancer = await listeningRole("balancer", [
    ...["--interval=200ms", "--probe-timeout=1s"],
    ...servers,
  ]);
  const { stderr } = balancer.process;
  for (const [i, [answer]] of FAULTS.entries()) farm[i]!.answer = answer;
  await stderr.next(
    new RegExp(`tested, fastest first: ${last.authority} [0-9.]+ ms \\(100.0 %\\); 1 of 14 are`),
  );
  for (const [i, [, reason]] of FAULTS.entries()) {
    const out = `balancer: ${farm[i]!.authority} is out: `;
    const said = stderr.lines.filter((line) => line.startsWith(out));
    assertEquals(said.length, 1, stderr.text);
    assertMatch(said[0]!, reason);
  }

  for (const server of farm) server.answer = FIT;
  const asked = () => farm.map(({ requestHeads }) => requestHeads.length);
  const before = asked();
  for (let round = 0; round < 3; round++) await stderr.next(/tested/);
  assertEquals(asked(), before, "a server that is out was tested again");
  assertEquals(await serversOf(balancer.port, 200), new Set([last.authority]));
});

Deno.test("balancer without servers answers 503 and goes on", async () => {
  await using farm = new FakeServer(FIT);
  const args = ["--interval=100ms", farm.authority];
  await using balancer = await listeningRole("balancer", args);
  farm.answer = answering("404 Not Found", "no");
  await balancer.process.stderr.next(/no server is available/);
  farm.answer = FIT;
  const asked = farm.requestHeads.length;
  using client = await RawClient.connect(balancer.port);
  for (let request = 0; request < 2; request++) {
    const { head, fields, body } = await client.get("/foo.html");
    assertMatch(head, /^HTTP\/1\.1 503 Service Unavailable\r\n/);
    assertMatch(fields.get("retry-after") ?? "", /^[0-9]+$/);
    assertEquals(fields.get("cache-control"), "no-store");
    assertEquals(fields.has("location"), false);
    assertStringIncludes(new TextDecoder().decode(body), "<h1>503 Service Unavailable</h1>");
  }
  assertEquals(farm.requestHeads.length, asked, "a server that is out was tested again");
});

Deno.test("balancer sends nobody to a server that was killed, from the next round on", async () => {
  await using lasting = await listeningRole("server", ["--log=none"]);
  await using killed = await listeningRole("server", ["--log=none"]);
  const args = ["--interval=200ms", lasting.authority, killed.authority];
  await using balancer = await listeningRole("balancer", args);
  const both = new Set([lasting.authority, killed.authority]);
  assertEquals(await serversOf(balancer.port, 200), both);

  killed.process.signal("SIGKILL");
  await balancer.process.stderr.next(new RegExp(`${killed.authority} is out: the connection was `));
  assertEquals(await serversOf(balancer.port, 200), new Set([lasting.authority]));
  await balancer.process.stderr.next(/tested, fastest first: .*\(100\.0 %\)/);
});

Deno.test("balancer tests again every interval while nobody comes", async () => {
  await using farm = new FakeServer(FIT);
  const args = ["--interval=100ms", farm.authority];
  await using balancer = await listeningRole("balancer", args);
  for (let round = 1; round <= 4; round++) {
    await balancer.process.stderr.next(/tested/);
    assert(farm.requestHeads.length >= round);
  }
});

Deno.test("balancer tests again every interval while clients come without a pause", async () => {
  await using farm = new FakeServer(FIT);
  const args = ["--log=none", "--interval=200ms", farm.authority];
  await using balancer = await listeningRole("balancer", args);
  const stop = new AbortController();
  const crowd = { clients: 3, isPersistent: false, statusCode: 301 };
  const asking = keepAsking(balancer.port, "/x", crowd, stop.signal);
  try {
    for (let round = 1; round <= 4; round++) await balancer.process.stderr.next(/tested/);
  } finally {
    stop.abort();
  }
  const { answered, failures } = await asking;
  assertEquals(failures, []);
  assert(answered > 0);
  assert(farm.requestHeads.length >= 4);
});

Deno.test("balancer makes no client wait for a test that hangs", async () => {
  await using fit = new FakeServer(FIT);
  await using slow = new FakeServer(FIT);
  const intervalMs = 50;
  const args = [`--interval=${intervalMs}ms`, "--probe-timeout=1h", fit.authority, slow.authority];
  await using balancer = await listeningRole("balancer", args);
  const { promise: hangs, resolve: nowHangs } = Promise.withResolvers<void>();
  slow.answer = (conn, requestHead) => {
    nowHangs();
    return hanging(conn, requestHead);
  };
  await hangs;
  const asked = slow.requestHeads.length;
  // Rounds fall due, and none may begin before this one has ended.
  const end = performance.now() + 10 * intervalMs;
  do {
    using client = await RawClient.connect(balancer.port);
    assertEquals((await client.get("/x")).statusCode, 301);
  } while (performance.now() < end);
  assertEquals(slow.requestHeads.length, asked, "two rounds ran at a time");
});

/** The servers that so many redirects led to. */
async function serversOf(port: number, count: number): Promise<Set<string>> {
  return new Set((await countRedirects(port, count)).keys());
}
