import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Fields } from "../../lib/http/fields.ts";
import { parseLoadReport } from "../../lib/http/load_report.ts";
import { manyOctets } from "../support/farm.ts";
import { runPeer, startNginx } from "../support/peer.ts";
import { RawClient } from "../support/raw_client.ts";
import { readReadme } from "../support/readme.ts";
import { listeningRole, runRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const LARGE = manyOctets(24 * 1024 * 1024);
const FILES = { "test.bin": LARGE.subarray(0, 1024 * 1024), "page.html": "page", "large": LARGE };

Deno.test("nginx serves beside our server in one farm", async () => {
  await using root = await TemporaryDirectory.with(FILES);
  await using nginx = await startNginx(`root ${root.path};`);
  await using server = await listeningRole("server", [root.path]);
  await using balancer = await listeningRole("balancer", [nginx.authority, server.authority]);
  const tested = await balancer.process.stderr.next(/tested, fastest first: /);
  for (const { authority } of [nginx, server]) assertStringIncludes(tested, authority);

  const seen = new Set<string>();
  using client = await RawClient.connect(balancer.port);
  while (seen.size < 2) {
    const { fields } = await client.get("/large");
    seen.add(fields.get("location") ?? "none");
  }
  assertEquals(seen, new Set([`${nginx.origin}/large`, `${server.origin}/large`]));
});

Deno.test("nginx says how many transfers are open by the lines of the README", async () => {
  await using root = await TemporaryDirectory.with(FILES);
  const lines = readReadme("lib/files/README.md").blocks.find(({ text }) =>
    text.includes("Endpoint-Load-Metrics")
  );
  await using nginx = await startNginx(`root ${root.path}; ${lines!.text}`);
  const port = Number(nginx.authority.split(":")[1]);
  const openTransfers = async () => {
    using client = await RawClient.connect(port);
    const { fields } = await client.get("/test.bin");
    const value = fields.get("endpoint-load-metrics");
    return parseLoadReport(new Fields([`Endpoint-Load-Metrics: ${value}`]))?.openTransfers;
  };
  assertEquals(await openTransfers(), 1);
  using reader = await RawClient.connect(port);
  await reader.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
  await reader.responseHead();
  assertEquals(await openTransfers(), 2);
});

Deno.test("balancer gives a reason when nginx has no test file", async () => {
  await using root = await TemporaryDirectory.with({ "page.html": "page" });
  await using nginx = await startNginx(`root ${root.path};`);
  const { code, stderr } = await runRole("balancer", ["--port=0", nginx.authority]);
  assertStringIncludes(stderr, `${nginx.authority} is out: it answered 404 Not Found\n`);
  assertEquals(code, 1);
});

Deno.test("client gets files byte for byte from nginx, through the balancer and straight", async () => {
  await using root = await TemporaryDirectory.with(FILES);
  await using nginx = await startNginx(`root ${root.path};`);
  await using balancer = await listeningRole("balancer", [nginx.authority]);
  for (const { origin } of [balancer, nginx]) {
    await using directory = await TemporaryDirectory.with();
    const urls = Object.keys(FILES).map((name) => `${origin}/${name}`);
    const { code, stderr } = await runRole("client", urls, { cwd: directory.path });
    assertEquals(code, 0, stderr);
    for (const name of Object.keys(FILES)) {
      assertEquals(await directory.read(name), await root.read(name));
    }
  }
});

Deno.test("client follows the redirects of nginx and reads its chunks", async () => {
  await using root = await TemporaryDirectory.with({ "sub/page.html": "page" });
  await using nginx = await startNginx(`
    root ${root.path};
    location /sub/ { autoindex on; }
    location /moved { return 302 /sub/page.html; }
    location /loop { return 301 /loop; }
  `);
  const ask = (path: string) => runRole("client", ["-o-", `${nginx.origin}${path}`]);
  const directory = await ask("/sub");
  assertMatch(directory.stderr, /^301 Moved Permanently → http:\/\/127\.0\.0\.1:[0-9]+\/sub\/$/m);
  assertStringIncludes(directory.stdout, "page.html");
  assertEquals((await ask("/moved")).stdout, "page");
  assertEquals((await ask("/loop")).code, 5);
  assertEquals((await ask("/none")).code, 1);
});

Deno.test("client gets a file byte for byte when nginx limits the rate", async () => {
  await using root = await TemporaryDirectory.with({ "a.bin": LARGE.subarray(0, 200_000) });
  await using nginx = await startNginx(`root ${root.path}; limit_rate 400k;`);
  const { stdoutBytes, code } = await runRole("client", ["-o-", `${nginx.origin}/a.bin`]);
  assertEquals(stdoutBytes, await root.read("a.bin"));
  assertEquals(code, 0);
});

Deno.test("server sends pages and the fallback as nginx does with error_page and try_files", async () => {
  const files = { "404.html": "none here", "index.html": "app", "d/a.txt": "text" };
  await using root = await TemporaryDirectory.with(files);
  const rows = [
    ["error_page 404 /404.html;", []],
    ["try_files $uri $uri/index.html /index.html;", ["--fallback=index.html"]],
  ] as const;
  for (const [lines, options] of rows) {
    await using nginx = await startNginx(`root ${root.path}; location / { ${lines} }`);
    await using server = await listeningRole("server", [...options, root.path]);
    for (const target of ["/", "/x", "/x/y.js", "/404.html", "/d/a.txt"]) {
      for (const fields of ["", "Range: bytes=1-2\r\n"]) {
        const [theirs, ours] = await Promise.all([nginx, server].map(async ({ authority }) => {
          using client = await RawClient.connect(Number(authority.split(":")[1]));
          await client.send(`GET ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
          const { statusCode, body } = await client.response();
          return [statusCode, new TextDecoder().decode(body)];
        }));
        assertEquals(ours, theirs, `${lines} ${target} ${fields}`);
      }
    }
  }
});

Deno.test("curl gets the page of an error with its status and length, also by HEAD", async () => {
  await using root = await TemporaryDirectory.with({ "404.html": "none here" });
  await using server = await listeningRole("server", [root.path]);
  const url = `${server.origin}/x`;
  for (const [args, head] of [[["-s"], false], [["-sI"], true]] as const) {
    const { stdout } = await runPeer("curl", [...args, "-w", "\n%{http_code}", url]);
    assertMatch(stdout, head ? /Content-Length: 9\r\n[^]*\n404$/ : /^none here\n404$/);
  }
});
