import type { Handler } from "../../lib/net/handler.ts";
import { fieldSection, NO_FIELDS } from "../../lib/http/fields.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Arrivals } from "../support/arrivals.ts";
import { repliesOf, replyOf } from "../support/raw_reply.ts";
import { echoTarget, request, Serving, textReply } from "../support/serving.ts";

const LAST = "Connection: close\r\n";

Deno.test("ServerConnection answers one request after the other on one connection", async () => {
  await using server = new Serving(echoTarget);
  using client = await server.connect();
  for (let i = 0; i < 20; i++) {
    await client.send(request(`/${i}`));
    const head = await client.receiveUntil("\r\n\r\n");
    assertStringIncludes(head, `Content-Length: ${`/${i}`.length}\r\n`);
    assertEquals(await client.receiveOctets(`/${i}`.length), `/${i}`);
  }
});

Deno.test("ServerConnection answers 500 pipelined requests in their order", async () => {
  await using server = new Serving(({ target }) => {
    const reply = textReply(target);
    // Every third reply takes longer than the ones behind it.
    return Number(target.slice(1)) % 3 === 0 ? Promise.resolve().then(() => reply) : reply;
  });
  const targets = Array.from({ length: 500 }, (_, i) => `/${i}`);
  const text = await server.exchange(targets.map((target) => request(target)).join(""));
  assertEquals(repliesOf(text).map(({ content }) => content), targets);
});

Deno.test("ServerConnection answers pipelined requests that come byte by byte", async () => {
  await using server = new Serving(echoTarget);
  using client = await server.connect();
  const body = "Transfer-Encoding: chunked\r\n";
  const requests = [
    request("/1"),
    "\r\n",
    request("/2", body),
    "3;a=b\r\nGET\r\n0\r\nA: b\r\n\r\n",
  ];
  const sending = client.sendEach(requests.join("") + request("/3", LAST));
  const replies = repliesOf(await client.receiveAll());
  assertEquals(replies.map(({ content }) => content), ["/1", "/2", "/3"]);
  await sending;
});

Deno.test("ServerConnection takes no more requests while the client does not read", async () => {
  let answered = 0;
  const handler = () => {
    answered++;
    return textReply("x".repeat(100_000));
  };
  await using server = new Serving(handler, { deadlines: { writeMs: 100 } });
  using client = await server.connect();
  await client.send(request("/").repeat(500));
  // The reply in whose midst the deadline of writing passes is the last.
  while ((await server.served.next()).contentBytes === 100_000);
  assert(answered < 400, `${answered} of 500 were answered, though nobody read the replies`);
});

Deno.test("ServerConnection ends when the client wants it", async () => {
  await using server = new Serving(echoTarget);
  for (const fields of ["close", "Close", "foo, CLOSE", "keep-alive, close"]) {
    using client = await server.connect();
    await client.send(request("/", `Connection: ${fields}\r\n`) + request("/behind"));
    const { fields: replied, content } = replyOf(await client.receiveAll());
    assertEquals({ content, connection: replied.get("connection") }, {
      content: "/",
      connection: "close",
    });
  }
});

Deno.test("ServerConnection serves HTTP/1.0 once, or on as long as the client keeps alive", async () => {
  await using server = new Serving(echoTarget);
  using once = await server.connect();
  await once.send("GET /1 HTTP/1.0\r\n\r\nGET /2 HTTP/1.0\r\n\r\n");
  const reply = replyOf(await once.receiveAll());
  assertEquals([reply.content, reply.fields.get("connection")], ["/1", "close"]);
  using kept = await server.connect();
  const keepAlive = "Connection: Keep-Alive\r\n\r\n";
  await kept.send(`GET /1 HTTP/1.0\r\n${keepAlive}GET /2 HTTP/1.0\r\n\r\n`);
  const [first, second, ...others] = repliesOf(await kept.receiveAll());
  assertEquals([first?.content, first?.fields.get("connection")], ["/1", "keep-alive"]);
  assertEquals([second?.content, second?.fields.get("connection")], ["/2", "close"]);
  assertEquals(others, []);
});

