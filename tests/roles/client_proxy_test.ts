import { assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { FakeProxy, TlsFront } from "../support/fake_proxy.ts";
import { answering, FakeServer } from "../support/fake_server.ts";
import { manyOctets } from "../support/farm.ts";
import { assertRefused, freePort, listeningRole, runRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";
import { AUTHORITY, EXPIRED, SERVER, tlsOptions } from "../support/tls.ts";

const CONTENT = manyOctets(300 * 1024);
const CREDENTIALS = `Proxy-Authorization: Basic ${btoa("alice:s3cret")}\r\n`;

/** A server of ours with one file, plain or with TLS, and a proxy on the way to it. */
async function startScene(stack: AsyncDisposableStack, isSecure: boolean) {
  const root = stack.use(await TemporaryDirectory.with({ a: CONTENT }));
  const args = isSecure ? tlsOptions(SERVER) : [];
  const server = stack.use(await listeningRole("server", [...args, root.path]));
  const url = `${isSecure ? "https" : "http"}://${server.authority}/a`;
  const proxy = stack.use(new FakeProxy());
  const directory = stack.use(await TemporaryDirectory.with());
  const permissions = ["--allow-net", "--allow-read", "--allow-write"];
  const run = (...more: string[]) => {
    const trusting = isSecure ? [`--ca=${AUTHORITY}`] : [];
    return runRole("client", [...trusting, ...more, url], { cwd: directory.path, permissions });
  };
  return { server, url, proxy, directory, run };
}

Deno.test("client --proxy asks in absolute form for http", async () => {
  await using stack = new AsyncDisposableStack();
  const { server, url, proxy, directory, run } = await startScene(stack, false);
  const { code, stderr } = await run(
    "-v",
    "--user=bob:hidden",
    `--proxy=http://alice:s3cret@${proxy.authority}`,
  );
  assertEquals(code, 0, stderr);
  assertEquals(await directory.read("a"), CONTENT);
  const [head] = proxy.requestHeads;
  assertEquals(head!.startsWith(`GET ${url} HTTP/1.1\r\nHost: ${server.authority}\r\n`), true);
  assertEquals(head!.includes(CREDENTIALS), true);
  assertMatch(head!, /^Authorization: /m);
  assertMatch(stderr, /^> Proxy-Authorization: \(not shown\)$/m);
  assertNotMatch(stderr, /s3cret|hidden|Basic/);
});

Deno.test("client --proxy asks for a tunnel for https, and tells the proxy nothing else", async () => {
  await using stack = new AsyncDisposableStack();
  const { server, proxy, directory, run } = await startScene(stack, true);
  await using front = new TlsFront(proxy.port);
  for (
    const origin of [
      `http://alice:s3cret@${proxy.authority}`,
      `https://alice:s3cret@${front.authority}`,
    ]
  ) {
    for (const segments of [1, 2]) {
      const count = proxy.requestHeads.length;
      const { code, stderr } = await run(
        "-v",
        `--segments=${segments}`,
        "--user=bob:hidden",
        "--header=X-Key: hidden",
        `--proxy=${origin}`,
      );
      assertEquals(code, 0, stderr);
      assertEquals(await directory.read("a"), CONTENT);
      const { authority } = server;
      const heads = proxy.requestHeads.slice(count);
      assertEquals([...new Set(heads)], [
        `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\nUser-Agent: client\r\n${CREDENTIALS}\r\n`,
      ]);
      assertMatch(stderr, /^> CONNECT 127/m);
      assertNotMatch(stderr, /s3cret|hidden|Basic/);
    }
  }
});

Deno.test("client verifies the server behind a tunnel, and the proxy that speaks TLS", async () => {
  await using stack = new AsyncDisposableStack();
  const { proxy, server, url } = await startScene(stack, true);
  const plain = await startScene(stack, false);
  const expired = stack.use(new TlsFront(plain.server.port, EXPIRED));
  const front = stack.use(new TlsFront(proxy.port));
  const [http, https] = [`http://${proxy.authority}`, `https://${front.authority}`];
  const other = `https://other.example:${server.port}/a`;
  const old = `https://${expired.authority}/a`;
  const rows: readonly [args: string[], line: RegExp][] = [
    [[`--proxy=${http}`, url], /^client: 127\.0\.0\.1:\d+: its certificate is signed by nobody/m],
    [
      [`--proxy=${https}`, url],
      /: the proxy 127\.0\.0\.1:\d+: its certificate is signed by nobody/,
    ],
    [
      [`--proxy=https://${plain.server.authority}`, url],
      /: the proxy 127\.0\.0\.1:\d+: it does not speak TLS$/m,
    ],
    ...[http, https].flatMap((origin): [string[], RegExp][] => [
      [
        [`--proxy=${origin}`, `--ca=${AUTHORITY}`, `https://${plain.server.authority}/a`],
        /^client: .*: in the tunnel of the proxy 127\.0\.0\.1:\d+ nothing speaks TLS$/m,
      ],
      [
        [`--proxy=${origin}`, `--ca=${AUTHORITY}`, other],
        /^client: other\.example:\d+: its certificate is for another name$/m,
      ],
      [
        [`--proxy=${origin}`, `--ca=${AUTHORITY}`, old],
        /^client: 127\.0\.0\.1:\d+: (?:its certificate has expired|unable to verify .*certificate)$/m,
      ],
    ]),
  ];
  const permissions = ["--allow-net", "--allow-read"];
  for (const [args, line] of rows) {
    const refused = await runRole("client", ["-q", "-o-", ...args], { permissions });
    assertMatch(refused.stderr, line);
    assertEquals([refused.code, refused.stdout], [3, ""]);
  }
});

Deno.test("client says what a proxy wants, or does wrong", async () => {
  await using stack = new AsyncDisposableStack();
  const { proxy, run } = await startScene(stack, true);
  const at = `127\\.0\\.0\\.1:${proxy.port}`;
  const rows: readonly [refusal: { statusLine: string; content?: string }, line: RegExp][] = [
    [
      { statusLine: "407 Proxy Authentication Required" },
      new RegExp(
        `the proxy ${at} asks for a name and password \\(407\\); give them by --proxy=http:`,
      ),
    ],
    [
      { statusLine: "403 Forbidden" },
      new RegExp(`the proxy ${at} opens no tunnel: 403 Forbidden$`, "m"),
    ],
    [{ statusLine: "302 Found" }, new RegExp(`the proxy ${at} opens no tunnel: 302 Found$`, "m")],
    [
      { statusLine: "502 Bad Gateway" },
      new RegExp(`the proxy ${at} opens no tunnel: 502 Bad`, "m"),
    ],
    [
      { statusLine: "200 OK", content: "<html>Log in!</html>" },
      new RegExp(
        `the proxy ${at}(?:: it opens no tunnel, but sends content| nothing speaks TLS)$`,
        "m",
      ),
    ],
  ];
  for (const [refusal, line] of rows) {
    proxy.refusal = refusal;
    const { code, stderr } = await run("-q", "--retries=0", `--proxy=http://${proxy.authority}`);
    assertMatch(stderr, line);
    assertEquals(code, 3);
  }
  const { stderr } = await run("-q", `--proxy=http://127.0.0.1:${freePort()}`, "--retries=0");
  assertMatch(stderr, /: the proxy 127\.0\.0\.1:\d+: the connection was refused$/m);
});

Deno.test("client asks once where a proxy wants credentials or forbids", async () => {
  await using proxy = new FakeServer(answering("407 Proxy Authentication Required", "no"));
  const args = ["-o-", `--proxy=http://alice:s3cret@${proxy.authority}`, "http://127.0.0.1:1/a"];
  const { code, stderr, stdout } = await runRole("client", args);
  assertMatch(stderr, /^client: .*does not take this name and password \(407\)/m);
  assertEquals([code, stdout, proxy.requestHeads.length], [3, "", 1]);
  assertNotMatch(stderr, /s3cret/);
  const fields = ["Negotiate", 'Digest realm="Basic", nonce="x"'];
  const ways = fields.map((it) => `Proxy-Authenticate: ${it}`);
  proxy.answer = answering("407 Proxy Authentication Required", "no", ...ways);
  const other = await runRole("client", args);
  assertMatch(
    other.stderr,
    /^client: .*: the proxy \S+ asks for another authentication than Basic \(407\)/m,
  );
  proxy.answer = answering(
    "407 Proxy Authentication Required",
    "no",
    ...ways,
    "Proxy-Authenticate: basic realm=x",
  );
  const basic = await runRole("client", args);
  assertMatch(basic.stderr, /does not take this name and password \(407\)/);
});

Deno.test("client asks for another server where a proxy forbids one", async () => {
  await using stack = new AsyncDisposableStack();
  const { server, proxy, directory } = await startScene(stack, true);
  proxy.refusal = { statusLine: "403 Forbidden" };
  proxy.refusedServer = `127.0.0.1:${freePort()}`;
  const redirector = stack.use(
    new FakeServer((conn, head) => {
      const isAvoided = /^Avoid-Server:/mi.test(head);
      const location = `https://${isAvoided ? server.authority : proxy.refusedServer}/a`;
      return answering("302 Found", "", `Location: ${location}`)(conn, head);
    }),
  );
  const args = ["--retries=1", `--ca=${AUTHORITY}`, `--proxy=${proxy.authority}`];
  const permissions = ["--allow-net", "--allow-read", "--allow-write"];
  const url = `http://${redirector.authority}/a`;
  const { code, stderr } = await runRole("client", [...args, url], {
    cwd: directory.path,
    permissions,
  });
  assertEquals(code, 0, stderr);
  assertEquals(await directory.read("a"), CONTENT);
  proxy.refusedServer = undefined;
  const none = await runRole("client", ["-q", ...args, url], { cwd: directory.path, permissions });
  assertMatch(none.stderr, /opens no tunnel: 403 Forbidden$/m);
  assertEquals(none.code, 3);
});

Deno.test("client goes on where a proxy ended in the middle", async () => {
  for (const [isSecure, hasFront] of [[false, false], [true, false], [true, true]] as const) {
    await using stack = new AsyncDisposableStack();
    const { proxy, directory, run } = await startScene(stack, isSecure);
    const front = stack.use(new TlsFront(proxy.port));
    proxy.drawMostBytes = () => 150 * 1024;
    const origin = hasFront ? `https://${front.authority}` : proxy.authority;
    const { code, stderr } = await run(`--proxy=${origin}`);
    assertEquals(code, 0, stderr);
    assertEquals(await directory.read("a"), CONTENT);
    assertMatch(stderr, /going on behind \d+ of 307200 bytes/);
  }
});

Deno.test("client reads the proxies of the environment where it may, and else asks for nothing", async () => {
  await using proxy = new FakeServer(answering("200 OK", "by proxy"));
  await using server = new FakeServer(answering("200 OK", "directly"));
  const url = `http://${server.authority}/a`;
  const value = `http://alice:s3cret@${proxy.authority}`;
  const run = (allowed: string | undefined, env: Record<string, string>) => {
    const permissions = [
      "--allow-net",
      ...(allowed === undefined ? [] : [`--allow-env${allowed}`]),
    ];
    return runRole("client", ["-q", "-o-", url], { permissions, env });
  };
  const rows: readonly [allowed: string | undefined, env: Record<string, string>, got: string][] = [
    [undefined, { HTTP_PROXY: value }, "directly"],
    ["=HTTP_PROXY", { HTTP_PROXY: value }, "by proxy"],
    ["=http_proxy", { http_proxy: value }, "by proxy"],
    ["=HTTPS_PROXY", { HTTP_PROXY: value, HTTPS_PROXY: value }, "directly"],
    ["=ALL_PROXY", { ALL_PROXY: value }, "by proxy"],
    ["", { HTTP_PROXY: value }, "by proxy"],
    ["", { HTTP_PROXY: value, REQUEST_METHOD: "GET" }, "directly"],
    [
      "",
      { HTTP_PROXY: value, REQUEST_METHOD: "GET", http_proxy: "", ALL_PROXY: value },
      "by proxy",
    ],
    ["", { HTTP_PROXY: value, NO_PROXY: "127.0.0.0/8" }, "directly"],
    ["=HTTP_PROXY", { HTTP_PROXY: value, NO_PROXY: "127.0.0.0/8" }, "by proxy"],
    ["", { HTTP_PROXY: value, NO_PROXY: `127.0.0.1:${server.port}` }, "directly"],
    ["", { HTTP_PROXY: "" }, "directly"],
  ];
  for (const [allowed, env, got] of rows) {
    const { stdout, stderr } = await run(allowed, env);
    assertEquals([stdout, stderr], [got, ""], `${allowed} ${JSON.stringify(env)}`);
  }
  const bad = await run("=ALL_PROXY", { ALL_PROXY: "socks5://alice:s3cret@a" });
  assertRefused(bad, 2, /^client: ALL_PROXY is no URL of socks5 that can be used: a proxy such as/);
  assertNotMatch(bad.stderr, /s3cret/);
  const option = await runRole("client", ["--proxy=ftp://a:s3cret@b", url]);
  assertRefused(option, 2, /^client: --proxy is no URL of ftp that can be used/);
  assertNotMatch(option.stderr, /s3cret/);
});
