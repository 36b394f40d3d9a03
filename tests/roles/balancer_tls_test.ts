import { assert, assertEquals, assertMatch } from "@std/assert";
import { said } from "../support/balancer.ts";
import { childrenOf, eventually, isRunning } from "../support/children.ts";
import { answering, FakeServer } from "../support/fake_server.ts";
import { RawClient } from "../support/raw_client.ts";
import { assertRefused, type ListeningRole, listeningRole, runRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";
import {
  AUTHORITY,
  connectTls,
  exchange,
  exchangeable,
  EXPIRED,
  isTrusted,
  RENEWED,
  SERVER,
  tlsOptions,
  WEAK,
} from "../support/tls.ts";

const FIT = answering("200 OK", "test");
const NET = "--allow-net=127.0.0.1";
const RUN = `--allow-run=${Deno.execPath()}`;

Deno.test("balancer redirects clients over HTTPS, and says so", async () => {
  await using farm = new FakeServer(FIT);
  const permissions = [NET, `--allow-read=${SERVER.cert},${SERVER.key}`];
  const args = [...tlsOptions(SERVER), "--log=json", farm.authority];
  await using balancer = await listeningRole("balancer", args, { permissions });
  assertMatch(balancer.process.stdout.text, /^listening on https:\/\/127\.0\.0\.1:/);
  using client = RawClient.over(await connectTls(balancer.port));
  for (let i = 0; i < 3; i++) {
    const { statusCode, fields } = await client.get(`/${i}`);
    assertEquals([statusCode, fields.get("location")], [301, `http://${farm.authority}/${i}`]);
  }
  using plain = await RawClient.connect(balancer.port);
  await plain.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await said(balancer, "127\\.0\\.0\\.1 failed to agree on TLS");
  balancer.process.signal("SIGTERM");
  assertEquals((await balancer.process.ended).code, 0);
  assertEquals(balancer.process.stdout.lines.length, 4);
});

Deno.test("balancer ends with one line when its certificate is of no use", async () => {
  await using farm = new FakeServer(FIT);
  const run = (...options: string[]) =>
    runRole("balancer", ["--host=127.0.0.1", "--port=0", ...options, farm.authority], {
      permissions: [NET, "--allow-read", RUN],
    });
  assertRefused(await run(...tlsOptions(EXPIRED)), 1, /has expired, on 2020-01-02/);
  if (Deno.build.os === "linux") {
    assertRefused(await run("--workers=2", ...tlsOptions(EXPIRED)), 1, /has expired, on 2020-/);
    assertRefused(await run("--workers=2", ...tlsOptions(WEAK)), 2, /weak\.key is a key that Deno/);
  }
  const unread = await runRole("balancer", [...tlsOptions(SERVER), farm.authority]);
  assertRefused(unread, 2, /needs --allow-read=.*server\.pem as well/);
  assertEquals(farm.requestHeads, []);
});

/** A balancer with two workers, and a certificate that can be exchanged. */
async function withCertificate(
  directory: TemporaryDirectory,
  server: string,
): Promise<ListeningRole> {
  const files = exchangeable(directory);
  const permissions = [NET, RUN, `--allow-read=${files.cert},${files.key}`];
  const args = ["--workers=2", ...tlsOptions(files), server];
  return await listeningRole("balancer", args, { permissions });
}

Deno.test({
  name: "balancer's workers take up a renewed certificate at SIGHUP",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using farm = new FakeServer(FIT);
    await using directory = await TemporaryDirectory.with();
    await exchange(directory, SERVER);
    await using balancer = await withCertificate(directory, farm.authority);
    assertEquals(await isTrusted(balancer.port, AUTHORITY), true);
    assertEquals(await isTrusted(balancer.port, RENEWED.cert), false);
    const before = await childrenOf(balancer.process.pid);
    using kept = RawClient.over(await connectTls(balancer.port));
    assertEquals((await kept.get("/x")).statusCode, 301);

    await exchange(directory, RENEWED);
    balancer.process.signal("SIGHUP");
    await said(balancer, "all workers were replaced");
    // Until they have retired, the old ones may still answer who came before.
    await eventually(async () => {
      const now = await childrenOf(balancer.process.pid);
      return now.length === 2 && !now.some((pid) => before.includes(pid));
    });
    for (let i = 0; i < 10; i++) {
      assertEquals(await isTrusted(balancer.port, RENEWED.cert), true);
      assertEquals(await isTrusted(balancer.port, AUTHORITY), false);
    }
    assertEquals(farm.requestHeads.length, 1);
  },
});

Deno.test({
  name: "balancer's workers stay when the new certificate is of no use, and it says why",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using farm = new FakeServer(FIT);
    await using directory = await TemporaryDirectory.with();
    await exchange(directory, SERVER);
    await using balancer = await withCertificate(directory, farm.authority);
    const before = await childrenOf(balancer.process.pid);
    await exchange(directory, EXPIRED);
    balancer.process.signal("SIGHUP");
    await said(balancer, "cert\\.pem has expired, on 2020-01-02");
    await said(balancer, "the new worker does not listen; the others go on");
    assertEquals(await childrenOf(balancer.process.pid), before);
    for (let i = 0; i < 10; i++) assert(await isTrusted(balancer.port, AUTHORITY));
  },
});

Deno.test({
  name: "balancer that is stopped while it replaces its workers ends all of them",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using farm = new FakeServer(FIT);
    await using directory = await TemporaryDirectory.with();
    await exchange(directory, SERVER);
    await using balancer = await withCertificate(directory, farm.authority);
    const { pid } = balancer.process;
    const before = await childrenOf(pid);
    balancer.process.signal("SIGHUP");
    const successors = async () => (await childrenOf(pid)).filter((it) => !before.includes(it));
    await eventually(async () => (await successors()).length > 0);
    const workers = [...before, ...await successors()];
    balancer.process.signal("SIGTERM");
    assertEquals((await balancer.process.ended).code, 0);
    await eventually(() => !workers.some(isRunning));
  },
});
