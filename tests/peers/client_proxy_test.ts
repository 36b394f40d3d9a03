import { assert, assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { manyOctets } from "../support/farm.ts";
import { runPeer, startNginx, startPeer } from "../support/peer.ts";
import { freePort, listeningRole, runRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";
import { AUTHORITY, SERVER } from "../support/tls.ts";

const CONTENT = manyOctets(3 * 1024 * 1024);

/** tinyproxy, which wants alice to log in. */
async function startTinyproxy(stack: AsyncDisposableStack): Promise<string> {
  const authority = `127.0.0.1:${freePort()}`;
  const [host, port] = authority.split(":");
  const settings = [
    ...[`Listen ${host}`, `Port ${port}`, "Timeout 600", `Allow ${host}`, "LogLevel Info"],
    "BasicAuth alice s3cret",
  ];
  const directory = stack.use(
    await TemporaryDirectory.with({ "tinyproxy.conf": `${settings.join("\n")}\n` }),
  );
  const config = directory.join("tinyproxy.conf");
  const process = stack.use(startPeer("tinyproxy", ["-d", "-c", config]));
  await process.stdout.next(/Accepting connections/);
  return authority;
}

/** nginx with the content as `/a`, and a `/test.bin`; with TLS if it is secure. */
async function startFiles(stack: AsyncDisposableStack, isSecure: boolean) {
  const root = stack.use(
    await TemporaryDirectory.with({ a: CONTENT, "test.bin": CONTENT.subarray(0, 65536) }),
  );
  const authority = `127.0.0.1:${freePort()}`;
  const { cert, key } = SERVER;
  const tls = `listen ${authority} ssl; ssl_certificate ${cert}; ssl_certificate_key ${key};`;
  const plain = stack.use(
    await startNginx(`root ${root.path}; ${isSecure ? tls : ""}`),
  );
  return isSecure ? `https://${authority}` : plain.origin;
}

Deno.test("client downloads through tinyproxy what curl does, http and https", async () => {
  await using stack = new AsyncDisposableStack();
  const proxy = await startTinyproxy(stack);
  const http = await startFiles(stack, false);
  const https = await startFiles(stack, true);
  const balancer = stack.use(await listeningRole("balancer", [http.slice("http://".length)]));
  const option = `http://alice:s3cret@${proxy}`;
  const permissions = ["--allow-net", "--allow-read", "--allow-write"];
  for (const origin of [http, https, balancer.origin]) {
    await using directory = await TemporaryDirectory.with();
    const curl = await runPeer("curl", [
      ...["-sSfL", "--noproxy", "", "--cacert", AUTHORITY, "-x", option],
      ...["-o", directory.join("curl"), `${origin}/a`],
    ]);
    assertEquals(curl.code, 0, curl.stderr);
    for (const segments of [1, 4]) {
      const args = [`--proxy=${option}`, `--ca=${AUTHORITY}`, `--segments=${segments}`];
      const { code, stderr } = await runRole("client", ["-v", ...args, `${origin}/a`], {
        cwd: directory.path,
        permissions,
      });
      assertEquals(code, 0, stderr);
      assertNotMatch(stderr, /s3cret/);
      assertMatch(stderr, /^> (?:CONNECT 127|GET http:)/m);
      for (const name of ["a", "curl"]) {
        const octets = await directory.read(name);
        assert(octets.length === CONTENT.length && octets.every((it, i) => it === CONTENT[i]));
      }
    }
  }
});

Deno.test("client tells what tinyproxy wants", async () => {
  await using stack = new AsyncDisposableStack();
  const proxy = await startTinyproxy(stack);
  const http = await startFiles(stack, false);
  const rows: readonly [url: string, proxy: string, line: RegExp][] = [
    [`${http}/a`, proxy, /asks for a name and password \(407\); give them by --proxy=http:/],
    ["https://127.0.0.1:1/a", proxy, /asks for a name and password \(407\)/],
    [`${http}/a`, `alice:wrong@${proxy}`, /(?:401|does not take this name)/],
    ["https://127.0.0.1:1/a", `alice:s3cret@${proxy}`, /opens no tunnel: 50\d/],
  ];
  for (const [url, option, line] of rows) {
    const args = ["-q", "-o-", "--retries=0", `--proxy=${option}`, url];
    const { code, stderr, stdout } = await runRole("client", args);
    assertMatch(stderr, line);
    assert(code === 1 || code === 3, stderr);
    assertEquals(stdout, "");
  }
});
