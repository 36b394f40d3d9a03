// Questions about load between rounds, of real balancers to real servers.

import { assert, assertEquals } from "@std/assert";
import { adminPortOf, askAdmin, statusAt } from "../support/balancer.ts";
import { eventually } from "../support/children.ts";
import { answering, FakeServer } from "../support/fake_server.ts";
import { countRedirects } from "../support/redirects.ts";
import { type ListeningRole, listeningRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const OPTIONS = ["--interval=5m", "--log=none", "--probe-bytes=64K", "--admin=127.0.0.1:0"];

async function server(directory: TemporaryDirectory): Promise<ListeningRole> {
  const permissions = ["--allow-net", "--allow-read"];
  return await listeningRole("server", ["--log=none", directory.path], { permissions });
}

for (const workers of Deno.build.os === "linux" ? [1, 2] : [1]) {
  Deno.test(`balancer --workers=${workers} finds a killed server before the next round`, async () => {
    await using directory = await TemporaryDirectory.with({});
    await using stack = new AsyncDisposableStack();
    const servers = [];
    for (let i = 0; i < 3; i++) servers.push(stack.use(await server(directory)));
    const args = [...OPTIONS, "--policy=expected", `--workers=${workers}`, "--rise=1"];
    const permissions = ["--allow-net", `--allow-run=${Deno.execPath()}`];
    const all = servers.map(({ authority }) => authority);
    const balancer = stack.use(await listeningRole("balancer", [...args, ...all], { permissions }));
    const adminPort = await adminPortOf(balancer);
    const killed = servers[0]!;
    await eventually(async () => {
      await countRedirects(balancer.port, 10);
      return (await statusAt(adminPort)).loadChecks!.results.reported > 0;
    });
    killed.process.signal("SIGKILL");
    await killed.process.ended;
    await eventually(async () => {
      await countRedirects(balancer.port, 10);
      return (await statusAt(adminPort)).servers[0]!.state === "out";
    });
    await eventually(async () =>
      (await countRedirects(balancer.port, 20)).get(killed.authority) === undefined
    );
    const { rounds, loadChecks, servers: [, ...others] } = await statusAt(adminPort);
    assertEquals([rounds.count, others.map(({ state }) => state)], [1, ["available", "available"]]);
    assert(loadChecks!.tests >= 1 && loadChecks!.results.unanswered >= 1);
    const metrics = new TextDecoder().decode((await askAdmin(adminPort, "/metrics")).body);
    assert(/^balancer_load_checks_total\{result="reported"\} [1-9]/m.test(metrics), metrics);
  });
}

Deno.test("balancer asks no server for its load that does not say it, or whose load does not matter", async () => {
  const field = "Endpoint-Load-Metrics: TEXT named_metrics.open_transfers=1";
  await using silent = new FakeServer(answering("200 OK", "test"));
  await using saying = new FakeServer(answering("200 OK", "test", field));
  for (
    const [args, asked] of [
      [["--policy=expected"], true],
      [["--policy=expected", "--load-checks=0"], false],
      [["--policy=rank"], false],
    ] as const
  ) {
    for (const { requestHeads } of [silent, saying]) requestHeads.length = 0;
    const listed = [silent.authority, saying.authority];
    await using balancer = await listeningRole("balancer", [...OPTIONS, ...args, ...listed]);
    const isCheck = (head: string) => head.includes("User-Agent: balancer-load\r\n");
    for (let i = 0; i < 20 && !saying.requestHeads.some(isCheck); i++) {
      await countRedirects(balancer.port, 10);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assertEquals(saying.requestHeads.some(isCheck), asked);
    assertEquals(silent.requestHeads.some(isCheck), false);
    const { loadChecks } = await statusAt(await adminPortOf(balancer));
    assertEquals(loadChecks !== null, asked);
  }
});

Deno.test("balancer keeps servers that do not answer HEAD but pass their tests", async () => {
  const field = "Endpoint-Load-Metrics: TEXT named_metrics.open_transfers=1";
  const ofGet = answering("200 OK", "test", field);
  await using odd = new FakeServer((conn, head) =>
    head.startsWith("HEAD") ? Promise.resolve() : ofGet(conn, head)
  );
  await using plain = new FakeServer(answering("200 OK", "test", field));
  const listed = [odd.authority, plain.authority];
  await using balancer = await listeningRole("balancer", [
    ...[...OPTIONS, "--policy=expected", ...listed],
  ]);
  const adminPort = await adminPortOf(balancer);
  await eventually(async () => {
    await countRedirects(balancer.port, 10);
    return (await statusAt(adminPort)).loadChecks!.tests > 0;
  });
  const { servers } = await statusAt(adminPort);
  assertEquals(servers.map(({ state }) => state), ["available", "available"]);
  assert(servers[0]!.transfers.length >= 1);
});
