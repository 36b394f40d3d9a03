import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { answering, FakeServer, hanging, saying } from "../support/fake_server.ts";
import { RawClient } from "../support/raw_client.ts";
import { countRedirects } from "../support/redirects.ts";
import {
  assertRefused,
  freePort,
  listeningRole,
  portOf,
  runRole,
  startRole,
} from "../support/role.ts";

const FIT = answering("200 OK", "test");

Deno.test("balancer accepts no client before its first round has ended", async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  await using farm = new FakeServer(async (conn, requestHead) => {
    await released;
    await FIT(conn, requestHead);
  });
  const port = freePort();
  const args = ["--host=127.0.0.1", `--port=${port}`, farm.authority];
  await using process = startRole("balancer", args);
  await farm.firstRequest();
  await assertRejects(() => RawClient.connect(port), Deno.errors.ConnectionRefused);
  assertEquals(process.stdout.text, "");
  release();
  assertEquals(await portOf(process), port);
  using client = await RawClient.connect(port);
  assertEquals((await client.get("/")).statusCode, 301);
});

Deno.test("balancer asks for the test file as an ordinary client does", async () => {
  await using farm = new FakeServer(FIT);
  await using _balancer = await listeningRole("balancer", [farm.authority]);
  const [requestHead = ""] = farm.requestHeads;
  assertMatch(requestHead, /^GET \/test\.bin HTTP\/1\.1\r\n/);
  assertStringIncludes(requestHead, `\r\nHost: ${farm.authority}\r\n`);
  assertStringIncludes(requestHead, "\r\nConnection: close\r\n");
});

Deno.test("balancer --probe-path names another test file", async () => {
  await using farm = new FakeServer(FIT);
  await using _balancer = await listeningRole("balancer", [
    "--probe-path=/some/where%20else?a=b",
    farm.authority,
  ]);
  assertMatch(farm.requestHeads[0] ?? "", /^GET \/some\/where%20else\?a=b HTTP\/1\.1\r\n/);
});

Deno.test("balancer with no server that passes gives a reason for each and ends with 1", async () => {
  await using missing = new FakeServer(answering("404 Not Found", "no"));
  await using short = new FakeServer(saying("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"));
  await using slow = new FakeServer(hanging);
  const refused = new FakeServer(FIT);
  await refused[Symbol.asyncDispose]();
  const { code, stdout, stderr } = await runRole("balancer", [
    ...["--port=0", "--probe-timeout=1s"],
    ...[missing, short, slow, refused].map(({ authority }) => authority),
  ]);
  assertMatch(stderr, new RegExp(`^balancer: ${missing.authority} is out: it answered 404`, "m"));
  assertMatch(
    stderr,
    new RegExp(`^balancer: ${short.authority} is out: .*after 2 of 5 bytes`, "m"),
  );
  assertMatch(stderr, new RegExp(`^balancer: ${slow.authority} is out: .* in time$`, "m"));
  assertMatch(stderr, new RegExp(`^balancer: ${refused.authority} is out: .* refused$`, "m"));
  assertMatch(stderr, /^balancer: no server is available$/m);
  assertEquals([code, stdout], [1, ""]);
});

Deno.test("balancer ends with 1 and one line when it cannot listen, and tests nobody", async () => {
  await using farm = new FakeServer(FIT);
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  const args = ["--host=127.0.0.1", `--port=${port}`, farm.authority];
  assertRefused(await runRole("balancer", args), 1, new RegExp(`^balancer: port ${port} is taken`));
  const foreign = ["--host=203.0.113.1", "--port=0", farm.authority];
  assertRefused(await runRole("balancer", foreign), 1, /--host=203\.0\.113\.1 is no address/);
  assertEquals(farm.requestHeads, []);
});

Deno.test("balancer ranks by the time of the transfer and says so, fastest first", async () => {
  // Each server answers a while after the faster one's connection has ended, so the order is sure.
  const ended = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
  ended[0]!.resolve();
  const farm = ended.slice(1).map((mine, i) =>
    new FakeServer(async (conn, requestHead) => {
      await ended[i]!.promise;
      await new Promise((resolve) => setTimeout(resolve, 25));
      await FIT(conn, requestHead);
      await hanging(conn, requestHead);
      mine.resolve();
    })
  );
  await using stack = new AsyncDisposableStack();
  for (const server of farm) stack.use(server);
  const [fast, middle, slow] = farm.map(({ authority }) => authority) as [string, string, string];
  await using balancer = await listeningRole("balancer", [middle, slow, fast]);
  const ranks = [[fast, "50.0"], [middle, "33.3"], [slow, "16.7"]]
    .map(([authority, share]) => `${authority} [0-9.]+ ms \\(${share} %\\)`);
  const said = await balancer.process.stderr.next(/tested/);
  assertMatch(said, new RegExp(`^balancer: tested, fastest first: ${ranks.join(", ")}$`));

  const counts = await countRedirects(balancer.port, 1200);
  assertEquals([...counts.keys()].sort(), [fast, middle, slow].sort());
  // 600, 400 and 200 are expected: that two change places has a chance of one in 10⁹.
  const [first = 0, second = 0, third = 0] = [fast, middle, slow].map((it) => counts.get(it));
  assertEquals(first > second && second > third, true, `${first}, ${second}, ${third}`);
});
