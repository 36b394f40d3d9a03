/**
 * nginx and HAProxy before the balancer, which they reach from 127.0.0.9, and curl as a client at
 * 127.0.0.5.
 */

import { assertEquals } from "@std/assert";
import { countSaid } from "../support/balancer.ts";
import { eventually } from "../support/children.ts";
import { answering, FakeServer } from "../support/fake_server.ts";
import { runPeer, startNginx, startPeer } from "../support/peer.ts";
import { readReadme } from "../support/readme.ts";
import { freePort, type ListeningRole, listeningRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const PROXY = "127.0.0.9";
const CLIENT = "127.0.0.5";

/** Where the README has the balancer listen. */
const SHOWN = "127.0.0.1:8080";
const SERVER = `server balancer ${SHOWN}`;

/** A balancer behind proxies at that address. */
async function balancerBehind(
  farm: FakeServer,
  ...args: readonly string[]
): Promise<ListeningRole> {
  return await listeningRole("balancer", [
    ...[`--trusted-proxies=${PROXY}`, "--log=json", ...args, farm.authority],
    `localhost:${farm.port}=https://files.example`,
  ]);
}

/** The first block in this language of the README that tells how to set a proxy up. */
function shownIn(language: string): string {
  const { blocks } = readReadme("tests/deployment/README.md");
  return blocks.find((block) => block.language === language)!.text;
}

/** Starts HAProxy with one frontend and one server, and waits until it listens. */
async function startHaproxy(
  { authority }: ListeningRole,
  frontend: string,
  server: string,
): Promise<AsyncDisposable & { readonly origin: string }> {
  const port = freePort();
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(
    await TemporaryDirectory.with({
      "haproxy.cfg": `
global
  nbthread 1
defaults
  timeout client 30s
  timeout server 30s
  timeout connect 5s
listen balancer
  bind 127.0.0.1:${port}
  ${frontend}
  ${server.replace(SHOWN, `${authority} source ${PROXY}`)}
`,
    }),
  );
  const process = stack.use(startPeer("haproxy", ["-db", "-f", directory.join("haproxy.cfg")]));
  let hasEnded = false;
  process.ended.then(() => hasEnded = true);
  await eventually(async () => {
    if (hasEnded) throw new Error(`It has ended: ${process.stderr.text}`);
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return true;
    } catch {
      return false;
    }
  });
  const owned = stack.move();
  return {
    origin: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Where curl at 127.0.0.5 is sent, and the client in the access log. */
async function ask(
  balancer: ListeningRole,
  origin: string,
  ...args: readonly string[]
): Promise<{ location: string; client: string }> {
  const { stdout, stderr, code } = await runPeer("curl", [
    ...["--silent", "--show-error", "--interface", CLIENT, "--output", "/dev/null"],
    ...["--write-out", "%{redirect_url}", ...args, `${origin}/asked`],
  ]);
  assertEquals(code, 0, stderr);
  const { client } = JSON.parse(await balancer.process.stdout.next(/GET \/asked/));
  return { location: stdout, client };
}

const LIES = ["--header", "X-Forwarded-For: 192.0.2.1", "--header", "Forwarded: for=192.0.2.2"];

Deno.test("nginx and HAProxy before the balancer pass the client's address on in fields", async () => {
  await using farm = new FakeServer(answering("200 OK", "test"));
  await using balancer = await balancerBehind(farm);
  await using nginx = await startNginx(`
    proxy_bind ${PROXY};
    ${shownIn("nginx").replace(SHOWN, balancer.authority)}
  `);
  await using haproxy = await startHaproxy(
    balancer,
    `mode http
  option forwardfor
  http-request del-header Forwarded`,
    SERVER,
  );
  for (const { origin } of [nginx, haproxy]) {
    for (const lies of [[], LIES]) {
      assertEquals((await ask(balancer, origin, ...lies)).client, CLIENT);
    }
  }
  assertEquals((await ask(balancer, balancer.origin, ...LIES)).client, CLIENT);
});

Deno.test("nginx before the balancer tells of https, and HAProxy in Forwarded", async () => {
  await using farm = new FakeServer(answering("200 OK", "test"));
  await using balancer = await balancerBehind(farm);
  await using nginx = await startNginx(`
    location / {
      proxy_bind ${PROXY};
      proxy_pass ${balancer.origin};
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto https;
    }
  `);
  await using haproxy = await startHaproxy(
    balancer,
    `mode http
  http-request set-header Forwarded for=%[src];proto=https;by=_proxy`,
    SERVER,
  );
  for (const { origin } of [nginx, haproxy]) {
    for (let i = 0; i < 8; i++) {
      const expected = { location: "https://files.example/asked", client: CLIENT };
      assertEquals(await ask(balancer, origin), expected);
    }
  }
});

Deno.test("HAProxy passes the client's address on in PROXY headers, and checks the balancer", async () => {
  await using farm = new FakeServer(answering("200 OK", "test"));
  await using balancer = await balancerBehind(farm, "--proxy-protocol");
  const servers = [
    `${SERVER} send-proxy`,
    `${SERVER} send-proxy-v2`,
    `${SERVER} send-proxy-v2 proxy-v2-options crc32c,unique-id`,
    `${SERVER} send-proxy-v2-ssl-cn`,
    `${shownIn("haproxy").trim()} inter 100ms`,
  ];
  for (const server of servers) {
    await using haproxy = await startHaproxy(balancer, "mode tcp", server);
    assertEquals((await ask(balancer, haproxy.origin, ...LIES)).client, CLIENT, server);
  }
  await using checking = await startHaproxy(
    balancer,
    `mode http
  option httpchk GET /check`,
    `${shownIn("haproxy").trim()} inter 100ms`,
  );
  // A check is of the proxy itself: LOCAL.
  const check = JSON.parse(await balancer.process.stdout.next(/GET \/check/));
  assertEquals([check.client, check.statusCode], [PROXY, 301]);
  assertEquals((await ask(balancer, checking.origin, ...LIES)).client, CLIENT);
  assertEquals(countSaid(balancer, "as a trusted proxy"), 0);
});

Deno.test("HAProxy that sends no PROXY header is refused where it has to, curl that sends one also", async () => {
  await using farm = new FakeServer(answering("200 OK", "test"));
  await using balancer = await balancerBehind(farm, "--proxy-protocol");
  await using haproxy = await startHaproxy(balancer, "mode tcp", SERVER);
  const refused = await runPeer("curl", ["--silent", `${haproxy.origin}/`]);
  assertEquals([refused.code, refused.stdout], [52, ""]); // An empty reply.
  await balancer.process.stderr.next(/127\.0\.0\.9 failed as a trusted proxy: /);
  const stranger = ["--silent", "--haproxy-protocol", "--write-out", "%{http_code}"];
  const answered = await runPeer("curl", [...stranger, "--output", "/dev/null", balancer.origin]);
  assertEquals(answered.stdout, "400");
});
