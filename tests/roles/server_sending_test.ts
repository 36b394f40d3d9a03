import { assert, assertEquals, assertGreaterOrEqual, assertLess, assertMatch } from "@std/assert";
import { eventually } from "../support/children.ts";
import { fileServer } from "../support/file_server.ts";
import { RawClient } from "../support/raw_client.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { listeningRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const SIZE = 1_000_000;
/** So slow that something can happen meanwhile, and that all of it takes a second. */
const SLOWLY = ["--limit-rate=1M"];
const REQUEST = "GET /file HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/** A client that has received the head and the first octets of a large file. */
async function downloading(port: number): Promise<RawPeer> {
  const client = await RawPeer.connect(port);
  await client.send(REQUEST);
  assertMatch(await client.receiveUntil("\r\n\r\n"), /\r\nContent-Length: 1000000\r\n/);
  await client.receiveOctets(1000);
  return client;
}

/** Of a response that never comes to its end: all that a framing may have made it look whole. */
const CUT_SHORT = [
  ["its whole", "", /^a+$/],
  ["a range", "Range: bytes=1000-\r\n", /^a+$/],
  ["several ranges", "Range: bytes=0-99,1000-\r\n", /^[^]*a+$/],
] as const;

for (const [what, fields, expected] of CUT_SHORT) {
  Deno.test(`server ends the connection when a file becomes shorter while it sends ${what}`, async () => {
    await using server = await fileServer({ file: "a".repeat(SIZE) }, SLOWLY);
    using client = await RawPeer.connect(server.role.port);
    await client.send(`GET /file HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
    const head = await client.receiveUntil("\r\n\r\n");
    const length = Number(/\r\nContent-Length: ([0-9]+)\r\n/.exec(head)?.[1]);
    assertGreaterOrEqual(length, SIZE - 1000);
    await client.receiveOctets(1000);
    const path = server.root.join("file");
    await Deno.truncate(path, 200_000);
    const rest = await client.receiveUntilLost();
    assertLess(rest.length, length - 1000);
    assertMatch(rest, expected, "nothing was made up");
    const { stderr } = server.role.process;
    const line = await stderr.next(/became shorter while it was sent/);
    assert(line.includes(`${path} became`), line);
    assertMatch(
      line,
      /it ends before byte [0-9]+ of 1000000 \| client 127\.0\.0\.1 \| request "GET/,
    );
    assertMatch(line, / \| at .*\/lib\/net\//);
  });
}

for (const workers of Deno.build.os === "linux" ? [1, 2] : [1]) {
  Deno.test(`server --workers=${workers} --log=json tells in one record of content that failed, and whose`, async () => {
    const permissions = ["--allow-net", "--allow-read", `--allow-run=${Deno.execPath()}`];
    await using directory = await TemporaryDirectory.with({ file: "a".repeat(SIZE) });
    const args = [`--workers=${workers}`, "--log=json", ...SLOWLY, directory.path];
    await using server = await listeningRole("server", args, { permissions });
    using client = await downloading(server.port);
    await Deno.truncate(directory.join("file"), 200_000);
    await client.receiveUntilLost();
    const { message, client: address, request, error } = JSON.parse(
      await server.process.stderr.next(/^\{.*"event":"error"/),
    );
    assertMatch(message, /\/file became shorter while it was sent/);
    assertEquals([address, request], ["127.0.0.1", "GET /file HTTP/1.1"]);
    assertEquals([error.name, error.message], ["ContentError", message]);
    assertMatch(error.stack, /^ContentError: .*\n {4}at /);
    server.process.signal("SIGTERM");
    assertEquals((await server.process.ended).code, 0);
    assertEquals(server.process.stderr.lines.length, 1);
  });
}

Deno.test("server sends the length that it promised when a file grows meanwhile", async () => {
  await using server = await fileServer({ file: "a".repeat(SIZE) }, SLOWLY);
  using client = await downloading(server.role.port);
  await Deno.writeTextFile(server.root.join("file"), "b".repeat(1000), { append: true });
  assert(await client.receiveAll() === "a".repeat(SIZE - 1000));
});

Deno.test("server sends a file to its end that is replaced or removed meanwhile", async () => {
  await using server = await fileServer({ file: "a".repeat(SIZE), next: "b" }, SLOWLY);
  using client = await downloading(server.role.port);
  await Deno.rename(server.root.join("next"), server.root.join("file"));
  assertEquals((await server.ask("/file")).content, "b");
  await Deno.remove(server.root.join("file"));
  assert(await client.receiveAll() === "a".repeat(SIZE - 1000));
});

Deno.test({
  name: "server lets go of a file at once when its client leaves",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using server = await fileServer({ file: new Uint8Array(100_000_000) });
    const path = server.root.join("file");
    const holds = () => {
      const directory = `/proc/${server.role.process.pid}/fd`;
      return [...Deno.readDirSync(directory)].filter(({ name }) => {
        try {
          return Deno.readLinkSync(`${directory}/${name}`) === path;
        } catch {
          return false; // Closed just now.
        }
      }).length;
    };
    const clients = await Promise.all(Array.from({ length: 5 }, async () => {
      const client = await RawPeer.connect(server.role.port);
      await client.send(REQUEST);
      await client.receiveOctets(1000);
      return client;
    }));
    // A read by another thread has a descriptor of its own while it lasts.
    assertGreaterOrEqual(holds(), 5);
    for (const client of clients) client[Symbol.dispose]();
    await eventually(() => holds() === 0);
  },
});

Deno.test("server says 404 while its ROOT is gone, and goes on when it is back", async () => {
  await using server = await fileServer({ file: "a", "large": new Uint8Array(300_000) });
  assertEquals((await server.ask("/large", "", "HEAD")).statusCode, 200);
  const { path } = server.root;
  await Deno.rename(path, `${path}-away`);
  try {
    for (const target of ["/large", "/", "/none"]) {
      assertEquals((await server.ask(target)).statusCode, 404, target);
    }
  } finally {
    await Deno.rename(`${path}-away`, path);
  }
  assertEquals((await server.ask("/file")).content, "a");
  assertEquals(server.role.process.stderr.text, "");
});

Deno.test("server serves what a ROOT that is a link leads to", async () => {
  await using directory = await TemporaryDirectory.with({ "real/a": "a", "secret": "s" });
  await Deno.symlink("real", directory.join("link"));
  await Deno.symlink("../secret", directory.join("real/out"));
  await using server = await listeningRole("server", [directory.join("link")]);
  using client = await RawClient.connect(server.port);
  assertEquals(new TextDecoder().decode((await client.get("/a")).body), "a");
  assertEquals((await client.get("/out")).statusCode, 404);
});

Deno.test("server does not wait for pipes, and opens no devices", async () => {
  await using server = await fileServer({}, ["--listing"]);
  for (const [type, ...numbers] of [["p"], ["c", "1", "5"]]) {
    const args = [server.root.join(`special-${type}`), type!, ...numbers];
    // Not everybody may make a device.
    await new Deno.Command("mknod", { args, stderr: "null" }).output();
    assertEquals((await server.ask(`/special-${type}`)).statusCode, 404);
  }
  const listing = await server.ask("/", "Accept: application/json\r\n");
  assertEquals(JSON.parse(listing.content), []);
});
