import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  adminPortOf,
  askAdmin,
  said,
  serversOfConnections,
  statusAt,
} from "../support/balancer.ts";
import { eventually } from "../support/children.ts";
import { act, askControl } from "../support/control.ts";
import { answering, FakeServer } from "../support/fake_server.ts";
import { RawClient } from "../support/raw_client.ts";
import { countRedirects } from "../support/redirects.ts";
import { assertRefused, type ListeningRole, listeningRole, runRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

/** There are neither modes nor such sockets elsewhere. */
const ignore = Deno.build.os === "windows";

const FIT = answering("200 OK", "test");

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore, fn });
}

/** What a balancer needs for a socket in a directory. */
function permissionsIn({ path }: TemporaryDirectory): string[] {
  return ["--allow-net", `--allow-read=${path}`, `--allow-write=${path}`];
}

function controlled(
  directory: TemporaryDirectory,
  args: readonly string[],
  permissions: readonly string[] = permissionsIn(directory),
): Promise<ListeningRole> {
  const control = `--control=${directory.join("control")}`;
  return listeningRole("balancer", ["--policy=round-robin", control, ...args], { permissions });
}

test("balancer --control takes actions at once, and keeps them over a reload and a restart", async () => {
  await using directory = await TemporaryDirectory.with();
  await using first = new FakeServer(FIT);
  await using second = new FakeServer(FIT);
  const [a, b] = [first.authority, second.authority];
  await directory.write("list.txt", `${a}\n${b}\n`);
  const list = directory.join("list.txt");
  const args = [`--state=${directory.join("state")}`, "--admin=127.0.0.1:0", list];
  const path = directory.join("control");
  const line = `${a} is drained by an operator: new disk`;
  {
    await using balancer = await controlled(directory, args);
    const adminPort = await adminPortOf(balancer);
    assertEquals((await Deno.stat(path)).mode! & 0o777, 0o600);
    assertEquals(await act(path, `${a}/drain?reason=new+disk`), `200 ${line}`);
    await said(balancer, line);
    assertEquals(await countRedirects(balancer.port, 20), new Map([[b, 20]]));
    assertEquals(
      await act(path, `${b}/weight?value=7`),
      `200 ${b} has the weight 7 by an operator`,
    );
    await directory.write("list.txt", `${a},weight=2\n${b},weight=3\n`);
    balancer.process.signal("SIGHUP");
    await said(balancer, "the list was read again");
    assertEquals(await countRedirects(balancer.port, 20), new Map([[b, 20]]));
    const { servers, changes } = await statusAt(adminPort);
    assertEquals(servers.map(({ weight, isDrained }) => [weight, isDrained]), [
      ...[[2, true], [7, false]],
    ]);
    assertEquals(servers[0]!.actions[0]!.reason, "new disk");
    assert(changes.some(({ server, text }) => `${server} ${text}` === line));
    using client = await RawClient.connect(adminPort);
    await client.send(`POST /servers/${a}/enable HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    assertEquals((await client.response()).statusCode, 405);
    const { content } = await askControl(path, "/status.json", "GET");
    assertEquals(JSON.parse(content).servers.length, 2);
    balancer.process.signal("SIGTERM");
    assertEquals((await balancer.process.ended).code, 0);
    await assertGone(path);
  }
  await using next = await controlled(directory, args);
  assertEquals(await countRedirects(next.port, 20), new Map([[b, 20]]));
  const metrics = new TextDecoder().decode(
    (await askAdmin(await adminPortOf(next), "/metrics")).body,
  );
  assertMatch(metrics, /^balancer_actions_total 2$/m);
  assertMatch(
    metrics,
    new RegExp(`^balancer_server_action_info{server="${a}",action="drain"} 1$`, "m"),
  );
  assertEquals(
    await act(path, `${a}/enable`),
    `200 ${a} is enabled by an operator, who takes back: drain`,
  );
  await eventually(async () => (await countRedirects(next.port, 18)).get(a) === 4);
  assertEquals(await act(path, `${b}/out?for=500ms`).then((it) => it.slice(0, 3)), "200");
  await said(next, `${b} is held out no more`);
  await said(next, `${b} is available`);
});

async function assertGone(path: string): Promise<void> {
  const entries = await Array.fromAsync(Deno.readDir(path.slice(0, path.lastIndexOf("/"))));
  const names = entries.map(({ name }) => name);
  assertEquals(names.filter((name) => name === "control" || /^\.[0-9]/.test(name)), []);
}

test("balancer --control waits until a drained server says that its transfers are done", async () => {
  await using directory = await TemporaryDirectory.with();
  const field = "Endpoint-Load-Metrics: TEXT named_metrics.open_transfers=";
  const sending = (transfers: number) => answering("200 OK", "test", field + transfers);
  await using farm = new FakeServer(sending(2));
  await using other = new FakeServer(FIT);
  await using balancer = await controlled(directory, [farm.authority, other.authority]);
  const path = directory.join("control");
  const [a, b] = [farm.authority, other.authority];
  const held = "the action stays in force";
  assertEquals(await act(path, `${a}/drain?wait=100ms`), `504 ${a} has 2 transfers open; ${held}`);
  const waiting = act(path, `${a}/drain?wait=1h`);
  farm.answer = sending(0);
  assertEquals(await waiting, `200 ${a} says that it sends nothing any more`);
  assertEquals(
    await act(path, `${b}/out?wait=1s`),
    `409 ${b} does not say what it is sending; ${held}`,
  );
  assertEquals(
    await act(path, `${b}/test`).then((it) => it.split("; ").at(-1)),
    "it is out by an action",
  );
  assertEquals(await countRedirects(balancer.port, 5), new Map([['nowhere: ""', 5]]));
});

Deno.test({
  name: "balancer --control with --workers changes what all workers do",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using directory = await TemporaryDirectory.with();
    await using first = new FakeServer(FIT);
    await using second = new FakeServer(FIT);
    const [a, b] = [first.authority, second.authority];
    const permissions = [...permissionsIn(directory), `--allow-run=${Deno.execPath()}`];
    await using balancer = await controlled(directory, ["--workers=2", a, b], permissions);
    const path = directory.join("control");
    const isSentTo = (...servers: string[]) =>
      eventually(async () =>
        [...await serversOfConnections(balancer.port)].sort().join() === servers.sort().join()
      );
    await act(path, `${a}/drain`);
    await isSentTo(b);
    await act(path, `${b}/out`);
    await isSentTo("503");
    await act(path, `${a}/enable`);
    await isSentTo(a);
  },
});

test("balancer --control bears a hundred actions a second, on servers that come and go", async () => {
  await using directory = await TemporaryDirectory.with();
  await using first = new FakeServer(FIT);
  await using second = new FakeServer(FIT);
  const [a, b] = [first.authority, second.authority];
  await directory.write("list.txt", `${a}\n${b}\n`);
  const list = directory.join("list.txt");
  await using balancer = await controlled(directory, [list, "--log=none"]);
  const path = directory.join("control");
  const kinds = ["drain?for=1h", "weight?value=2", "enable", "out", "enable"];
  const statuses = new Set<string>();
  for (let step = 0; step < 200; step++) {
    const answer = await act(path, `${a}/${kinds[step % kinds.length]}`);
    statuses.add(answer.slice(0, 3));
    if (step % 20 !== 10) continue;
    await directory.write("list.txt", step % 40 === 10 ? `${b}\n` : `${a}\n${b}\n`);
    balancer.process.signal("SIGHUP");
    await said(balancer, "the list was read again");
  }
  assertEquals([...statuses].sort(), ["200", "404"]);
  const { content } = await askControl(path, "/status.json", "GET");
  assertEquals(JSON.parse(content).changes.length, 50);
  assertEquals((await countRedirects(balancer.port, 5)).has('nowhere: ""'), false);
});

test("balancer says in a line why it cannot take actions at a path", async () => {
  await using directory = await TemporaryDirectory.with({ "file": "text" });
  await using farm = new FakeServer(FIT);
  const permissions = permissionsIn(directory);
  const run = (control: string, more: readonly string[] = [], allowed = permissions) => {
    const args = ["--host=127.0.0.1", "--port=0", `--control=${control}`, ...more, farm.authority];
    return runRole("balancer", args, { permissions: allowed });
  };
  const at = (name: string) => directory.join(name);
  using _listener = Deno.listen({ transport: "unix", path: at("live") });
  const mistakes: readonly (readonly [path: string, line: RegExp])[] = [
    [at("live"), /^balancer: --control=.*\/live is taken: another process listens there\n$/],
    [at("file"), /^balancer: --control=.*\/file is no socket, and is left as it is\n$/],
    [directory.path, /^balancer: --control=.* is no socket, and is left as it is\n$/],
    [at("no/control"), /^balancer: --control=.* cannot be made: there is no directory .*\/no\n$/],
    [at("file/control"), /^balancer: --control=.* cannot be made: there is no directory/],
    [
      at("x".repeat(108)),
      /^balancer: --control=.* is too long: the path of a socket has at most 107/,
    ],
    [
      "/var/none/control",
      /^balancer: --control=.* needs --allow-read=\/var\/none --allow-write=\/var/,
    ],
  ];
  for (const [path, line] of mistakes) assertRefused(await run(path), 1, line);
  assertRefused(await run(at("c"), ["--control-mode=0888"]), 2, /an octal mode such as 0600/);
  const args = ["--control-mode=0660", farm.authority];
  assertRefused(
    await runRole("balancer", args),
    2,
    /^balancer: --control-mode is that of the socket/,
  );
  assertEquals(await Deno.readTextFile(at("file")), "text");
  await assertGone(at("control"));
});

test("balancer --control takes the place of a dead process, and leaves a successor its file", async () => {
  await using directory = await TemporaryDirectory.with();
  await using farm = new FakeServer(FIT);
  const path = directory.join("control");
  {
    await using first = await controlled(directory, [farm.authority]);
    first.process.signal("SIGKILL");
    await first.process.ended;
  }
  assertEquals((await Deno.lstat(path)).isSocket, true);
  await using second = await controlled(directory, ["--control-mode=0660", farm.authority]);
  assertEquals((await Deno.lstat(path)).mode! & 0o777, 0o660);
  await Deno.rename(path, directory.join("other"));
  using _successor = Deno.listen({ transport: "unix", path });
  second.process.signal("SIGTERM");
  assertEquals((await second.process.ended).code, 0);
  assertEquals((await Deno.lstat(path)).isSocket, true);
});

Deno.test({
  name: "balancer --share-port takes actions once the one before takes no more",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using directory = await TemporaryDirectory.with();
    await using farm = new FakeServer(FIT);
    const path = directory.join("control");
    await using first = await controlled(directory, ["--share-port", farm.authority]);
    await using second = await controlled(directory, ["--share-port", farm.authority]);
    assertEquals(second.process.stderr.text.includes("actions on servers are taken"), false);
    first.process.signal("SIGTERM");
    assertEquals((await first.process.ended).code, 0);
    await said(second, "actions on servers are taken at");
    assertEquals((await act(path, `${farm.authority}/test`)).slice(0, 3), "200");
  },
});
