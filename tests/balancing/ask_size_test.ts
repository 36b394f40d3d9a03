import { assertEquals } from "@std/assert";
import { askSize } from "../../lib/balancing/known_sizes.ts";
import { parseServer } from "../../lib/balancing/list/server.ts";
import { type Answer, answering, FakeServer, hanging, saying } from "../support/fake_server.ts";

const LONG_MS = 30_000;

async function sizeBy(answer: Answer, timeoutMs = LONG_MS): Promise<number | undefined> {
  await using server = new FakeServer(answer);
  return await askSize(parseServer(server.authority), "/a", timeoutMs);
}

function heading(...lines: readonly string[]): Answer {
  return saying(`${lines.join("\r\n")}\r\n\r\n`);
}

Deno.test("askSize() gives the length of what a GET would bring", async () => {
  assertEquals(await sizeBy(heading("HTTP/1.1 200 OK", "Content-Length: 123456")), 123456);
  assertEquals(await sizeBy(heading("HTTP/1.0 200 OK", "Content-Length: 0")), 0);
  const interim = ["HTTP/1.1 103 Early Hints", "", "HTTP/1.1 200 OK", "Content-Length: 5"];
  assertEquals(await sizeBy(heading(...interim)), 5);
  assertEquals(await sizeBy(answering("200 OK", "a body that nobody asked for")), 28);
});

Deno.test("askSize() asks by HEAD, below the prefix, and for the file as it is", async () => {
  await using server = new FakeServer(answering("200 OK", ""));
  await askSize(parseServer(server.authority), "/a%20b?c=d", LONG_MS);
  const [head = ""] = server.requestHeads;
  const { authority } = server;
  assertEquals(head.split("\r\n").slice(0, 2), [
    "HEAD /a%20b?c=d HTTP/1.1",
    `Host: ${authority}`,
  ]);
  assertEquals(/^Accept-Encoding: (.*)\r$/m.exec(head)?.[1], "identity");
  assertEquals(/^Connection: (.*)\r$/m.exec(head)?.[1], "close");
  const prefixed = { ...parseServer(authority), probePrefix: "/pub" };
  await askSize(prefixed, "/a", LONG_MS);
  assertEquals(server.requestHeads[1]?.split("\r\n")[0], "HEAD /pub/a HTTP/1.1");
});

Deno.test("askSize() takes no other answer for a size", async () => {
  for (
    const status of ["404 Not Found", "206 Partial Content", "204 No Content", "503 Unavailable"]
  ) {
    assertEquals(await sizeBy(heading(`HTTP/1.1 ${status}`, "Content-Length: 7")), undefined);
  }
  assertEquals(
    await sizeBy(heading("HTTP/1.1 301 Moved", "Location: /b", "Content-Length: 7")),
    undefined,
  );
  assertEquals(await sizeBy(heading("HTTP/1.1 200 OK", "Transfer-Encoding: chunked")), undefined);
  assertEquals(await sizeBy(heading("HTTP/1.1 200 OK")), undefined);
});

Deno.test("askSize() takes no size from a head that is faulty", async () => {
  const fields = [
    ["Content-Length: 7", "Content-Length: 8"],
    ["Content-Length: 7", "Transfer-Encoding: chunked"],
    ["Content-Length: -1"],
    ["Content-Length: 1e3"],
    ["Content-Length: 99999999999999999999"],
    ["Content-Length: 7", ...Array.from({ length: 5000 }, (_, i) => `X-${i}: ${"x".repeat(99)}`)],
    [`Content-Length: 7`, `X: ${"x".repeat(1_000_000)}`],
    ["Content-Length: 7", "X y"],
  ];
  for (const lines of fields) {
    assertEquals(await sizeBy(heading("HTTP/1.1 200 OK", ...lines)), undefined);
  }
  assertEquals(await sizeBy(saying("SSH-2.0-OpenSSH_9.6\r\n")), undefined);
  assertEquals(await sizeBy(saying("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n")), undefined);
  assertEquals(await sizeBy(saying("")), undefined);
});

Deno.test("askSize() waits for no silent server, and for none that is not there", async () => {
  assertEquals(await sizeBy(hanging, 300), undefined);
  const server = new FakeServer(hanging);
  const { authority } = server;
  await server[Symbol.asyncDispose]();
  assertEquals(await askSize(parseServer(authority), "/a", LONG_MS), undefined);
});

Deno.test("askSize() of an https server wants one that speaks TLS", async () => {
  await using plain = new FakeServer(heading("HTTP/1.1 200 OK", "Content-Length: 7"));
  assertEquals(await askSize(parseServer(`https://${plain.authority}`), "/a", 500), undefined);
  assertEquals(plain.requestHeads, []);
});