Deno.test("ServerConnection answers a client that closes its side after the request", async () => {
  const halfClosed = Promise.withResolvers<void>();
  await using server = new Serving(async ({ target }) => {
    await halfClosed.promise;
    return textReply(target);
  });
  using client = await server.connect();
  await client.sendLast(request("/1") + request("/2"));
  halfClosed.resolve();
  const replies = repliesOf(await client.receiveAll());
  assertEquals(replies.map(({ content }) => content), ["/1", "/2"]);
});

Deno.test("ServerConnection answers HEAD with the fields of GET and no content", async () => {
  await using server = new Serving(() => textReply("hello"));
  const text = await server.exchange(
    request("/", "", "HEAD") + request("/") + request("/", LAST, "HEAD"),
  );
  const [head, get, last] = repliesOf(text, ["HEAD", "GET", "HEAD"]);
  assertEquals(head!.fields.get("content-length"), "5");
  assertEquals([...head!.fields.keys()], [...get!.fields.keys()]);
  assertEquals([head!.content, get!.content, last!.content], ["", "hello", ""]);
});

Deno.test("ServerConnection answers 500 when the handler throws, and goes on", async () => {
  await using server = new Serving(({ target }) => {
    if (target === "/sync") throw new Error("a secret");
    return target === "/async" ? Promise.reject(new Error("a secret")) : textReply("ok");
  });
  const text = await server.exchange(request("/sync") + request("/async") + request("/"));
  const replies = repliesOf(text);
  assertEquals(replies.map(({ statusCode }) => statusCode), [500, 500, 200]);
  assert(!text.includes("secret"));
  for (let i = 0; i < 2; i++) assertStringIncludes(`${await server.errors.next()}`, "a secret");
});

Deno.test("ServerConnection ends without the promised length when the content fails", async () => {
  const closed = new Arrivals<void>();
  await using server = new Serving(({ target }) => {
    let pieces = 3;
    const read = (buffer: Uint8Array) => {
      if (pieces-- > 0) return Promise.resolve(buffer.subarray(0, 50_000).fill(97).length);
      return target === "/fails" ? Promise.reject(new Error("gone")) : Promise.resolve(null);
    };
    const close = () => closed.add();
    const content = { length: 1_000_000, read, close };
    return { statusCode: 200, headerSection: NO_FIELDS, content };
  });
  for (const target of ["/fails", "/shrinks"]) {
    using client = await server.connect();
    await client.send(request(target) + request("/behind"));
    await client.receiveUntil("Content-Length: 1000000\r\n\r\n");
    const content = await client.receiveUntilLost();
    assert(content === "a".repeat(150_000), `${content.length} bytes arrived`);
    await closed.next();
    assert(await server.errors.next() instanceof Error);
    const { requestLine, contentBytes } = await server.served.next();
    assertEquals({ requestLine, contentBytes }, {
      requestLine: `GET ${target} HTTP/1.1`,
      contentBytes: 150_000,
    });
  }
});

Deno.test("ServerConnection tells what became of each request", async () => {
  await using server = new Serving(() => textReply("hello"));
  const begun = Date.now();
  await server.exchange(
    request("/a%20b") + request("/", "", "HEAD") + "G\x1b \r\n",
  );
  const all = [await server.served.next(), await server.served.next(), await server.served.next()];
  assertEquals(
    all.map((it) => [it.requestLine, it.statusCode, it.contentBytes > 0, it.client]),
    [
      ["GET /a%20b HTTP/1.1", 200, true, "127.0.0.1"],
      ["HEAD / HTTP/1.1", 200, false, "127.0.0.1"],
      ["G\x1b ", 400, true, "127.0.0.1"],
    ],
  );
  assertEquals(all[0]!.contentBytes, 5);
  for (const { epochMs, elapsedMs } of all) {
    assert(epochMs >= begun && epochMs <= Date.now());
    assert(elapsedMs >= 0 && elapsedMs <= Date.now() - begun + 1);
  }
});

