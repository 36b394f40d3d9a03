import { assertEquals } from "@std/assert";
import { repliesOf, replyOf } from "../support/raw_reply.ts";
import { echoTarget, request, Serving, textReply } from "../support/serving.ts";

const LENGTH_5 = "Content-Length: 5\r\n";
const CHUNKED = "Transfer-Encoding: chunked\r\n";
const CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";
const EXPECTS = "Expect: 100-continue\r\n";
const MIB = 1024 * 1024;

/** Status codes and the targets that were answered. */
async function answers(text: string): Promise<unknown[]> {
  await using server = new Serving(echoTarget);
  const replies = repliesOf(await server.exchange(text));
  return replies.map(({ statusCode, content }) => statusCode === 200 ? content : statusCode);
}

Deno.test("ServerConnection reads a body away and never takes it for a request", async () => {
  const smuggled = request("/smuggled");
  const length = `Content-Length: ${smuggled.length}\r\n`;
  const chunk = `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`;
  assertEquals(await answers(request("/1", length) + smuggled + request("/2")), ["/1", "/2"]);
  assertEquals(await answers(request("/1", CHUNKED) + chunk + request("/2")), ["/1", "/2"]);
  assertEquals(await answers(request("/", length, "POST") + smuggled + request("/2")), [405, "/2"]);
});

Deno.test("ServerConnection goes on after a body of exactly 1 MiB", async () => {
  const body = "GET /".padEnd(MIB, "a");
  const text = request("/1", `Content-Length: ${MIB}\r\n`) + body + request("/2");
  assertEquals(await answers(text), ["/1", "/2"]);
});

Deno.test("ServerConnection answers and ends when the body is larger than 1 MiB", async () => {
  const chunk = `${(MIB / 4).toString(16)}\r\n${"a".repeat(MIB / 4)}\r\n`;
  const bodies = [
    [`Content-Length: ${MIB + 1}\r\n`, "a".repeat(MIB + 1)],
    [CHUNKED, `${chunk.repeat(4)}0\r\n\r\n`],
  ] as const;
  for (const [fields, body] of bodies) {
    await using server = new Serving(echoTarget);
    using client = await server.connect();
    await client.sendLast(request("/1", fields) + body + request("/2"));
    const reply = replyOf(await client.receiveAll());
    assertEquals([reply.content, reply.fields.get("connection")], ["/1", "close"]);
  }
});

Deno.test("ServerConnection refuses a body that breaks off", async () => {
  assertEquals(await answers(request("/", LENGTH_5) + "abcd"), [400]);
  assertEquals(await answers(request("/", CHUNKED) + "5\r\nabcde\r\n"), [400]);
});

Deno.test("ServerConnection sends 100 to a client that waits for it, then reads the body away", async () => {
  await using server = new Serving(echoTarget);
  using client = await server.connect();
  for (const fields of [LENGTH_5, CHUNKED]) {
    await client.send(request("/", fields + EXPECTS));
    assertEquals(await client.receiveUntil("\r\n\r\n"), CONTINUE);
    await client.send(fields === LENGTH_5 ? "GET /" : "5\r\nGET /\r\n0\r\n\r\n");
    await client.receiveUntil("\r\n\r\n/");
  }
});

Deno.test("ServerConnection sends no 100 where the client has no content or does not know it", async () => {
  const requests = [
    request("/1", EXPECTS),
    request("/2", `${EXPECTS}Content-Length: 0\r\n`),
    request("/3", `${EXPECTS}${LENGTH_5}`, "GET", "1.0"),
  ];
  const [first, second, third] = requests;
  const expected: unknown[] = [["/1"], ["/2"], ["/3"]];
  const actual = [await answers(first!), await answers(second!), await answers(third! + "abcde")];
  // RFC 9110 §10.1.1: a server may leave it out or send it when Content-Length is 0.
  assertEquals(actual.map((it) => it.filter((answer) => answer !== 100)), expected);
  assertEquals([actual[0], actual[2]], [expected[0], expected[2]]);
});

Deno.test("ServerConnection refuses at once what it would not read, without a 100", async () => {
  await using server = new Serving(echoTarget);
  const large = `Content-Length: ${MIB + 1}\r\n`;
  const refused = [
    [request("/", LENGTH_5 + EXPECTS, "POST"), 405],
    [request("/", LENGTH_5 + EXPECTS, "BREW"), 501],
    [request("/", LENGTH_5 + "Expect: 200-ok\r\n"), 417],
    [request("/", LENGTH_5 + "Expect: 100-continue, a=b\r\n"), 417],
    [request("/", large + EXPECTS), 200],
  ] as const;
  for (const [text, status] of refused) {
    using client = await server.connect();
    await client.send(text);
    const { statusCode, fields } = replyOf(await client.receiveAll());
    assertEquals([statusCode, fields.get("connection")], [status, "close"]);
  }
});

Deno.test("ServerConnection's refusal arrives though the client goes on sending", async () => {
  await using server = new Serving(echoTarget);
  const large = "a".repeat(5_000_000);
  const begun = [
    ["GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400],
    [request("/", CHUNKED) + "not a chunk\r\n", 400],
    [request("/", `Content-Length: ${large.length}\r\n`), 200],
    [request("/", `Content-Length: ${large.length}\r\n`, "POST"), 405],
    [request("/", "Connection: close\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400],
  ] as const;
  for (const [text, status] of begun) {
    using client = await server.connect();
    await client.send(text);
    // Were the connection reset, this would throw.
    await client.sendLast(large);
    const { statusCode, fields } = replyOf(await client.receiveAll());
    assertEquals([statusCode, fields.get("connection")], [status, "close"]);
  }
});

Deno.test("ServerConnection's last reply arrives though the client has sent something more", async () => {
  // More than is on its way at once, so that a reset would destroy the rest.
  const content = "x".repeat(300_000);
  const options = { deadlines: { lingerMs: 50 } };
  for (
    const [last, more] of [[request("/", "Connection: close\r\n"), request("/")], [
      "GET / HTTP/1.0\r\n\r\n",
      "\r\n",
    ]] as const
  ) {
    await using server = new Serving(() => textReply(content), options);
    using client = await server.connect();
    await client.send(last);
    const begun = await client.receiveUntil("HTTP/1.1");
    await client.send(more);
    await server.service.drain(30_000);
    assertEquals(replyOf(begun + await client.receiveAll()).content.length, content.length);
  }
});
