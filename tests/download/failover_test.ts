import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Connections } from "../../lib/download/requests/connections.ts";
import {
  answer,
  type Changes,
  downloaded,
  failing,
  HELLO,
  redirect,
  Site,
} from "../support/downloading.ts";
import { randomInteger, seededRandom } from "../support/random.ts";
import { RawServer } from "../support/raw_peer.ts";

/** A balancer on one connection for each client, that sends them to these ports in turn. */
class Chooser extends RawServer {
  readonly requests: string[];
  readonly connections: { count: number };

  constructor(...ports: readonly number[]) {
    const requests: string[] = [];
    const connections = { count: 0 };
    super(async (peer) => {
      connections.count++;
      for (;;) {
        requests.push(await peer.receiveUntil("\r\n\r\n"));
        const port = ports[Math.min(requests.length, ports.length) - 1];
        await peer.send(redirect(`http://127.0.0.1:${port}/a`));
      }
    });
    this.requests = requests;
    this.connections = connections;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/a`;
  }
}

const page = (text: string) => new Site({ "/a": text });
const retries = 5;

Deno.test("download() begins again at the URL as typed, and says whom to avoid", async () => {
  await using bad = page(answer("503 Service Unavailable", ""));
  await using missing = page(answer("404 Not Found", ""));
  await using good = page(HELLO);
  await using chooser = new Chooser(bad.port, missing.port, good.port);
  const { content, pauses, notices, attempts } = await downloaded(chooser.url, { retries });
  assertEquals(content, "hello");
  assertEquals(pauses, [200], "a server that lacks the file needs no rest");
  assertStringIncludes(notices[0]!, "503 Service Unavailable; trying again in 0.2 s");
  assertStringIncludes(notices[1]!, "404 Not Found; asking for another server");
  const avoided = chooser.requests.map((head) => /^Avoid-Server: (.*)\r$/m.exec(head)?.[1]);
  const [first, second] = [bad, missing].map(({ port }) => `127.0.0.1:${port}`);
  assertEquals(avoided, [undefined, first, `${second}, ${first}`]);
  assert(!good.requests[0]!.includes("Avoid-Server"));
  assertEquals(chooser.connections.count, 1, "one connection is used for all questions");
  assertEquals(attempts.records.map(({ outcomes }) => outcomes), [
    ["503 Service Unavailable"],
    ["404 Not Found"],
    ["done"],
  ]);
});

Deno.test("download() asks again for another server before it takes one that failed", async () => {
  await using bad = page(answer("500 Internal Server Error", ""));
  await using good = page(HELLO);
  await using chooser = new Chooser(bad.port, bad.port, bad.port, bad.port, good.port);
  const { content, responses } = await downloaded(chooser.url, { retries });
  assertEquals([content, bad.requests.length, chooser.requests.length], ["hello", 1, 5]);
  assertEquals(responses.length, 4, "questions that are put again are not told of");
});

Deno.test("download() takes the server that failed least when there is no other", async () => {
  await using bad = page(answer("500 Internal Server Error", ""));
  await using chooser = new Chooser(bad.port);
  const { message, pauses, attempts } = await failing("answer", chooser.url, { retries });
  assertStringIncludes(message, "500 Internal Server Error");
  assertEquals([bad.requests.length, attempts.failures], [6, 6]);
  assertEquals(pauses, [200, 400, 800, 1600, 3200]);
});

Deno.test("download() no longer avoids a server where all others have failed more often", async () => {
  let asked = 0;
  await using flaky = new RawServer(async (peer) => {
    await peer.receiveUntil("\r\n\r\n");
    await peer.sendLast(++asked === 1 ? answer("503 Service Unavailable", "") : HELLO);
    await peer.receiveUntilLost();
  });
  await using broken = page(answer("500 Internal Server Error", ""));
  const elsewhere = redirect(`http://127.0.0.1:${broken.port}/a`);
  await using astray = new Site({ "/a": elsewhere });
  // It heeds what it is told: the server that leads astray has never failed itself.
  await using balancer = new RawServer(async (peer) => {
    const head = await peer.receiveUntil("\r\n\r\n");
    const port = head.includes(`127.0.0.1:${flaky.port}`) ? astray.port : flaky.port;
    await peer.sendLast(redirect(`http://127.0.0.1:${port}/a`));
    await peer.receiveUntilLost();
  });
  const { content, attempts } = await downloaded(`http://127.0.0.1:${balancer.port}/a`, {
    retries,
  });
  assertEquals(content, "hello");
  assertEquals(attempts.records.map(({ outcomes }) => outcomes.length), [2, 2]);
});

Deno.test("download() takes the server that was named when the balancer then fails", async () => {
  await using flaky = new Site({ "/a": answer("500 Internal Server Error", "") });
  let asks = 0;
  await using balancer = new RawServer(async (peer) => {
    await peer.receiveUntil("\r\n\r\n");
    const isGone = ++asks > 2;
    await peer.sendLast(isGone ? "" : redirect(`http://127.0.0.1:${flaky.port}/a`));
  });
  const url = `http://127.0.0.1:${balancer.port}/a`;
  const { attempts } = await failing("answer", url, { retries: 1 });
  assertEquals(attempts.failuresOf(`127.0.0.1:${flaky.port}`), 2);
});

/** Options with a clock that moves by what is waited, and what was waited. */
function withClock(): { waits: number[]; options: Changes } {
  let clock = 0;
  const waits: number[] = [];
  const wait = (ms: number) => {
    waits.push(ms);
    clock += ms;
    return Promise.resolve();
  };
  return { waits, options: { monotonicMs: () => clock, wait } };
}

