// Replaces what listens again and again while clients ask it, and counts what fails; kills what
// writes a state, and reads what is left.
//
//   deno task roll [--part=workers] [--seconds=20] [--clients=32] [--workers=2] [--pause=0ms]
//                  [--restarts=40] [--kills=500]

import { runCommand } from "../../lib/cli/arguments.ts";
import { choice, count, duration, option } from "../../lib/cli/option.ts";
import { print } from "../../lib/log/console.ts";
import type { CrowdOptions, RequestCounts } from "../support/crowd.ts";
import { killWriters } from "./kills.ts";
import { restartBalancers } from "./restarts.ts";
import { startTimes } from "./starts.ts";
import { replaceWorkers } from "./workers.ts";

await runCommand({
  name: "roll",
  permissions: "-A",
  synopsis: "[OPTIONS]",
  summary:
    "Replaces the workers of server.ts, and whole balancers, again and again while clients " +
    "ask, and counts what fails; measures how long balancers take to start, with a state and " +
    "without; kills processes that write a state.",
  operands: {},
  options: {
    part: option(choice(["all", "workers", "restarts", "starts", "kills"]), "all", "what is done"),
    seconds: option(count(1, 3600), "20", "how long workers are replaced, each"),
    clients: option(count(1, 1000), "32", "how many ask at a time"),
    workers: option(count(2, 16), "2", "how many answer"),
    pause: option(duration(0), "0ms", "how long each client waits before its next request"),
    restarts: option(count(1, 1000), "40", "how many balancers are replaced"),
    kills: option(count(1, 10_000), "500", "how many writers of a state are killed"),
  },
  notes: "",
}, async ({ part, seconds, clients, workers, pause, restarts, kills }) => {
  const isDone = (name: string) => part === "all" || part === name;
  const crowd = { clients, pauseMs: pause };
  for (const isPersistent of isDone("workers") ? [true, false] : []) {
    const result = await replaceWorkers(seconds, workers, { ...crowd, isPersistent });
    tellLoad({ isPersistent }, result.load, `${workers} workers replaced ${result.restarts} times`);
  }
  for (const isPersistent of isDone("restarts") ? [true, false] : []) {
    const result = await restartBalancers(restarts, { ...crowd, isPersistent });
    const { load, seconds, startMs, counted } = result;
    const rate = Math.round(load.connections / seconds);
    const longest = Math.round(Math.max(...startMs));
    const how = `${restarts} balancers replaced, at ${rate} connections/s, ` +
      `the slowest listened after ${longest} ms, ${counted} redirects counted by the last`;
    tellLoad({ isPersistent }, load, how);
  }
  for (const servers of isDone("starts") ? [3, 1000] : []) {
    const { withoutState, withState } = await startTimes(servers, 5);
    const [tested, known] = [withoutState, withState].map((ms) => Math.round(ms));
    print(`${servers} servers: listening after ${tested} ms, with a state after ${known} ms`);
  }
  if (isDone("kills")) {
    const { states, interrupted, failures } = await killWriters(kills);
    print(
      `${kills} writers killed, ${interrupted} of them within a state of ${states}: ` +
        `${failures.length} files were not good`,
    );
    for (const failure of failures) print(`  ${failure}`);
  }
  return 0;
});

function tellLoad(
  { isPersistent }: Pick<CrowdOptions, "isPersistent">,
  { answered, repeated, connections, failures }: RequestCounts,
  how: string,
): void {
  const kind = isPersistent ? "kept connections" : "a connection each";
  const what = `${kind}: ${answered} requests over ${connections} connections, ${how}`;
  print(`${what}: ${failures.length} failed, ${repeated} repeated`);
  for (const failure of new Set(failures)) print(`  ${failure}`);
}
