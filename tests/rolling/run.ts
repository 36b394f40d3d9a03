// Replaces the workers of server.ts again and again while clients ask it, and counts what fails.
//
//   deno task roll [--seconds=20] [--clients=32] [--workers=2] [--pause=0ms]

import { runCommand } from "../../lib/cli/arguments.ts";
import { count, duration, option } from "../../lib/cli/option.ts";
import { print } from "../../lib/log/console.ts";
import { type RunClock, runFor } from "../harness/run_for.ts";
import { type CrowdOptions, keepAsking } from "../support/crowd.ts";
import type { Process } from "../support/process.ts";
import { listeningRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

await runCommand({
  name: "roll",
  permissions: "-A",
  synopsis: "[OPTIONS]",
  summary: "Replaces the workers of server.ts again and again while clients ask it, with kept " +
    "connections and with one for each request, and counts what fails.",
  operands: {},
  options: {
    seconds: option(count(1, 3600), "20", "how long, each"),
    clients: option(count(1, 1000), "32", "how many ask at a time"),
    workers: option(count(2, 16), "2", "how many answer"),
    pause: option(duration(0), "0ms", "how long each waits before its next request"),
  },
  notes: "",
}, async ({ seconds, clients, workers, pause }) => {
  for (const isPersistent of [true, false]) {
    await roll(seconds, workers, { clients, isPersistent, pauseMs: pause });
  }
  return 0;
});

async function roll(seconds: number, workers: number, crowd: CrowdOptions): Promise<void> {
  await using directory = await TemporaryDirectory.with({ "a.txt": "text" });
  const permissions = ["--allow-net", "--allow-read", `--allow-run=${Deno.execPath()}`];
  const longestLifeMs = (seconds + 60) * 1000;
  await using server = await listeningRole(
    "server",
    [`--workers=${workers}`, "--log=none", directory.path],
    { permissions, longestLifeMs },
  );
  const { load, faults: restarts } = await runFor(
    seconds,
    ({ over }) => keepAsking(server.port, "/a.txt", crowd, over),
    (clock) => replaceWorkers(server.process, clock),
  );
  const { answered, repeated, connections, failures } = load;
  print(
    `${crowd.isPersistent ? "kept connections" : "a connection each"}: ${answered} requests ` +
      `over ${connections} connections, ${workers} workers replaced ${restarts} times: ` +
      `${failures.length} failed, ${repeated} repeated`,
  );
  for (const failure of new Set(failures)) print(`  ${failure}`);
}

/** Replaces all workers a second after the last replacement; returns how often it did. */
async function replaceWorkers(server: Process, { over, pause }: RunClock): Promise<number> {
  let restarts = 0;
  while (!over.aborted) {
    server.signal("SIGHUP");
    await server.stderr.next(/all workers were replaced/);
    restarts++;
    await pause(1000);
  }
  return restarts;
}
