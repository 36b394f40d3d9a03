import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { countSaid, ListedBalancer, said } from "../support/balancer.ts";
import { keepAsking } from "../support/crowd.ts";
import { answering, FakeServer } from "../support/fake_server.ts";
import { RawClient } from "../support/raw_client.ts";
import { countRedirects } from "../support/redirects.ts";

/** There is no SIGHUP elsewhere. */
const ignore = Deno.build.os === "windows";

const FIT = answering("200 OK", "test");
const UNFIT = answering("404 Not Found", "no");

/** So many servers that pass. */
function servers(stack: AsyncDisposableStack, count: number): FakeServer[] {
  return Array.from({ length: count }, () => stack.use(new FakeServer(FIT)));
}

/** Where a client is sent to. */
async function locationAt(port: number): Promise<string | undefined> {
  using client = await RawClient.connect(port);
  return (await client.get("/x")).fields.get("location");
}

Deno.test({
  name: "balancer tests a server that is new in its list before it sends anybody there",
  ignore,
  async fn() {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    await using old = new FakeServer(FIT);
    await using added = new FakeServer(async (conn, requestHead) => {
      await released;
      await FIT(conn, requestHead);
    });
    await using balancer = await ListedBalancer.start([old.authority], ["--policy=round-robin"]);
    const line = await balancer.relist(old.authority, added.authority);
    assertEquals(line, "balancer: the list was read again: 2 servers, 1 new, 0 gone");
    await added.firstRequest();
    assertEquals(await countRedirects(balancer.port, 50), new Map([[old.authority, 50]]));
    release();
    await said(balancer, `${added.authority} is available: 4 B in `);
    await said(balancer, "tested, fastest first: .*, .* ms");
    const counts = await countRedirects(balancer.port, 50);
    assertEquals([counts.get(old.authority), counts.get(added.authority)], [25, 25]);
    assertEquals(countSaid(balancer, `${added.authority} is new in the list`), 1);
    assertEquals(countSaid(balancer, `${old.authority} is available`), 1);
    assertEquals([old.requestHeads.length, added.requestHeads.length], [1, 1]);
  },
});

Deno.test({
  name: "balancer sends nobody to a server that its list names no more, until it does again",
  ignore,
  async fn() {
    await using stack = new AsyncDisposableStack();
    const [stays, leaves] = servers(stack, 2) as [FakeServer, FakeServer];
    const both = [stays.authority, leaves.authority];
    const args = ["--policy=round-robin"];
    const balancer = stack.use(await ListedBalancer.start(both, args));
    const line = await balancer.relist(stays.authority);
    assertMatch(line, /^balancer: the list was read again: 1 servers?, 0 new, 1 gone$/);
    assertEquals(countSaid(balancer, `${leaves.authority} is in the list no more`), 1);
    assertEquals(await countRedirects(balancer.port, 50), new Map([[stays.authority, 50]]));
    assertEquals([stays.requestHeads.length, leaves.requestHeads.length], [1, 1]);

    await balancer.relist(...both);
    await said(balancer, `${leaves.authority} is available`);
    await said(balancer, "tested, fastest first: .*, .* ms");
    assertEquals((await countRedirects(balancer.port, 50)).get(leaves.authority), 25);
    assertEquals([stays.requestHeads.length, leaves.requestHeads.length], [1, 2]);
  },
});

Deno.test({
  name: "balancer heeds changed marks at once, and tests nobody for them",
  ignore,
  async fn() {
    await using stack = new AsyncDisposableStack();
    const farm = servers(stack, 2);
    const [first, second] = farm.map(({ authority }) => authority) as [string, string];
    const args = ["--policy=round-robin"];
    const balancer = stack.use(await ListedBalancer.start([first, second], args));
    const shares = async () => {
      const counts = await countRedirects(balancer.port, 40);
      return [counts.get(first) ?? 0, counts.get(second) ?? 0];
    };
    assertEquals(await shares(), [20, 20]);
    const changes: readonly (readonly [string, readonly number[]])[] = [
      ["weight=3", [10, 30]],
      ["drain", [40, 0]],
      ["", [20, 20]],
      ["backup", [40, 0]],
      ["weight=1", [20, 20]],
    ];
    for (const [marks, expected] of changes) {
      const line = await balancer.relist(first, `${second} ${marks}`);
      assertMatch(line, /2 servers, 0 new, 0 gone$/);
      assertEquals(await shares(), expected, marks);
    }
    await balancer.relist(`${first} drain`, `${second} https://files.example/pub/`);
    assertEquals(await locationAt(balancer.port), "https://files.example/pub/x");
    assertEquals(farm.map(({ requestHeads }) => requestHeads.length), [1, 1]);
  },
});

