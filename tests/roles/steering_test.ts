import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { answering, FakeServer } from "../support/fake_server.ts";
import { RawClient } from "../support/raw_client.ts";
import { countRedirects } from "../support/redirects.ts";
import { listeningRole, PROJECT } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const FIT = answering("200 OK", "test");
const CERTIFICATES = join(PROJECT, "tests/support/tls");

/** The Location of each of some requests. */
async function locations(port: number, fields: string, count = 50): Promise<Set<string>> {
  using client = await RawClient.connect(port);
  const found = new Set<string>();
  for (let i = 0; i < count; i++) {
    await client.send(`GET /x HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
    found.add((await client.response()).fields.get("location") ?? "none");
  }
  return found;
}

Deno.test("balancer tests a server in one place and sends clients to another", async () => {
  await using stack = new AsyncDisposableStack();
  const farm = [0, 1, 2].map(() => stack.use(new FakeServer(FIT)));
  const [first, second, third] = farm.map(({ authority }) => authority);
  const list = `${second}   http://two.example/files/   weight=2  # by the river\r\n`;
  const directory = stack.use(await TemporaryDirectory.with({ "list.txt": list }));
  const args = [`${first}=https://one.example`, directory.join("list.txt"), `${third},drain`];
  const permissions = ["--allow-net", "--allow-read"];
  const balancer = stack.use(await listeningRole("balancer", args, { permissions }));
  assertEquals(
    await locations(balancer.port, "", 200),
    new Set(["https://one.example/x", "http://two.example/files/x"]),
  );
  for (const server of farm) assertEquals(server.requestHeads.length, 1);
});

Deno.test("balancer tests an https server over TLS, below its path", async () => {
  const [cert, key] = await Promise.all(
    ["server.pem", "server.key"].map((name) => Deno.readTextFile(join(CERTIFICATES, name))),
  );
  using listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert: cert!, key: key! });
  const { port } = listener.addr;
  const heads: string[] = [];
  // How often a server is looked at depends on how long the balancer had to stand still.
  const serving = (async () => {
    for await (using conn of listener) {
      const buffer = new Uint8Array(4096);
      const count = await conn.read(buffer).catch(() => null);
      if (count === null) continue;
      heads.push(new TextDecoder().decode(buffer.subarray(0, count)));
      await FIT(conn as unknown as Deno.TcpConn, "");
    }
  })();
  const entry = `https://localhost:${port}/pub`;
  const permissions = ["--allow-net", `--cert=${join(CERTIFICATES, "ca.pem")}`];
  await using stranger = new FakeServer(FIT);
  const unknown = await listeningRole("balancer", [entry, stranger.authority]);
  const { stderr } = unknown.process;
  await stderr.next(new RegExp(`localhost:${port} is out: .*(certificate|UnknownIssuer)`));
  await unknown[Symbol.asyncDispose]();
  await using balancer = await listeningRole("balancer", [entry], { permissions });
  assertEquals(new Set(heads).size, 1);
  assertStringIncludes(heads[0]!, `GET /pub/test.bin HTTP/1.1\r\nHost: localhost:${port}\r\n`);
  assertEquals(await locations(balancer.port, "", 5), new Set([`${entry}/x`]));
  listener.close();
  await serving;
});

Deno.test("balancer uses a backup only when all others are out", async () => {
  await using main = new FakeServer(FIT);
  await using backup = new FakeServer(FIT);
  const args = ["--interval=100ms", main.authority, `${backup.authority},backup`];
  await using balancer = await listeningRole("balancer", args);
  assertEquals([...(await countRedirects(balancer.port, 100)).keys()], [main.authority]);
  main.answer = answering("404 Not Found", "no");
  await balancer.process.stderr.next(new RegExp(`${main.authority} is out`));
  assertEquals([...(await countRedirects(balancer.port, 100)).keys()], [backup.authority]);
});

Deno.test("balancer leaves out the servers that a retry names, and keeps them out of its log", async () => {
  await using first = new FakeServer(FIT);
  await using second = new FakeServer(FIT);
  const args = ["--log=json", first.authority, second.authority];
  await using balancer = await listeningRole("balancer", args);
  const onlyFirst = await locations(balancer.port, `Avoid-Server: ${second.authority}\r\n`);
  assertEquals(onlyFirst, new Set([`http://${first.authority}/x`]));
  const all = `Avoid-Server: ${first.authority}, ${second.authority}, evil.example:80\r\n`;
  assertEquals((await locations(balancer.port, all)).size, 2);
  balancer.process.signal("SIGTERM");
  await balancer.process.ended;
  assertEquals(balancer.process.stdout.text.includes("evil"), false);
});

Deno.test("balancer --alternatives links the other servers, the chosen one first", async () => {
  await using stack = new AsyncDisposableStack();
  const farm = [0, 1, 2].map(() => stack.use(new FakeServer(FIT)));
  const servers = farm.map(({ authority }) => authority);
  const balancer = stack.use(await listeningRole("balancer", ["--alternatives=2", ...servers]));
  using client = await RawClient.connect(balancer.port);
  const { head, fields } = await client.get("/a%20b?c");
  const links = [...head.matchAll(/^Link: <(.*)>; rel=duplicate; pri=([0-9])\r$/gm)];
  assertEquals(links.map(([, , priority]) => priority), ["1", "2", "3"]);
  assertEquals(links[0]![1], fields.get("location"));
  const uris = servers.map((authority) => `http://${authority}/a%20b?c`);
  assertEquals(links.map(([, uri]) => uri).sort(), uris.sort());
  const hostile = await client.get("/>;rel=duplicate;pri=1,<http://evil.example/");
  assertEquals([hostile.statusCode, /^Link:/m.test(hostile.head)], [301, false]);
});

Deno.test("balancer --policy chooses how clients are shared", async () => {
  await using first = new FakeServer(FIT);
  await using second = new FakeServer(FIT);
  const args = ["--policy=round-robin", first.authority, `${second.authority},weight=3`];
  await using balancer = await listeningRole("balancer", args);
  const counts = await countRedirects(balancer.port, 400);
  assertEquals([first, second].map(({ authority }) => counts.get(authority)), [100, 300]);
  assert(balancer.process.stderr.text.includes("(75.0 %)"));
});
