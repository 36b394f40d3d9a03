import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { eventually } from "../support/children.ts";
import { fileServer } from "../support/file_server.ts";
import { RawClient, type RawResponse } from "../support/raw_client.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { assertRefused, listening, PROJECT, runRole } from "../support/role.ts";
import { Process } from "../support/process.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

Deno.test("server adds the fields that it is told to", async () => {
  const args = ["--header=X-A: b", "--header", "X-C:d", "--cache-control=max-age=60"];
  await using server = await fileServer({ file: "a" }, args);
  const file = (await server.ask("/file")).fields;
  assertEquals([file.get("x-a"), file.get("x-c"), file.get("cache-control")], [
    "b",
    "d",
    "max-age=60",
  ]);
  const missing = (await server.ask("/none")).fields;
  assertEquals([missing.get("x-a"), missing.get("cache-control")], ["b", undefined]);
});

Deno.test("server adds its fields to every answer, so that a browser's preflight succeeds", async () => {
  const args = [
    "--header=Access-Control-Allow-Origin: https://app.example",
    "--header=Access-Control-Allow-Headers: Range",
    "--header=Access-Control-Allow-Methods: GET, HEAD",
  ];
  await using server = await fileServer({ file: "abc" }, args);
  const tag = (await server.ask("/file")).fields.get("etag");
  const preflight = "Origin: https://app.example\r\nAccess-Control-Request-Method: GET\r\n" +
    "Access-Control-Request-Headers: range\r\n";
  const asked = [
    ["/file", preflight, "OPTIONS", 204],
    ["/none", preflight, "OPTIONS", 204],
    ["*", preflight, "OPTIONS", 204],
    ["/file", "", "HEAD", 200],
    ["/file", "Range: bytes=0-0\r\n", "GET", 206],
    ["/file", `If-None-Match: ${tag}\r\n`, "GET", 304],
    ["/file", "Range: bytes=9-\r\n", "GET", 416],
    ["/file", 'If-Match: "x"\r\n', "GET", 412],
    ["/none", "", "GET", 404],
    ["/%", "", "GET", 400],
    ["/test.bin?bytes=x", "", "GET", 400],
    ["/file", "", "POST", 405],
    ["file", "", "GET", 400],
  ] as const;
  for (const [target, fields, method, statusCode] of asked) {
    const reply = await server.ask(target, fields, method);
    assertEquals(reply.statusCode, statusCode, `${method} ${target}`);
    assertEquals(reply.fields.get("access-control-allow-origin"), "https://app.example");
    assertEquals(reply.fields.get("access-control-allow-headers"), "Range");
    assertEquals(reply.fields.get("access-control-allow-methods"), "GET, HEAD");
    if (statusCode === 204) assertEquals(reply.fields.get("allow"), "GET, HEAD, OPTIONS");
  }
});

Deno.test("server ends with 2 and one line when it cannot add a field", async () => {
  const refused = await runRole("server", ["--header=Content-Length: 5"]);
  assertRefused(refused, 2, /^server: --header/);
  const cacheControl = await runRole("server", ["--header=Cache-Control: no-store"]);
  assertRefused(cacheControl, 2, /Cache-Control by its own option, is accepted/);
  assertRefused(await runRole("server", ["--cache-control=a\nb"]), 2, /--cache-control/);
  assertRefused(await runRole("server", ["--etag=md5"]), 2, /time or content is accepted/);
});

Deno.test("server --listing shows a directory, links and all", async () => {
  const files = { "sub dir/a?b#c%20.txt": "found", "sub dir/<b>": "" };
  await using server = await fileServer(files, ["--listing"]);
  const root = await server.ask("/");
  const [, link] = /<a href="(sub[^"]*)">/.exec(root.content) ?? [];
  const directory = await server.ask(`/${link}`);
  assertStringIncludes(directory.content, "&lt;b&gt;");
  const [, file] = /<a href="(a[^"]*)">/.exec(directory.content) ?? [];
  assertEquals((await server.ask(`/${link}${file}`)).content, "found");
  assertEquals((await server.ask("/sub%20dir")).fields.get("location"), "./sub%20dir/");
});

Deno.test("server streams a listing with a bounded buffer, to HTTP/1.0 as well", async () => {
  const names = Array.from({ length: 3000 }, (_, i) => `file-${String(i).padStart(4, "0")}`);
  const files = Object.fromEntries(names.map((name) => [name, ""]));
  await using server = await fileServer(files, ["--listing"]);
  const { fields, content } = await server.ask("/", "Accept: application/json\r\n");
  assertEquals(fields.get("transfer-encoding"), "chunked");
  assertEquals(JSON.parse(content).map(({ name }: { name: string }) => name), names);
  using old = await RawPeer.connect(server.role.port);
  await old.send("GET / HTTP/1.0\r\n\r\n");
  const text = await old.receiveAll();
  assertMatch(text, /\r\nConnection: close\r\n/);
  assertEquals(text.match(/<a href="file-/g)?.length, 3000);
});

Deno.test("server has a test file in any size", async () => {
  await using server = await fileServer({});
  assertEquals((await server.ask("/test.bin?bytes=3000000")).content.length, 3_000_000);
  assertEquals((await server.ask("/test.bin?bytes=0")).statusCode, 400);
  const head = await server.ask("/test.bin?bytes=67108864", "", "HEAD");
  assertEquals(head.fields.get("content-length"), "67108864");
});

Deno.test({
  name: "server answers 503 and Retry-After when it has no descriptor for a file",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using root = await TemporaryDirectory.with({ file: new Uint8Array(10_000_000) });
    const script = 'ulimit -n 64; exec "$@"';
    const command = [Deno.execPath(), "run", "--quiet", "--allow-net", "--allow-read", "server.ts"];
    const args = ["--host=127.0.0.1", "--port=0", "--log=none", "--limit-rate=100K", root.path];
    const shell = ["-c", script, "sh", ...command, ...args];
    await using server = await listening(new Process("sh", shell, { cwd: PROJECT }));
    using stack = new DisposableStack();
    const spare = stack.use(await RawClient.connect(server.port));
    const heads: Omit<RawResponse, "body">[] = [];
    for (let i = 0; i < 40; i++) {
      const client = stack.use(await RawClient.connect(server.port));
      await client.send("GET /file HTTP/1.1\r\nHost: a\r\n\r\n");
      client.responseHead().then((head) => heads.push(head), () => {});
    }
    const refusal = () => heads.find(({ statusCode }) => statusCode !== 200);
    await eventually(async () => {
      try {
        await spare.send("HEAD /file HTTP/1.1\r\nHost: a\r\n\r\n");
        heads.push(await spare.response("HEAD"));
      } catch {
        // An idle connection may be closed for a new one.
      }
      return refusal() !== undefined;
    });
    const { statusCode, fields } = refusal()!;
    assertEquals([statusCode, fields.get("retry-after")], [503, "1"]);
  },
});
