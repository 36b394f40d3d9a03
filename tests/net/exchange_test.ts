import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { delay } from "@std/async/delay";
import { encodeLatin1, ProtocolError } from "../../lib/http/grammar.ts";
import { INTERIM_RESPONSES_LIMIT } from "../../lib/http/limits.ts";
import { monotonicMs } from "../../lib/net/deadlines.ts";
import { dial } from "../../lib/net/dial.ts";
import { exchange, failureReason, IncompleteMessageError } from "../../lib/net/exchange.ts";
import { DeadlineError, NetworkError } from "../../lib/net/network_error.ts";
import { RESPONSE_HEADS } from "../cases/response_heads.ts";
import { TOLERATED_HEADS } from "../cases/response_tolerances.ts";
import { Arrivals } from "../support/arrivals.ts";
import { textOf } from "../support/feed.ts";
import { testLiveRows } from "../support/live_rows.ts";
import { RawServer, resettingServer } from "../support/raw_peer.ts";

const TIMEOUTS = { idleMs: 30_000, until: Infinity };

/** One exchange with whoever listens there, its content read to the end. */
async function ask(port: number, method = "GET", timeouts = TIMEOUTS) {
  const connection = await dial("127.0.0.1", port, 30_000);
  try {
    const fieldLines = [["Host", "a"], ["Connection", "close"]] as const;
    const request = { method, requestTarget: "/x?y", fieldLines };
    const { head, framing, content } = await exchange(connection, request, timeouts);
    const pieces: string[] = [];
    for await (const piece of content) pieces.push(textOf(piece));
    return { head, framing, content: pieces.join("") };
  } finally {
    connection.close();
  }
}

async function answered(answer: string, method = "GET") {
  await using server = RawServer.answering(answer);
  return await ask(server.port, method);
}

/** What is thrown for an answer. */
async function failure(answer: string): Promise<string> {
  const error = await assertRejects(() => answered(answer));
  assert(error instanceof ProtocolError || error instanceof IncompleteMessageError, `${error}`);
  return failureReason(error)!;
}

