import { assertEquals, assertStringIncludes } from "@std/assert";
import { answering, FakeServer } from "../support/fake_server.ts";
import { RawClient } from "../support/raw_client.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { replyOf } from "../support/raw_reply.ts";
import {
  assertRefused,
  hasIpv6,
  type ListeningRole,
  listeningRole,
  portOf,
  type RoleName,
  runRole,
  startRole,
} from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const FIT = answering("200 OK", "test");
const HEADER = "PROXY TCP4 192.0.2.1 192.0.2.2 80 443\r\n";

/** Asks on a connection of its own, with these fields and behind these bytes. */
async function ask(port: number, fields: string, before = ""): Promise<string> {
  using client = await RawPeer.connect(port);
  await client.sendLast(`${before}GET /x HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
  return await client.receiveUntilLost();
}

/** The client of the next line of the access log. */
async function loggedClient({ process }: Pick<ListeningRole, "process">): Promise<string> {
  const line = await process.stdout.next(/" [0-9]{3} /);
  return line.split(" ")[0]!;
}

Deno.test("balancer sends clients behind a trusted proxy by their own addresses", async () => {
  await using farm = new FakeServer(FIT);
  await using other = new FakeServer(FIT);
  const servers = [farm.authority, other.authority];
  await using balancer = await listeningRole("balancer", [
    ...["--trusted-proxies=127.0.0.0/8,fd00::/8", "--policy=client"],
    ...servers,
  ]);
  const seen = new Set<string>();
  for (let i = 0; i < 32; i++) {
    const locations = new Set<string>();
    for (const field of [`X-Forwarded-For: 192.0.2.${i}`, `Forwarded: for=192.0.2.${i}`]) {
      const { fields } = replyOf(await ask(balancer.port, `${field}\r\n`));
      locations.add(fields.get("location")!);
      assertEquals(await loggedClient(balancer), `192.0.2.${i}`);
    }
    assertEquals(locations.size, 1);
    for (const location of locations) seen.add(location);
  }
  assertEquals(seen, new Set(servers.map((authority) => `http://${authority}/x`)));
});

Deno.test("balancer prefers a server of https for a proxy's clients that use it", async () => {
  await using farm = new FakeServer(FIT);
  await using balancer = await listeningRole("balancer", [
    ...["--trusted-proxies=127.0.0.1", farm.authority],
    `localhost:${farm.port}=https://files.example`,
  ]);
  for (let i = 0; i < 20; i++) {
    for (const field of ["X-Forwarded-Proto: https", "Forwarded: proto=https"]) {
      const { fields } = replyOf(await ask(balancer.port, `${field}\r\n`));
      assertEquals(fields.get("location"), "https://files.example/x");
    }
  }
  const locations = new Set<string>();
  while (locations.size < 2) {
    const { fields } = replyOf(await ask(balancer.port, "X-Forwarded-Proto: http\r\n"));
    locations.add(fields.get("location")!);
  }
});

Deno.test("balancer and server believe nobody unless they are told to", async () => {
  await using farm = new FakeServer(FIT);
  const lies = "Forwarded: for=192.0.2.1;proto=https\r\nX-Forwarded-For: 192.0.2.1\r\n";
  for (const option of [[], ["--trusted-proxies=10.0.0.0/8"]]) {
    await using balancer = await listeningRole("balancer", [...option, farm.authority]);
    await using root = await TemporaryDirectory.with({ x: "x" });
    await using server = await listeningRole("server", [...option, root.path]);
    for (const role of [balancer, server]) {
      await ask(role.port, lies);
      assertEquals(await loggedClient(role), "127.0.0.1");
      assertEquals(replyOf(await ask(role.port, "", HEADER)).statusCode, 400);
      assertEquals(await loggedClient(role), "127.0.0.1");
    }
  }
});