Deno.test({
  name: "balancer keeps its list when the new one has a mistake, and says where",
  ignore,
  async fn() {
    await using farm = new FakeServer(FIT);
    await using balancer = await ListedBalancer.start([farm.authority]);
    const { list } = balancer;
    const write = (...lines: string[]) => () => balancer.write(...lines);
    const mistakes: readonly (readonly [() => Promise<void>, string])[] = [
      [write("a:1", "", "a:http"), `${list}:3: "a:http" has the port "http"`],
      [write("a:1", "b"), `${list}:2: "b" has no port`],
      [write("a:1 fast"), `${list}:1: "a:1 fast" has "fast", which is none of weight=N`],
      [write(""), `${list}: there is no server in the list`],
      [write("# a:1"), `${list}: there is no server in the list`],
      [() => Deno.remove(list), `${list}: there is no such file`],
      [() => Deno.mkdir(list), `${list}: it is a directory, not a list of servers`],
    ];
    for (const [make, reason] of mistakes) {
      await make();
      const line = await balancer.hangUp("the list stays as it was: ");
      assertStringIncludes(line, `balancer: the list stays as it was: ${reason}`);
      assertEquals(await locationAt(balancer.port), `http://${farm.authority}/x`);
    }
    await Deno.remove(list);
    await balancer.relist(`${farm.authority} http://files.example`);
    assertEquals(await locationAt(balancer.port), "http://files.example/x");
    assertEquals(farm.requestHeads.length, 1);
  },
});

Deno.test({
  name: "balancer keeps its list when it cannot read the new one",
  ignore,
  async fn() {
    await using farm = new FakeServer(FIT);
    await using balancer = await ListedBalancer.start([farm.authority]);
    const isRoot = Deno.uid() === 0; // Whom no mode of a file denies anything.
    if (isRoot) await Deno.remove(balancer.list);
    if (isRoot) await Deno.symlink("/proc/self/mem", balancer.list);
    else await Deno.chmod(balancer.list, 0);
    const line = await balancer.hangUp("the list stays as it was: ");
    const reason = isRoot ? /: it cannot be read$/ : /: permission to read it is denied$/;
    assertMatch(line, reason);
    assertEquals(await locationAt(balancer.port), `http://${farm.authority}/x`);
  },
});

Deno.test({
  name: "balancer whose new list has only bad servers answers 503, and a better list ends that",
  ignore,
  async fn() {
    await using farm = new FakeServer(FIT);
    await using bad = new FakeServer(UNFIT);
    const args = ["--interval=100ms"];
    await using balancer = await ListedBalancer.start([farm.authority], args);
    await balancer.relist(bad.authority);
    await said(balancer, `${bad.authority} is out: it answered 404`);
    await said(balancer, "no server is available");
    using client = await RawClient.connect(balancer.port);
    assertEquals((await client.get("/x")).statusCode, 503);
    await balancer.relist(farm.authority);
    await said(balancer, `${farm.authority} is available`);
    await said(balancer, "tested, fastest first");
    assertEquals((await client.get("/x")).statusCode, 301);
  },
});

Deno.test({
  name: "balancer gives a server that is out another chance when it was off the list",
  ignore,
  async fn() {
    await using stack = new AsyncDisposableStack();
    const [steady, ill] = servers(stack, 2) as [FakeServer, FakeServer];
    const both = [steady.authority, ill.authority];
    const balancer = stack.use(await ListedBalancer.start(both, ["--interval=100ms"]));
    ill.answer = UNFIT;
    await said(balancer, `${ill.authority} is out`);
    ill.answer = FIT;
    await balancer.relist(...both);
    assertEquals((await countRedirects(balancer.port, 50)).get(ill.authority), undefined);
    await balancer.relist(steady.authority);
    await balancer.relist(...both);
    await said(balancer, `${ill.authority} is available`);
    await said(balancer, "tested, fastest first: .*, .* ms");
    assertEquals((await countRedirects(balancer.port, 100)).has(ill.authority), true);
  },
});

Deno.test({
  name: "balancer fails no request while its list changes again and again",
  ignore,
  async fn() {
    await using stack = new AsyncDisposableStack();
    const farm = servers(stack, 3).map(({ authority }) => authority);
    const args = ["--log=none", "--interval=50ms"];
    const balancer = stack.use(await ListedBalancer.start(farm, args));
    const stop = new AbortController();
    const crowd = { clients: 2, isPersistent: true, statusCode: 301 };
    const asking = keepAsking(balancer.port, "/x", crowd, stop.signal);
    try {
      for (let i = 0; i < 30; i++) {
        await balancer.relist(farm[i % 3]!, `${farm[(i + 1) % 3]} weight=${i + 1}`);
        await said(balancer, "tested, fastest first: .*, .* ms");
      }
    } finally {
      stop.abort();
    }
    const { answered, failures } = await asking;
    assertEquals(failures, []);
    assert(answered > 0);
  },
});