Deno.test("download() waits as long as a server asks for, and says so when that begins", async () => {
  await using busy = page(answer("503 Service Unavailable", "Retry-After: 7\r\n"));
  const { waits, options } = withClock();
  const url = `http://127.0.0.1:${busy.port}/a`;
  const { notices } = await failing("answer", url, { retries: 1, ...options });
  assertEquals(waits, [7000]);
  const server = `127.0.0.1:${busy.port}`;
  assertEquals(notices, [
    `${url}: 503 Service Unavailable; ${server} asks to wait 7 s: trying again then`,
  ]);
});

Deno.test("download() waits for a server that a redirect names again, and says so", async () => {
  await using busy = page(answer("503 Service Unavailable", "Retry-After: 7\r\n"));
  await using chooser = new Chooser(busy.port);
  const { waits, options } = withClock();
  const { notices } = await failing("answer", chooser.url, { retries: 1, ...options });
  const server = `127.0.0.1:${busy.port}`;
  assertEquals(waits, [200, 6800]);
  assertEquals(notices.filter((it) => it.includes("asks to wait")), [
    `${server} asks to wait 6.8 s: trying again then`,
  ]);
});

/** A redirector that names these in turn whatever is to be avoided, or as the client asks. */
class Redirector extends RawServer {
  readonly avoided: (string | undefined)[];

  constructor(sites: readonly Site[], choose: (allowed: readonly Site[]) => Site) {
    const avoided: (string | undefined)[] = [];
    super(async (peer) => {
      for (;;) {
        const head = await peer.receiveUntil("\r\n\r\n");
        const names = /^Avoid-Server: (.*)\r$/m.exec(head)?.[1];
        avoided.push(names);
        const left = sites.filter(({ port }) => !names?.includes(`127.0.0.1:${port}`));
        const { port } = choose(left.length > 0 ? left : sites);
        await peer.send(redirect(`http://127.0.0.1:${port}/a`));
      }
    });
    this.avoided = avoided;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/a`;
  }
}

Deno.test("download() ends with 404 when every server that is named has answered it", async () => {
  await using stack = new AsyncDisposableStack();
  const answers = ["404 Not Found", "410 Gone", "404 Not Found"];
  const sites = answers.map((status) => stack.use(page(answer(status, ""))));
  const random = seededRandom(1);
  const byChance = () => sites[randomInteger(random, sites.length)]!;
  for (const choose of [(allowed: readonly Site[]) => allowed[0]!, byChance]) {
    const requests = sites.map((site) => site.requests.length);
    await using redirector = new Redirector(sites, choose);
    const { message, pauses, attempts } = await failing("answer", redirector.url, { retries });
    assertMatch(message, /: (?:404 Not Found|410 Gone)$/);
    assertEquals(pauses, []);
    assertEquals([attempts.failures, attempts.repeats], [3, 0]);
    assertEquals(sites.map((site) => site.requests.length), requests.map((it) => it + 1));
    assert(redirector.avoided.length < 40, `asked ${redirector.avoided.length} times`);
  }
});

Deno.test("download() finds the one server that has the file, behind a redirector by chance", async () => {
  await using stack = new AsyncDisposableStack();
  const missing = [1, 2].map(() => stack.use(page(answer("404 Not Found", ""))));
  const sites = [...missing, stack.use(page(HELLO))];
  const random = seededRandom(2);
  await using redirector = new Redirector(sites, () => sites[randomInteger(random, 3)]!);
  for (let i = 0; i < 10; i++) {
    assertEquals((await downloaded(redirector.url, { retries })).content, "hello");
  }
});

Deno.test("download() goes on trying where one server lacks the file and another fails", async () => {
  await using missing = page(answer("404 Not Found", ""));
  await using failingOnce = new RawServer(async (peer, index) => {
    await peer.receiveUntil("\r\n\r\n");
    await peer.sendLast(index === 0 ? answer("503 Service Unavailable", "") : HELLO);
    await peer.receiveUntilLost();
  });
  await using chooser = new Chooser(missing.port, failingOnce.port);
  const { content, attempts } = await downloaded(chooser.url, { retries });
  assertEquals([content, attempts.failures], ["hello", 2]);
});

Deno.test("download() does not ask again whoever was asked directly and will not change", async () => {
  for (const [status, requests] of [["404 Not Found", 1], ["429 Too Many Requests", 3]] as const) {
    await using site = page(answer(status, ""));
    await failing("answer", `http://127.0.0.1:${site.port}/a`, { retries: 2 });
    assertEquals(site.requests.length, requests);
  }
});

Deno.test("download() tries once with no retries", async () => {
  await using site = page(answer("503 Service Unavailable", ""));
  const { pauses } = await failing("answer", `http://127.0.0.1:${site.port}/a`, { retries: 0 });
  assertEquals([site.requests.length, pauses], [1, []]);
});

Deno.test("download() leaves a server whose redirects lead nowhere, or in a circle", async () => {
  await using good = page(HELLO);
  for (const location of ["/a", "/b", "ftp://a/", "http://127.0.0.1:1/"]) {
    await using bad = new Site({ "/a": redirect(location), "/b": redirect("/a") });
    await using chooser = new Chooser(bad.port, good.port);
    assertEquals((await downloaded(chooser.url, { retries })).content, "hello", location);
  }
});

Deno.test("download() uses a new connection when the kept one was closed meanwhile", async () => {
  let connections = 0;
  await using site = new RawServer(async (peer) => {
    connections++;
    await peer.receiveUntil("\r\n\r\n");
    await peer.sendLast(HELLO); // Without a word about closing.
  });
  const url = `http://127.0.0.1:${site.port}/a`;
  const shared = new Connections(30_000);
  for (let i = 0; i < 3; i++) {
    assertEquals((await downloaded(url, {}, shared)).content, "hello");
  }
  assertEquals(connections, 3);
  shared.close();
});
