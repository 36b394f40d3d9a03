import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { Agent, createServer, get, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { manyOctets, startFarm } from "../support/farm.ts";
import { listeningRole, runRole } from "../support/role.ts";

const LARGE = manyOctets(24 * 1024 * 1024);

Deno.test("fetch gets a file byte for byte through the balancer and straight", async () => {
  await using farm = await startFarm({ "large.bin": LARGE });
  for (const { origin } of [farm.balancer, farm.servers[0]!]) {
    const response = await fetch(`${origin}/large.bin`);
    assertEquals(response.redirected, origin === farm.balancer.origin);
    assertEquals(await response.bytes(), LARGE);
  }
});

Deno.test("fetch sees the redirect, no body for HEAD, and 405 for POST", async () => {
  await using farm = await startFarm({ "a.txt": "a" });
  const url = `${farm.balancer.origin}/a.txt`;
  const redirect = await fetch(url, { redirect: "manual" });
  await redirect.body?.cancel();
  const locations = farm.servers.map(({ origin }) => `${origin}/a.txt`);
  assertEquals(redirect.status, 301);
  assertEquals(locations.includes(redirect.headers.get("location")!), true);
  const head = await fetch(url, { method: "HEAD" });
  assertEquals([head.status, head.headers.get("content-length")], [200, "1"]);
  assertEquals(await head.text(), "");
  const post = await fetch(url, { method: "POST", body: "x".repeat(100_000) });
  await post.body?.cancel();
  assertEquals(post.status, 405);
});

Deno.test("fetch gets many files at a time", async () => {
  await using farm = await startFarm({ "a.txt": "a" });
  const all = Array.from({ length: 200 }, async (_, i) => {
    const response = await fetch(`${farm.balancer.origin}/a.txt?${i}`);
    return await response.text();
  });
  assertEquals(await Promise.all(all), Array.from({ length: 200 }, () => "a"));
});

Deno.test("node:http keeps one connection to the balancer over many requests", async () => {
  await using farm = await startFarm({ "a.txt": "a" });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ports = new Set<number | undefined>();
  for (let i = 0; i < 20; i++) {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get(`${farm.balancer.origin}/a.txt`, { agent }, resolve).on("error", reject);
    });
    assertEquals(response.statusCode, 301);
    ports.add(response.socket.localPort);
    await Array.fromAsync(response);
  }
  assertEquals(ports.size, 1);
  agent.destroy();
});

Deno.test("node:http serves in a farm, in chunks with a trailer", async () => {
  await using node = await listenNode((request, response) => {
    if (request.url === "/early") response.writeEarlyHints({ link: "</a>; rel=preload" });
    response.setHeader("Trailer", "X-After");
    for (let at = 0; at < LARGE.length; at += 1_000_000) {
      response.write(Buffer.from(LARGE.subarray(at, at + 1_000_000)));
    }
    response.addTrailers({ "X-After": "yes" });
    response.end();
  });
  await using balancer = await listeningRole("balancer", [node.authority]);
  for (const name of ["a.bin", "early"]) {
    const { code, stdoutBytes, stderr } = await runRole("client", [
      ...["-o", "-", `${balancer.origin}/${name}`],
    ]);
    assertEquals(code, 0, stderr);
    assertEquals(stdoutBytes, LARGE);
  }
});

Deno.test("client sees when node:http breaks off in the middle", async () => {
  await using node = await listenNode((_request, response) => {
    response.write("the beginning", () => response.destroy());
  });
  const { code, stderr } = await runRole("client", ["-o-", `http://${node.authority}/a`]);
  assertEquals(code, 3, stderr);
});

async function listenNode(
  listener: RequestListener,
): Promise<AsyncDisposable & { authority: string }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { authority: `127.0.0.1:${port}`, [Symbol.asyncDispose]: close };
}
