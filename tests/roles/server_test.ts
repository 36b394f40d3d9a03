import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { RawClient } from "../support/raw_client.ts";
import {
  assertRefused,
  hasIpv6,
  listeningRole,
  portOf,
  runRole,
  startRole,
} from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

Deno.test("server first prints where it listens, with the port that it got", async () => {
  await using root = await TemporaryDirectory.with();
  await using process = startRole("server", ["--port=0", root.path]);
  const port = await portOf(process);
  assertEquals(process.stdout.lines, [`listening on http://0.0.0.0:${port}`]);
  assertEquals(process.stderr.text, "");
  using client = await RawClient.connect(port);
  assertEquals((await client.get("/none")).statusCode, 404);
});

Deno.test({
  name: "server listens on an IPv6 address and prints it in brackets",
  ignore: !hasIpv6,
  async fn() {
    await using process = startRole("server", ["--host=::1", "--port=0"]);
    const port = await portOf(process);
    assertEquals(process.stdout.lines, [`listening on http://[::1]:${port}`]);
    using client = await RawClient.connect(port, "::1");
    assertEquals((await client.get("/none")).statusCode, 404);
  },
});

Deno.test("server serves the current directory unless told otherwise", async () => {
  await using root = await TemporaryDirectory.with({ "here.txt": "here" });
  await using server = await listeningRole("server", [], { cwd: root.path });
  using client = await RawClient.connect(server.port);
  assertEquals(text((await client.get("/here.txt")).body), "here");
});

/** What cannot be served, and the answer's status code. */
const REFUSED: readonly (readonly [request: string, statusCode: number])[] = [
  ["GET /none HTTP/1.1\r\nHost: a\r\n\r\n", 404],
  ["GET /.hidden HTTP/1.1\r\nHost: a\r\n\r\n", 404],
  ["GET /../secret HTTP/1.1\r\nHost: a\r\n\r\n", 404],
  ["GET /%2e%2e%2fsecret HTTP/1.1\r\nHost: a\r\n\r\n", 404],
  ["GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ["GET / HTTP/1.1\r\n\r\n", 400],
  ["hello\r\n\r\n", 400],
  ["POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi", 405],
  ["BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501],
  ["GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505],
];

Deno.test("server serves the files under its ROOT, and nothing else", async (t) => {
  const everyOctet = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) >> 3);
  const page = "<!DOCTYPE html><title>Grüße</title>";
  await using directory = await TemporaryDirectory.with({
    "secret": "secret",
    "root/.hidden": "secret",
    "root/page.html": page,
    "root/empty.txt": "",
    "root/deep/er/every octet.bin": everyOctet,
  });
  await using server = await listeningRole("server", [directory.join("root")]);
  using client = await RawClient.connect(server.port);

  await t.step("sends every file byte for byte, with its type and length", async () => {
    const html = await client.get("/page.html");
    assertEquals(text(html.body), page);
    assertMatch(html.fields.get("content-type") ?? "", /^text\/html; charset=utf-8$/i);
    assertEquals((await client.get("/empty.txt")).body.length, 0);
    const binary = await client.get("/deep/er/every%20octet.bin");
    assertEquals(binary.body, everyOctet);
    assertEquals(binary.fields.get("content-length"), "300000");
  });

  await t.step("has a test file of 1 MiB unless ROOT has one", async () => {
    assertEquals((await client.get("/test.bin")).body.length, 1024 * 1024);
    assertEquals((await client.get("//test.bin?bytes=5")).body.length, 5);
    await directory.write("root/test.bin", "mine");
    assertEquals(text((await client.get("/test.bin")).body), "mine");
  });

  await t.step("answers what it cannot serve with a page and its status", async () => {
    for (const [request, statusCode] of REFUSED) {
      using client = await RawClient.connect(server.port);
      await client.send(request);
      const response = await client.response();
      assertEquals(response.statusCode, statusCode, request);
      assertEquals(response.fields.get("content-type"), "text/html; charset=utf-8");
      assertStringIncludes(text(response.body), `<h1>${statusCode} `);
    }
  });
});

Deno.test("server writes one line for each answer after the first line", async () => {
  await using root = await TemporaryDirectory.with({ "a.txt": "abc" });
  for (
    const [format, line] of [
      ["common", /^127\.0\.0\.1 - - \[[^\]]+ \+0000\] "GET \/a\.txt HTTP\/1\.1" 200 3$/],
      [
        "json",
        /^\{"time":"[^"]+","client":"127\.0\.0\.1","requestLine":"GET \/a\.txt HTTP\/1\.1",/,
      ],
    ] as const
  ) {
    await using server = await listeningRole("server", [`--log=${format}`, root.path]);
    using client = await RawClient.connect(server.port);
    await client.get("/a.txt");
    await server.process.stdout.next(line);
    assertEquals(server.process.stdout.lines.length, 2);
  }
});

Deno.test("server --log=none writes nothing after the first line", async () => {
  await using server = await listeningRole("server", ["--log=none"]);
  using client = await RawClient.connect(server.port);
  await client.get("/none");
  server.process.signal("SIGTERM");
  await server.process.ended;
  assertEquals(server.process.stdout.lines.length, 1);
});

Deno.test("server ends with 1 and one line when it cannot listen", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  const args = ["--host=127.0.0.1", `--port=${port}`];
  assertRefused(await runRole("server", args), 1, new RegExp(`^server: port ${port} is taken`));
  const foreign = ["--host=203.0.113.1", "--port=0"];
  assertRefused(await runRole("server", foreign), 1, /--host=203\.0\.113\.1 is no address of this/);
  const unknown = ["--host=no such host", "--port=0"];
  assertRefused(await runRole("server", unknown), 1, /cannot listen on --host=no such host/);
  const permissions = ["--allow-read"];
  const unpermitted = await runRole("server", ["--port=0"], { permissions });
  assertRefused(unpermitted, 1, /no permission to listen: run it with --allow-net/);
});

Deno.test("server ends with 2 and one line when ROOT is no directory it may read", async () => {
  await using directory = await TemporaryDirectory.with({ file: "" });
  const { cwd, ...roots } = { cwd: directory.path, missing: "missing", file: "file" };
  assertRefused(await runRole("server", [roots.missing], { cwd }), 2, /missing: no such directory/);
  assertRefused(await runRole("server", [roots.file], { cwd }), 2, /file is not a directory/);
  const below = await runRole("server", ["file/below"], { cwd });
  assertRefused(below, 2, /file\/below is not a directory/);
  const unpermitted = await runRole("server", ["."], { cwd, permissions: ["--allow-net"] });
  assertRefused(unpermitted, 2, /no permission to read \.: run it with --allow-read/);
});

Deno.test({
  name: "server names a ROOT whose path is no UTF-8",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using directory = await TemporaryDirectory.with();
    const script = 'cd "$0" && n=$(printf "caf\\351") && mkdir "$n" && ln -s "$n" link';
    await new Deno.Command("sh", { args: ["-c", script, directory.path] }).output();
    for (const root of ["link", "caf\ufffd"]) {
      const refused = await runRole("server", [root], { cwd: directory.path });
      assertRefused(refused, 2, new RegExp(`${root}: its path holds a name that is no UTF-8`));
    }
  },
});

function text(octets: Uint8Array): string {
  return new TextDecoder().decode(octets);
}
