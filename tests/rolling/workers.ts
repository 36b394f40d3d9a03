import { type RunClock, runFor } from "../harness/run_for.ts";
import { type CrowdOptions, keepAsking, type RequestCounts } from "../support/crowd.ts";
import type { Process } from "../support/process.ts";
import { listeningRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

/** What came of replacing all workers again and again. */
export interface WorkersResult {
  readonly load: RequestCounts;
  /** How often all were replaced. */
  readonly restarts: number;
}

/** Replaces the workers of `server.ts` again and again while clients ask it. */
export async function replaceWorkers(
  seconds: number,
  workers: number,
  crowd: CrowdOptions,
): Promise<WorkersResult> {
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
    (clock) => rollAll(server.process, clock),
  );
  return { load, restarts };
}

/** Replaces all workers a second after the last replacement; returns how often it did. */
async function rollAll(server: Process, { over, pause }: RunClock): Promise<number> {
  let restarts = 0;
  while (!over.aborted) {
    server.signal("SIGHUP");
    await server.stderr.next(/all workers were replaced/);
    restarts++;
    await pause(1000);
  }
  return restarts;
}