Deno.test("server and balancer read PROXY headers of trusted proxies, and need them", async () => {
  await using farm = new FakeServer(FIT);
  await using root = await TemporaryDirectory.with({ x: "x" });
  const options = ["--trusted-proxies=127.0.0.1", "--proxy-protocol"];
  await using server = await listeningRole("server", [...options, root.path]);
  await using balancer = await listeningRole("balancer", [...options, farm.authority]);
  for (const [role, statusCode] of [[server, 200], [balancer, 301]] as const) {
    assertEquals(replyOf(await ask(role.port, "", HEADER)).statusCode, statusCode);
    assertEquals(await loggedClient(role), "192.0.2.1");
    assertEquals(await ask(role.port, ""), "");
    const line = await role.process.stderr.next(/as a trusted proxy/);
    assertStringIncludes(line, "127.0.0.1 failed as a trusted proxy: It does not begin with");
    assertEquals(await ask(role.port, ""), ""); // Which is not logged again.
    assertEquals(replyOf(await ask(role.port, "", HEADER)).statusCode, statusCode);
    assertEquals(await loggedClient(role), "192.0.2.1");
  }
});

Deno.test({
  name: "balancer --workers=2 reads PROXY headers in both, with --log=json",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using farm = new FakeServer(FIT);
    await using balancer = await listeningRole("balancer", [
      ...["--workers=2", "--trusted-proxies=127.0.0.1", "--proxy-protocol", "--log=json"],
      farm.authority,
    ], { permissions: ["--allow-net=127.0.0.1", `--allow-run=${Deno.execPath()}`] });
    for (let i = 0; i < 20; i++) {
      const header = `PROXY TCP6 2001:db8::${i + 1} ::1 80 443\r\n`;
      assertEquals(replyOf(await ask(balancer.port, "", header)).statusCode, 301);
      const { client } = JSON.parse(await balancer.process.stdout.next(/"client"/));
      assertEquals(client, `2001:db8::${i + 1}`);
    }
  },
});

Deno.test({
  name: "balancer takes a proxy over IPv4 for the same when it listens on IPv6",
  ignore: !hasIpv6,
  fn: async () => {
    await using farm = new FakeServer(FIT);
    const args = ["--host=::", "--port=0", "--trusted-proxies=127.0.0.1", farm.authority];
    await using process = startRole("balancer", args);
    const port = await portOf(process);
    for (const client of ["192.0.2.1", "2001:db8::1"]) {
      await ask(port, `X-Forwarded-For: ${client}\r\n`);
      assertEquals(await loggedClient({ process }), client);
    }
    using stranger = await RawClient.connect(port, "::1");
    await stranger.send("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n");
    assertEquals((await stranger.response()).statusCode, 301);
    assertEquals(await loggedClient({ process }), "::1");
  },
});

Deno.test("a role names a mistake about proxies in one line", async () => {
  const TLS = ["--tls-cert=tests/support/tls/server.pem", "--tls-key=tests/support/tls/server.key"];
  const mistakes: readonly (readonly [RoleName, readonly string[], RegExp])[] = [
    ["server", ["--proxy-protocol"], /--proxy-protocol needs --trusted-proxies=CIDRS as well$/m],
    ["balancer", ["--trusted-proxies=", "a:1"], /--trusted-proxies needs a value/],
    [
      "balancer",
      ["--trusted-proxies=10.0.0.0/8,proxy.example", "a:1"],
      /--trusted-proxies: "proxy\.example" is no address or network$/m,
    ],
    [
      "server",
      ["--trusted-proxies=10.1.2.3/8"],
      /--trusted-proxies: "10\.1\.2\.3\/8" has bits behind its prefix: write 10\.0\.0\.0\/8$/m,
    ],
    [
      "server",
      ["--trusted-proxies=::1", "--proxy-protocol", ...TLS],
      /--proxy-protocol does not work with --tls-cert: let the proxy end TLS, /,
    ],
    ["server", ["--workers=2", "--trusted-proxies=x"], /"x" is no address or network$/m],
  ];
  for (const [role, args, line] of mistakes) assertRefused(await runRole(role, args), 2, line);
});
