// Readers of a role's standard output or standard error that have stalled: nothing else waits.

import { assert, assertEquals } from "@std/assert";
import { adminPortOf, said, statusAt, untilAnswering } from "../support/balancer.ts";
import { childrenOf, eventually } from "../support/children.ts";
import { answering, FakeServer } from "../support/fake_server.ts";
import { Gate, type Process } from "../support/process.ts";
import { RawClient } from "../support/raw_client.ts";
import { countRedirects } from "../support/redirects.ts";
import { freePort, listening, startRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

/** Workers share a port by what only Linux does. */
const isLinux = Deno.build.os === "linux";

const FIT = answering("200 OK", "test");
const PERMISSIONS = ["--allow-net", "--allow-read", `--allow-run=${Deno.execPath()}`];

/** Makes more of an access log than the pipes and queues of a worker and its parent hold. */
const REQUESTS = 440;
const TARGET = `/${"x".repeat(7500)}`;

/** A role that listens on a port, while nobody reads its access log. */
interface Unread extends AsyncDisposable {
  readonly process: Process;
  readonly port: number;
}

/** Starts a role and fills its access log. */
async function unread(role: "server" | "balancer", ...args: readonly string[]): Promise<Unread> {
  const port = freePort();
  const process = startRole(role, ["--host=127.0.0.1", `--port=${port}`, "--grace=1h", ...args], {
    permissions: PERMISSIONS,
    stdoutGate: new Gate(),
  });
  const end = () => process[Symbol.asyncDispose]();
  try {
    await untilAnswering({ process, port });
    using client = await RawClient.connect(port);
    for (let i = 0; i < REQUESTS; i++) await client.get(TARGET);
    return { process, port, [Symbol.asyncDispose]: end };
  } catch (error) {
    await end();
    throw error;
  }
}

Deno.test("server ends though its access log's reader has stalled", async () => {
  await using directory = await TemporaryDirectory.with();
  await using server = await unread("server", directory.path);
  server.process.signal("SIGTERM");
  assertEquals((await server.process.exited).code, 0);
});

Deno.test({
  name: "balancer replaces, counts and ends its workers though its access log's reader has stalled",
  ignore: !isLinux,
  async fn() {
    await using farm = new FakeServer(FIT);
    const args = ["--workers=2", "--admin=127.0.0.1:0", farm.authority];
    await using balancer = await unread("balancer", ...args);
    const adminPort = await adminPortOf(balancer);
    const redirects = async () => (await statusAt(adminPort)).redirects;
    await eventually(async () => await redirects() > REQUESTS);

    const { pid } = balancer.process;
    const before = await childrenOf(pid);
    for (const worker of before) Deno.kill(worker, "SIGKILL");
    for (const _ of before) await said(balancer, "ended by SIGKILL");
    await eventually(async () => (await childrenOf(pid)).length === 2);
    const counted = await redirects();
    await untilAnswering(balancer);
    await eventually(async () => await redirects() > counted);

    balancer.process.signal("SIGTERM");
    assertEquals((await balancer.process.exited).code, 0);
    await balancer.process[Symbol.asyncDispose]();
    // Those that waited when it ended are lost, and those that came later were never taken.
    const [first, ...log] = balancer.process.stdout.lines;
    assert(first!.startsWith("listening on http://"));
    assert(log.length < REQUESTS);
    for (const line of log) assert(line.startsWith("127.0.0.1 - - ["), line);
    await said(balancer, "[0-9]+ lines of the access log were not taken by its reader");
  },
});

/** So many rounds with so many servers that refuse log more than may wait. */
const ROUNDS = 150;
const REFUSING = Array.from({ length: 60 }, (_, i) => `127.0.1.${i + 1}:9`);

Deno.test({
  name: "balancer redirects, tests and ends though nobody reads what it says, and says how much",
  ignore: !isLinux,
  async fn() {
    await using farm = new FakeServer(FIT);
    const often = ["--interval=1ms", "--fall=1000", "--probe-concurrency=100", "--log=json"];
    const address = ["--host=127.0.0.1", "--port=0", "--workers=2", "--grace=0ms"];
    const stderrGate = new Gate();
    await using process = startRole(
      "balancer",
      [...address, ...often, farm.authority, ...REFUSING],
      { permissions: PERMISSIONS, stderrGate },
    );
    const { port } = await listening(process);
    /** Waits until it has logged more than may wait. */
    const fill = async () => {
      const enough = farm.requestHeads.length + ROUNDS;
      await eventually(() => farm.requestHeads.length > enough);
    };
    await fill();
    assertEquals(await countRedirects(port, 10), new Map([[farm.authority, 10]]));
    stderrGate.open();
    const dropped = JSON.parse(await process.stderr.next(/"event":"dropped"/));
    assert(dropped.lines > 0);
    assertEquals(JSON.parse(process.stderr.lines[0]!).event, "notice");
    stderrGate.close();
    await fill();
    process.signal("SIGTERM");
    assertEquals((await process.exited).code, 0);
  },
});