Deno.test("exchange() sends the request as it is told", async () => {
  const heads = new Arrivals<string>();
  await using server = new RawServer(async (peer) => {
    heads.add(await peer.receiveUntil("\r\n\r\n"));
    await peer.sendLast("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
  await ask(server.port);
  assertEquals(
    await heads.next(),
    "GET /x?y HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
  );
});

Deno.test("exchange() gives head and content in every framing", async () => {
  const content = "hello, \r\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\xff\0";
  const chunked = `1\r\nh\r\n${(content.length - 1).toString(16)};a=b\r\n${content.slice(1)}\r\n`;
  const answers = {
    length: `HTTP/1.1 200 OK\r\nContent-Length: ${content.length}\r\n\r\n${content}`,
    chunked: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunked}0\r\nA: b\r\n\r\n`,
    untilClose: `HTTP/1.0 200 OK\r\n\r\n${content}`,
  };
  for (const [kind, answer] of Object.entries(answers)) {
    const { head, framing, content: received } = await answered(answer);
    assertEquals(head.statusCode, 200, kind);
    assertEquals(framing.kind as string, kind);
    assertEquals(received, content, kind);
  }
});

Deno.test("exchange() gives the same when the answer comes byte by byte", async () => {
  const answer =
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
    '3\r\nabc\r\n2;x="y"\r\nde\r\n0\r\nA: b\r\n\r\n';
  await using server = new RawServer(async (peer) => {
    await peer.receiveUntil("\r\n\r\n");
    await peer.sendEach(answer);
  });
  assertEquals((await ask(server.port)).content, "abcde");
});

Deno.test("exchange() leaves what stands behind the content", async () => {
  const behind = "HTTP/1.1 500 Behind\r\n\r\nx";
  const { content } = await answered(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok${behind}`);
  assertEquals(content, "ok");
});

Deno.test("exchange() gives a large content piece by piece", async () => {
  const content = "0123456789abcdef".repeat(200_000);
  const { content: received } = await answered(
    `HTTP/1.1 200 OK\r\nContent-Length: ${content.length}\r\n\r\n${content}`,
  );
  assert(received === content, "something else arrived");
});

Deno.test("exchange() passes over interim responses, but not without end", async () => {
  const interim = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 5\r\n\r\n";
  const final = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  assertEquals((await answered(interim.repeat(INTERIM_RESPONSES_LIMIT) + final)).content, "ok");
  assertStringIncludes(
    await failure(interim.repeat(INTERIM_RESPONSES_LIMIT + 1) + final),
    "no end of interim",
  );
  assertStringIncludes(await failure(interim), "closed without an answer");
});

Deno.test("exchange() refuses a protocol that nobody asked for", async () => {
  const answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n";
  assertStringIncludes(await failure(answer), "switched");
});

Deno.test("exchange() expects no content where there is none", async () => {
  const fields = "Content-Length: 5\r\n\r\n";
  assertEquals((await answered(`HTTP/1.1 200 OK\r\n${fields}`, "HEAD")).content, "");
  assertEquals((await answered(`HTTP/1.1 304 Not Modified\r\n${fields}`)).content, "");
  assertEquals((await answered("HTTP/1.1 204 No Content\r\n\r\nhello")).content, "");
});

Deno.test("exchange() says where the connection was closed", async () => {
  const head = "HTTP/1.1 200 OK\r\n";
  const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n2\r\nab`;
  const rows = [
    ["", "without an answer"],
    ["H", "in the middle of the head"],
    [`${head}Content-Length: 5\r\n`, "in the middle of the head"],
    [`${head}Content-Length: 5\r\n\r\n`, "after 0 of 5 bytes"],
    [`${head}Content-Length: 5\r\n\r\nab`, "after 2 of 5 bytes"],
    [chunked.replace("2\r\nab", "5\r\nab"), "after 2 bytes"],
    [chunked, "after 2 bytes"],
    [`${chunked}\r\n`, "after 2 bytes"],
    [`${chunked}\r\n0\r\n`, "after 2 bytes"],
    [`${chunked}\r\n0\r\nA:`, "after 2 bytes"],
  ] as const;
  for (const [answer, where] of rows) {
    assertEquals(await failure(answer), `the connection was closed ${where}`, answer);
  }
});

Deno.test("exchange() says what of an answer is not HTTP", async () => {
  assertStringIncludes(await failure("SSH-2.0-OpenSSH_9.2\r\n"), "not HTTP/1.1");
  assertStringIncludes(await failure("\0".repeat(100)), "not HTTP/1.1");
  assertStringIncludes(await failure("a".repeat(100_000)), "not HTTP/1.1");
  const bad = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n";
  assertStringIncludes(await failure(bad), "longer than its chunk-size");
});

Deno.test("exchange() says that the connection was reset", async () => {
  for (const begun of ["HTTP/1.1 2", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"]) {
    await using server = await resettingServer(begun);
    const error = await assertRejects(() => ask(server.port), NetworkError);
    assertEquals(failureReason(error), "the connection was reset");
  }
});

/** A server that begins to answer, and then sends a little again and again, for 30 s at most. */
function dripping(begun: string, drop: string): RawServer {
  return new RawServer(async (peer) => {
    await peer.receiveUntil("\r\n\r\n");
    await peer.send(begun);
    for (const until = performance.now() + 30_000; performance.now() < until;) {
      await peer.send(drop);
      await delay(1);
    }
  });
}

/** A server that begins to answer, and then is silent until the other side has gone. */
function stalling(begun: string): RawServer {
  return new RawServer(async (peer) => {
    await peer.receiveUntil("\r\n\r\n");
    await peer.send(begun);
    await peer.receiveUntilLost();
  });
}

Deno.test("exchange() gives up a server that is silent for too long", async () => {
  for (const begun of ["", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"]) {
    await using server = stalling(begun);
    const timeouts = { idleMs: 20, until: Infinity };
    const error = await assertRejects(() => ask(server.port, "GET", timeouts), DeadlineError);
    assertEquals(error.deadline, begun.includes("\r\n\r\n") ? "idle" : "head");
  }
});

Deno.test("exchange() gives up a server that always sends a little and has no end", async () => {
  await using server = dripping("HTTP/1.1 200 OK\r\n\r\n", "a");
  const timeouts = { idleMs: 30_000, until: monotonicMs() + 50 };
  const error = await assertRejects(() => ask(server.port, "GET", timeouts), DeadlineError);
  assertEquals(error.deadline, "transfer");
});

Deno.test("exchange() gives up a server whose framing drips on where content is due, or its end", async () => {
  const drips = ["5;a=", "5\r\nhello\r\n0\r\nA: ", "5\r\nhello\r\n0\r\n"];
  for (const begun of drips) {
    const head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    await using server = dripping(head + begun, begun.endsWith("0\r\n") ? "A: b\r\n" : "a");
    const timeouts = { idleMs: 150, until: Infinity };
    const error = await assertRejects(() => ask(server.port, "GET", timeouts), DeadlineError);
    assertEquals(error.deadline, "idle", begun);
  }
});

Deno.test("failureReason() has none for what is neither the server's nor the network's", () => {
  assertEquals(failureReason(new TypeError("a bug")), undefined);
});

testLiveRows("exchange() agrees with the tables of response heads", [
  ...RESPONSE_HEADS,
  ...TOLERATED_HEADS,
], async (row) => {
  await using server = RawServer.answering(encodeLatin1(row.raw));
  const asking = (async () => {
    const connection = await dial("127.0.0.1", server.port, 30_000);
    const request = { method: "GET", requestTarget: "/", fieldLines: [] };
    const response = await exchange(connection, request, TIMEOUTS).finally(() =>
      connection.close()
    );
    return { ...response }; // With its framing, which may be what is refused.
  })();
  if (row.verdict === "refused") {
    await assertRejects(() => asking, ProtocolError);
  } else if (row.verdict === "incomplete" || / 1\d\d /.test(row.raw.slice(0, 13))) {
    const error = await asking.then(() => undefined, (error) => error);
    assert(error instanceof IncompleteMessageError || error instanceof ProtocolError, `${error}`);
  } else {
    const { head, framing } = await asking;
    const value = { ...head, fieldLines: [...head.fields], framing };
    assertEquals({ ...value, ...row.value }, value);
  }
});
