import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Handler } from "../../lib/net/handler.ts";
import { TrustedPeers } from "../../lib/net/trusted_peers.ts";
import { binaryHeader, PROXY_HEADERS } from "../cases/proxy_headers.ts";
import { repliesOf, replyOf } from "../support/raw_reply.ts";
import { request, Serving, textReply } from "../support/serving.ts";

/** Answers with whose request it is. */
const echoClient: Handler = ({ client, isSecure = false, target }) =>
  textReply(`${client}${isSecure ? " https" : ""} ${target}`);

const LINE = "PROXY TCP4 192.0.2.1 192.0.2.2 80 443\r\n";
const LAST = "Connection: close\r\n";

/** Serves peers at these addresses as proxies; this machine is 127.0.0.1. */
async function behindProxies(cidrs: string, sendHeader = false, headMs?: number): Promise<Serving> {
  const proxies = { peers: await TrustedPeers.of(cidrs.split(" ")), sendHeader };
  return new Serving(echoClient, { proxies, ...(headMs && { deadlines: { headMs } }) });
}

function contentsOf(text: string): string[] {
  return repliesOf(text).map(({ content }) => content);
}

Deno.test("ServerConnection takes the client of each request from a trusted proxy", async () => {
  await using server = await behindProxies("127.0.0.1 10.0.0.0/8");
  const text = await server.exchange(
    request("/1", "X-Forwarded-For: 192.0.2.1, 10.0.0.2\r\nX-Forwarded-Proto: https\r\n") +
      request("/2") +
      request("/3", 'Forwarded: for="[2001:db8::1]"\r\n') +
      request("/4", `Forwarded: for=unknown\r\n${LAST}`),
  );
  const clients = ["192.0.2.1", "127.0.0.1", "2001:db8::1", "127.0.0.1"];
  assertEquals(contentsOf(text), [
    "192.0.2.1 https /1",
    "127.0.0.1 /2",
    "2001:db8::1 /3",
    "127.0.0.1 /4",
  ]);
  for (const client of clients) assertEquals((await server.served.next()).client, client);
});

Deno.test("ServerConnection believes no other peer", async () => {
  for (const cidrs of ["10.0.0.0/8", undefined]) {
    await using server = cidrs === undefined ? new Serving(echoClient) : await behindProxies(cidrs);
    const lies = "Forwarded: for=192.0.2.1;proto=https\r\nX-Forwarded-For: 10.0.0.1\r\n";
    const more = "X-Forwarded-Proto: https\r\nX-Real-IP: 10.0.0.1\r\n";
    const text = await server.exchange(request("/", lies + more + LAST));
    assertEquals(replyOf(text).content, "127.0.0.1 /");
    assertEquals((await server.served.next()).client, "127.0.0.1");
  }
});

Deno.test("ServerConnection says of a head that is refused, or late, from which peer it is", async () => {
  await using server = await behindProxies("127.0.0.1", false, 200);
  const fields = "X-Forwarded-For: 192.0.2.1\r\n";
  using bad = await server.connect();
  await bad.sendLast(request("/", fields) + "GET  / HTTP/1.1\r\n\r\n");
  assertEquals(repliesOf(await bad.receiveAll()).map(({ statusCode }) => statusCode), [200, 400]);
  using late = await server.connect();
  await late.send(request("/", fields) + `GET / HTTP/1.1\r\n${fields}`);
  assertEquals(repliesOf(await late.receiveAll()).map(({ statusCode }) => statusCode), [200, 408]);
  for (const client of ["192.0.2.1", "127.0.0.1", "192.0.2.1", "127.0.0.1"]) {
    assertEquals((await server.served.next()).client, client);
  }
  using wrong = await server.connect();
  await wrong.sendLast(request("/", `${fields}Expect: x\r\n`));
  assertEquals(replyOf(await wrong.receiveAll()).statusCode, 417);
  assertEquals((await server.served.next()).client, "192.0.2.1");
});