Deno.test("ServerConnection answers alike where nobody wants to know what was served", async () => {
  const handler: Handler = (it) => {
    if (it.target === "/throws") throw new Error("a secret");
    return it.target === "/late" ? Promise.resolve(textReply("x".repeat(50_000))) : echoTarget(it);
  };
  const text = request("/1") + request("/late") + request("/throws") + request("/", "", "POST") +
    request("/2", "Content-Length: 3\r\n") + "abc" + request("/3") + "no request\r\n";
  const replies = await Promise.all([true, false].map(async (isLogged) => {
    await using server = new Serving(handler, { isLogged });
    const replies = repliesOf(await server.exchange(text));
    assertStringIncludes(`${await server.errors.next()}`, "a secret");
    assertEquals(server.served.waiting.length, isLogged ? 7 : 0);
    return replies.map(({ statusCode, content }) => ({ statusCode, content }));
  }));
  assertEquals(replies[1], replies[0]);
  const statusCodes = replies[1]!.map(({ statusCode }) => statusCode);
  assertEquals(statusCodes, [200, 200, 500, 405, 200, 200, 400]);
});

Deno.test("ServerConnection tells whom a reply sends its client to, at once or after a while", async () => {
  await using server = new Serving(({ target }) => {
    if (target === "/nobody") return textReply("");
    const reply = { ...textReply("x".repeat(200_000)), annotation: `web${target.length}:8000` };
    return target === "/late" ? Promise.resolve(reply) : reply;
  });
  const targets = ["/", "/late", "/nobody"];
  await server.exchange(
    targets.map((it) => request(it)).join("") + request("/ab", "", "HEAD") + "none\r\n\r\n",
  );
  const told: (string | undefined)[] = [];
  for (let i = 0; i < 5; i++) told.push((await server.served.next()).annotation);
  assertEquals(told, ["web1:8000", "web5:8000", undefined, "web3:8000", undefined]);
});

Deno.test("ServerConnection adds its fields to every answer, whoever gives it", async () => {
  const handler: Handler = ({ target }) => {
    if (target === "/throws") throw new Error("on purpose");
    return textReply(target);
  };
  const addedFields = fieldSection([["X-A", "b"], ["Access-Control-Allow-Origin", "*"]]);
  await using server = new Serving(handler, { addedFields, deadlines: { headMs: 50 } });
  const asked = [
    [request("/", LAST), 200],
    ["OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n", 204],
    ["POST / HTTP/1.1\r\nHost: a\r\n\r\n", 405],
    ["FOO / HTTP/1.1\r\nHost: a\r\n\r\n", 501],
    ["GET / HTTP/1.1\r\n\r\n", 400],
    ["GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505],
    [request("/throws", LAST), 500],
  ] as const;
  for (const [text, statusCode] of asked) {
    const reply = replyOf(await server.exchange(text));
    assertEquals([reply.statusCode, reply.fields.get("x-a")], [statusCode, "b"]);
    assertEquals(reply.fields.get("access-control-allow-origin"), "*");
  }
  assertEquals(`${await server.errors.next()}`, "Error: on purpose");
  using late = await server.connect();
  await late.send("GET / HT");
  const reply = replyOf(await late.receiveAll());
  assertEquals([reply.statusCode, reply.fields.get("x-a")], [408, "b"]);
});

Deno.test("ServerConnection measures durations on a clock that is never set back", async () => {
  const { now } = Date;
  await using server = new Serving(({ target }) => {
    Date.now = () => now() - 3_600_000;
    return textReply(target);
  });
  try {
    await server.exchange(request("/", LAST));
    const { elapsedMs } = await server.served.next();
    assert(elapsedMs > 0 && elapsedMs < 60_000, `${elapsedMs}`);
  } finally {
    Date.now = now;
  }
});
