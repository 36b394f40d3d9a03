// Attacks the server and the balancer with many bad clients at once, and watches how a good one
// fares meanwhile, and what is left of memory and descriptors afterwards. Linux only.
//
//   deno task attack

import { print } from "../../lib/log/console.ts";
import {
  type Attack,
  attacks,
  type LargeRequest,
  type Order,
  pause,
  UNIQUE_TARGETS,
} from "./attacks.ts";
import { CheckedFarm } from "./checked_farm.ts";
import { type Holdings, Victim } from "./victim.ts";

/** A good client gives up, and the role has failed, when an answer takes longer. */
const LONGEST_ANSWER_MS = 10_000;
/** How long memory and descriptors may take to be back. */
const RECOVERY_MS = 6000;
/** What memory may have grown by, over the same attack before. */
const MEMORY_FACTOR = 1.25;

const root = Deno.makeTempDirSync();
Deno.writeFileSync(`${root}/large.bin`, new Uint8Array(10_000_000));
let failures = 0;
try {
  row("role", "attack", "answers", "slowest", "memory before/during/after", "descriptors");
  const large = { text: "GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n", times: 1 };
  for (const attack of attacks(large)) await attackRole("server.ts", [root], attack, large);
  await using server = await Victim.start("server.ts", [root]);
  const many: LargeRequest = { text: "GET /foo.html HTTP/1.1\r\nHost: a\r\n\r\n", times: 20_000 };
  for (const attack of attacks(many)) {
    const args = ["--interval=500ms", `127.0.0.1:${server.port}`];
    await attackRole("balancer.ts", args, attack, many);
  }
  for (const mode of ["after", "before"] as const) {
    await using farm = await CheckedFarm.start();
    print(`with --check-files=${mode}:`);
    const args = ["--interval=500ms", ...farm.balancerArgs(mode)];
    await attackRole("balancer.ts", args, UNIQUE_TARGETS, many, farm);
  }
} finally {
  Deno.removeSync(root, { recursive: true });
}
Deno.exit(failures > 0 ? 1 : 0);

async function attackRole(
  script: string,
  args: string[],
  attack: Attack,
  large: LargeRequest,
  farm?: CheckedFarm,
): Promise<void> {
  const target = farm && CheckedFarm.TARGET;
  await using victim = await Victim.start(script, args, attack.descriptors);
  // At first the heap grows to the size that such work needs: what counts is what comes after.
  for (let i = 0; i < (attack.isShort ? 4 : 1); i++) await watched(victim, attack, large, target);
  const before = await settled(victim);
  const { times, answers, memoryMib } = await watched(victim, attack, large, target);
  const after = await settled(victim, before);
  const slowest = Math.max(...times);
  // To each server of a balancer there may be a test, and a connection for questions.
  const ownConnections = script === "server.ts" ? 0 : farm === undefined ? 1 : 2 * farm.size;
  const isBack = after.descriptors <= before.descriptors + ownConnections &&
    after.memoryMib <= before.memoryMib * MEMORY_FACTOR;
  if (!isBack || slowest > LONGEST_ANSWER_MS) failures++;
  row(
    script.replace(".ts", ""),
    attack.name,
    `${times.length}`,
    `${slowest.toFixed(1)} ms`,
    `${before.memoryMib} / ${memoryMib} / ${after.memoryMib} MiB`,
    `${before.descriptors} → ${after.descriptors}${isBack ? "" : "  NOT BACK"}`,
  );
  const said = victim.said().split("\n").filter((line) => line.includes("cannot accept"));
  for (const line of said) print(`          said: ${line}`);
  if (farm === undefined) return;
  print(`          ${farm.summary}`);
  const faults = farm.faults(answers);
  for (const fault of faults) print(`          FAULT: ${fault}`);
  failures += faults.length;
}

/** How a good client fares during an attack, and the most memory that the victim has meanwhile. */
async function watched(
  victim: Victim,
  attack: Attack,
  large: LargeRequest,
  target?: string,
): Promise<{ times: number[]; answers: string[]; memoryMib: number }> {
  // Where descriptors run out, only a connection from before can be answered.
  using kept = await Deno.connect({ hostname: "127.0.0.1", port: victim.port });
  const ask = attack.descriptors
    ? () => exchange(kept, "keep-alive", target)
    : freshConnections(victim.port, target);
  const worker = new Worker(import.meta.resolve("./worker.ts"), { type: "module" });
  let isOver = false;
  const over = new Promise<void>((resolve) => {
    worker.onmessage = () => {
      isOver = true;
      resolve();
    };
  });
  worker.postMessage({ name: attack.name, port: victim.port, large } satisfies Order);
  const times: number[] = [];
  const answers: string[] = [];
  let memoryMib = 0;
  while (!isOver) {
    const start = performance.now();
    answers.push(await ask());
    times.push(performance.now() - start);
    memoryMib = Math.max(memoryMib, victim.holdings().memoryMib);
    await pause(5);
  }
  await over;
  worker.terminate();
  await freshConnections(victim.port)();
  return { times, answers, memoryMib };
}

/** What the victim holds once it holds no more than before, or has had its time. */
async function settled(victim: Victim, before?: Holdings): Promise<Holdings> {
  const until = performance.now() + RECOVERY_MS;
  for (;;) {
    // A little work lets the collector see what has become free.
    await warmUp(victim.port);
    await pause(500);
    const after = victim.holdings();
    const isBack = before !== undefined && after.descriptors <= before.descriptors &&
      after.memoryMib <= before.memoryMib;
    if (isBack || performance.now() > until) return after;
  }
}

async function warmUp(port: number, times = 300): Promise<void> {
  const ask = freshConnections(port);
  for (let i = 0; i < times; i++) await ask();
}

/** A good client that connects anew for each request. */
function freshConnections(port: number, target?: string): () => Promise<string> {
  return async () => {
    using conn = await Deno.connect({ hostname: "127.0.0.1", port });
    return await exchange(conn, "close", target);
  };
}

/** Asks for a target. @returns the beginning of the answer, with the head */
async function exchange(
  conn: Deno.TcpConn,
  connection: string,
  target = "/nothing",
): Promise<string> {
  const request = `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: ${connection}\r\n\r\n`;
  await conn.write(new TextEncoder().encode(request));
  const octets = new Uint8Array(16 * 1024);
  const count = await conn.read(octets);
  const answer = new TextDecoder().decode(octets.subarray(0, count ?? 0));
  const [status] = answer.split("\r\n", 1);
  // A balancer that lost its servers on the way would say 503.
  if (!/^HTTP\/1\.1 (?:301|404) /.test(status!)) throw new Error(`A good client got "${status}"`);
  return answer;
}

function row(...cells: string[]): void {
  const widths = [9, 36, 8, 10, 28, 0];
  print(cells.map((cell, i) => cell.padEnd(widths[i]!)).join(" "));
}
