// Whether redirects keep flowing while a round tests a large farm: the longest time that a client
// waits for its next redirect, beside rounds and without any. What the balancer or the client waited
// for a processor, because others had it, is left out where the system tells (Linux).
//
//   deno task bench:rounds [SERVERS] [SECONDS]

import { print } from "../../lib/log/console.ts";
import { RawClient } from "../support/raw_client.ts";
import { listening, type ListeningRole, startRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";

const count = Number(Deno.args[0] ?? 1000);
const seconds = Number(Deno.args[1] ?? 10);

/** Rounds follow each other with next to no pause. */
const WITH_ROUNDS = ["--interval=50ms", "--probe-concurrency=4"];
const WITHOUT_ROUNDS = ["--interval=1h", "--probe-concurrency=64"];

const worker = new Worker(import.meta.resolve("./programs/stub_farm.ts"), { type: "module" });
worker.postMessage(count);
const ports = await new Promise<number[]>((resolve) => {
  worker.onmessage = ({ data }) => resolve(data);
});
await using directory = await TemporaryDirectory.with({
  "list.txt": ports.map((port) => `127.0.0.1:${port}`).join("\n"),
});

print(`${count} servers, ${seconds} s each, one client that asks again and again`);
for (const args of [WITHOUT_ROUNDS, WITH_ROUNDS]) {
  const all = ["--host=127.0.0.1", "--port=0", "--log=none", ...args, directory.join("list.txt")];
  const permissions = ["--allow-net", "--allow-read"];
  await using balancer = await listening(startRole("balancer", all, { permissions }));
  await pausesOf(balancer, 1000); // Until what is hot has been compiled.
  const roundsBefore = roundsOf(balancer.process.stderr.lines);
  const pauses = await pausesOf(balancer, seconds * 1000);
  const rounds = roundsOf(balancer.process.stderr.lines) - roundsBefore;
  pauses.sort();
  const ms = (part: number) => pauses.at(Math.ceil(part * pauses.length) - 1)!.toFixed(2);
  print(
    `${rounds} rounds: ${pauses.length} redirects; half of them within ${ms(0.5)} ms, ` +
      `99.99 % within ${ms(0.9999)} ms, the longest ${ms(1)} ms`,
  );
}
worker.terminate();

function roundsOf(lines: readonly string[]): number {
  return lines.filter((line) => line.includes("tested, fastest first")).length;
}

/** How long each redirect took, in ms. */
async function pausesOf({ port, process }: ListeningRole, durationMs: number) {
  using client = await RawClient.connect(port);
  const pauses: number[] = [];
  const starvedMs = () => waitedMs(process.pid) + waitedMs(Deno.pid);
  const end = performance.now() + durationMs;
  for (let starvedBefore = starvedMs(); performance.now() < end;) {
    const before = performance.now();
    const { statusCode } = await client.get("/file");
    const took = performance.now() - before;
    if (statusCode !== 301) throw new Error(`It answered ${statusCode}`);
    const starved = starvedMs();
    pauses.push(Math.max(0, took - (starved - starvedBefore)));
    starvedBefore = starved;
  }
  return Float64Array.from(pauses);
}

/** How long the main thread of a process has waited for a processor until now, in ms. */
function waitedMs(pid: number): number {
  try {
    const [, waitedNs] = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/schedstat`).split(" ");
    return Number(waitedNs) / 1e6;
  } catch {
    return 0;
  }
}