Deno.test("ServerConnection reads a PROXY header, with the request behind it or before", async () => {
  await using server = await behindProxies("127.0.0.1", true);
  const binary = binaryHeader(0x21, 0x11, "\xc0\0\x02\x01\xc0\0\x02\x02\0\x50\x01\xbb\x02\0\x01x");
  for (const header of [LINE, binary]) {
    const requests = request("/1") + request("/2", LAST);
    assertEquals(contentsOf(await server.exchange(header + requests)), [
      "192.0.2.1 /1",
      "192.0.2.1 /2",
    ]);
    using slow = await server.connect();
    const sending = slow.sendEach(header + requests);
    assertEquals(contentsOf(await slow.receiveAll()), ["192.0.2.1 /1", "192.0.2.1 /2"]);
    await sending;
    using split = await server.connect();
    await split.send(header + requests.slice(0, 20));
    await split.send(requests.slice(20));
    assertEquals(contentsOf(await split.receiveAll()), ["192.0.2.1 /1", "192.0.2.1 /2"]);
  }
  for (let i = 0; i < 12; i++) assertEquals((await server.served.next()).client, "192.0.2.1");
});

Deno.test("ServerConnection believes fields behind a PROXY header only from trusted addresses", async () => {
  await using server = await behindProxies("127.0.0.1 10.0.0.0/8", true);
  const asked = request("/", `X-Forwarded-For: 198.51.100.7\r\n${LAST}`);
  const contentOf = async (header: string) =>
    replyOf(await server.exchange(header + asked)).content;
  assertEquals(await contentOf(LINE), "192.0.2.1 /");
  assertEquals(await contentOf("PROXY TCP4 10.0.0.2 10.0.0.1 80 443\r\n"), "198.51.100.7 /");
  assertEquals(await contentOf("PROXY UNKNOWN\r\n"), "198.51.100.7 /");
  assertEquals(await contentOf(binaryHeader(0x20, 0, "")), "198.51.100.7 /");
});

Deno.test("ServerConnection closes a trusted peer's connection without a PROXY header", async () => {
  await using server = await behindProxies("127.0.0.1", true);
  for (const { verdict, story, raw } of PROXY_HEADERS) {
    if (verdict !== "refused") continue;
    using client = await server.connect();
    await client.send(raw);
    assertEquals(await client.receiveUntilLost(), "", story);
    assertStringIncludes(await server.failed.next(), "127.0.0.1: ", story);
  }
  using cut = await server.connect();
  await cut.sendLast(LINE.slice(0, -1));
  assertEquals(await cut.receiveUntilLost(), "");
  assertEquals(await server.failed.next(), "127.0.0.1: The PROXY header is incomplete.");
  assertEquals(server.served.waiting, []);
});

Deno.test("ServerConnection does not complain of connections that bring nothing", async () => {
  await using server = await behindProxies("127.0.0.1", true, 200);
  using check = await server.connect();
  await check.sendLast("");
  assertEquals(await check.receiveUntilLost(), "");
  using silent = await server.connect();
  await silent.send(LINE.slice(0, -1));
  assertEquals(await silent.receiveUntilLost(), "");
  assertEquals([server.failed.waiting, server.served.waiting], [[], []]);
});

Deno.test("ServerConnection refuses a PROXY header of any other peer", async () => {
  for (const proxies of ["none", "others", "others send headers"]) {
    await using server = proxies === "none"
      ? new Serving(echoClient)
      : await behindProxies("10.0.0.0/8", proxies !== "others");
    for (const header of [LINE, "PROXY UNKNOWN\r\n", binaryHeader(0x20, 0, "")]) {
      const text = await server.exchange(header + request("/"));
      assertEquals(replyOf(text).statusCode, 400);
      assertEquals((await server.served.next()).client, "127.0.0.1");
    }
    assertEquals(server.failed.waiting, []);
  }
});

Deno.test("ServerConnection ends the wait for a PROXY header when it stops", async () => {
  await using server = await behindProxies("127.0.0.1", true);
  using client = await server.connect();
  await client.send("PROXY ");
  using other = await server.connect();
  await other.send(LINE + request("/"));
  await other.receiveUntil("192.0.2.1 /"); // So both are being served.
  await server.service.drain(10_000);
  assertEquals(await client.receiveUntilLost(), "");
  assertEquals(server.failed.waiting, []);
});
