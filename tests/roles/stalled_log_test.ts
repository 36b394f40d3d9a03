import { assert, assertEquals } from "@std/assert";
import { adminPortOf, said, statusAt, untilAnswering } from "../support/balancer.ts";
import { childrenOf, eventually } from "../support/children.ts";
import { answering, FakeServer } from "../support/fake_server.ts";
import type { Process } from "../support/process.ts";
import { RawClient } from "../support/raw_client.ts";
import { freePort, startRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

/** Makes far more of a log than pipes hold, and than may wait. */
const REQUESTS = 800;
const TARGET = `/${"x".repeat(4000)}`;

/** A role that listens, of which nobody reads the access log. */
interface Stalled extends AsyncDisposable {
  readonly process: Process;
  readonly port: number;
  /** From now on somebody reads. */
  readonly read: () => void;
}

async function stalled(
  role: "server" | "balancer",
  operand: string,
  workers: number,
  options: readonly string[] = [],
): Promise<Stalled> {
  const { promise: readsStdoutAfter, resolve: read } = Promise.withResolvers<void>();
  const port = freePort();
  const args = ["--host=127.0.0.1", `--port=${port}`, `--workers=${workers}`, "--grace=1h"];
  const permissions = ["--allow-net", "--allow-read", `--allow-run=${Deno.execPath()}`];
  const process = startRole(role, [...args, ...options, operand], {
    permissions,
    readsStdoutAfter,
  });
  const end = async () => {
    read();
    await process[Symbol.asyncDispose]();
  };
  try {
    await untilAnswering({ process, port });
    using client = await RawClient.connect(port);
    for (let i = 0; i < REQUESTS; i++) await client.get(TARGET);
    return { process, port, read, [Symbol.asyncDispose]: end };
  } catch (error) {
    await end();
    throw error;
  }
}

for (const workers of [1, 2]) {
  const ignore = workers > 1 && Deno.build.os !== "linux";
  const who = workers > 1 ? " with workers" : "";

  Deno.test({
    name: `balancer${who} ends though its access log's reader has stalled`,
    ignore,
    async fn() {
      await using farm = new FakeServer(answering("200 OK", "test"));
      await using balancer = await stalled("balancer", farm.authority, workers);
      balancer.process.signal("SIGTERM");
      await exited(balancer);
    },
  });

  Deno.test({
    name: `server${who} ends though its access log's reader has stalled`,
    ignore,
    async fn() {
      await using directory = await TemporaryDirectory.with();
      await using server = await stalled("server", directory.path, workers);
      server.process.signal("SIGTERM");
      await exited(server);
    },
  });
}

Deno.test({
  name: "balancer replaces a worker though its access log's reader has stalled",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using farm = new FakeServer(answering("200 OK", "test"));
    await using balancer = await stalled("balancer", farm.authority, 2);
    const { pid } = balancer.process;
    const before = await childrenOf(pid);
    for (const worker of before) Deno.kill(worker, "SIGKILL");
    for (const _ of before) await said(balancer, "ended by SIGKILL");
    await eventually(async () => (await childrenOf(pid)).length === 2);
    await untilAnswering(balancer);
  },
});

Deno.test({
  name: "balancer hears what its workers count though its access log's reader has stalled",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using farm = new FakeServer(answering("200 OK", "test"));
    await using balancer = await stalled("balancer", farm.authority, 2, ["--admin=127.0.0.1:0"]);
    const adminPort = await adminPortOf(balancer);
    const isCounted = async () => (await statusAt(adminPort)).redirects > REQUESTS;
    await eventually(isCounted);
    const { redirects } = await statusAt(adminPort);
    await untilAnswering(balancer);
    await eventually(async () => (await statusAt(adminPort)).redirects > redirects);
    balancer.process.signal("SIGTERM");
    await exited(balancer);
    // Those that waited when it ended are lost, and those that came later were never taken.
    const [first, ...log] = balancer.process.stdout.lines;
    assert(first!.startsWith("listening on http://"));
    assert(log.length < REQUESTS);
    for (const line of log) assert(line.startsWith("127.0.0.1 - - ["), line);
    await said(balancer, "[0-9]+ lines of the access log were not taken by its reader");
  },
});

/** Waits until it has ended with 0, while nobody reads. */
async function exited({ process, read }: Stalled): Promise<void> {
  await process.stderr.ended;
  read();
  assertEquals((await process.ended).code, 0);
}
