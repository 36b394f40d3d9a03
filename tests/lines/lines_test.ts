/**
 * The commands on a farm whose servers have lines of different speeds, as in life: all that a server
 * sends shares one line, and so does all that the balancer is sent.
 *
 * @module
 */

import { assert, assertEquals, assertGreater, assertNotEquals } from "@std/assert";
import type { StatusDocument } from "../../lib/balancing/status.ts";
import { sha256 } from "../misbehaviour/digest.ts";
import { run } from "../support/process.ts";
import { startRole } from "../support/role.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";
import { Lab } from "./lab.ts";
import { downloadAtOnce, LineFarm } from "./line_farm.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** The part of a full Ethernet frame that is content. */
const PAYLOAD = 1448 / 1514;

/** As `transfers` has it: a test that passed. */
interface PassedTransfer {
  readonly elapsedMs: number;
  readonly bytes: number;
  /** Whether its time was over before the file was whole. */
  readonly partial: boolean;
}

/** What this machine lacks for a lab; undefined when there is all. */
const missing = await findMissing();

/** CI has to run these tests. */
const isCi = !["", "0", "false"].includes(Deno.env.get("CI") ?? "");

if (missing !== undefined && !isCi) {
  const line = `tests on shaped lines are not run, since this is missing: ${missing}\n`;
  Deno.stderr.writeSync(new TextEncoder().encode(line));
}

/**
 * Registers a test that needs a lab. Where none can be made it is ignored, and one line says what is
 * missing; where the variable `CI` is set it fails instead.
 */
function testOnLines(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name,
    ignore: missing !== undefined && !isCi,
    fn: async () => {
      if (missing !== undefined) throw new Error(`This is missing: ${missing}`);
      await fn();
    },
  });
}

async function findMissing(): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return "Linux";
  if (Deno.uid() !== 0) return "the rights of root";
  for (const program of ["ip", "tc"]) {
    try {
      await run(program, ["-V"]);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return `${program}; install it with "apt-get install iproute2"`;
    }
  }
  try {
    await using lab = await Lab.with({ node: 1 });
    const { namespace } = lab.node("node");
    const { code, stderr } = await run("true", [], { namespace });
    return code === 0 ? undefined : `running in network namespaces: ${stderr.trim()}`;
  } catch (error) {
    return `network namespaces with shaped lines: ${
      error instanceof Error ? error.message : error
    }`;
  }
}

testOnLines("a farm of healthy servers stays whole while it is busy", async () => {
  const sizes = [50, 80, 120, 200, 300, 500, 800, 1200, 2000].map((it) => it * KIB);
  await using farm = await LineFarm.start({
    // The slowest sends the test file in 4.5 s when it is idle, which is in time.
    servers: [40, 20, 10, 10, 5, 2],
    nginx: 2,
    args: ["--interval=4s", "--probe-timeout=5s"],
    files: Object.fromEntries(sizes.map((size, index) => [`file${index}`, size])),
  });
  assertEquals(notAvailable(await farm.status()), []);

  const { downloads, problems } = await downloadAtOnce(farm, 24, 22_000);

  const status = await farm.status();
  assertEquals(notAvailable(status), []);
  assertEquals(problems, []);
  assertEquals(status.unavailable, 0);
  assertGreater(downloads, 100, "The farm was not busy");
  const transfers = status.servers.flatMap((it) =>
    it.transfers as unknown as readonly PassedTransfer[]
  );
  const [partial, whole] = [true, false].map((is) => transfers.filter((it) => it.partial === is));
  assertEquals(partial!.length + whole!.length, transfers.length);
  assertGreater(partial!.length, 0);
  for (const { bytes } of whole!) assertEquals(bytes, MIB);
  for (const { bytes, elapsedMs } of partial!) {
    assert(bytes > 0 && bytes < MIB, `${bytes} bytes`);
    assertGreater(elapsedMs, 4500);
  }
});

testOnLines("speeds are those of the lines where the balancer's own is the bound", async () => {
  const own = 20;
  const lines = [80, 40, 10, 10, 5, 2.5];
  await using farm = await LineFarm.start({
    servers: lines,
    nginx: lines.length,
    balancer: own,
    args: ["--interval=3s"],
  });
  const expected = lines.map((line) => Math.min(line, own) * PAYLOAD);
  assertInOrder(speedsOf(await farm.status()), expected);

  // What else the machine does can spoil a test: one round of the second to the fourth is to be right.
  for (let round = 2;; round++) {
    const status = await before(20_000, `round ${round}`, async () => {
      const status = await farm.status();
      return status.rounds.count >= round ? status : undefined;
    });
    const speeds = speedsOf(status);
    assertInOrder(speeds, expected);
    if (speeds.every((it, index) => isNear(it, expected[index]!))) break;
    assert(round < 4, `In Mbit/s: ${rounded(speeds)} instead of ${rounded(expected)}`);
  }
});

testOnLines("client and balancer get over a server that is cut off", async () => {
  await using directory = await TemporaryDirectory.with();
  await using farm = await LineFarm.start({
    servers: [30, 30, 30],
    args: ["--interval=2s", "--probe-timeout=2s"],
    files: { "large.bin": 15 * MIB },
  });
  const nodes = ["s1", "s2", "s3"].map((name) => farm.lab.node(name));
  await using client = startRole("client", [`${farm.origin}/large.bin`], {
    ...farm.client,
    cwd: directory.path,
  });
  const first = /→ http:\/\/([^:]+):/.exec(await client.stderr.next(/→/))![1];
  await before(10_000, "2 MiB", async () => {
    const { size } = await Deno.stat(directory.join("large.bin.part")).catch(() => ({ size: 0 }));
    return size > 2 * MIB || undefined;
  });
  const cut = nodes.findIndex(({ address }) => address === first);

  await farm.lab.cut(nodes[cut]!.name);
  const cutAt = performance.now();
  const server = await before(10_000, "the server is out", async () => {
    const server = (await farm.status()).servers[cut]!;
    return server.state === "out" ? server : undefined;
  });
  assertNotEquals(server.reason, null);

  let isOver = false;
  client.ended.then(() => isOver = true);
  await before(20_000 - (performance.now() - cutAt), "the client's end", () => isOver || undefined);
  assertEquals((await client.ended).code, 0, client.stderr.text);
  const content = await Deno.readFile(directory.join("large.bin"));
  assertEquals(await sha256(content), farm.digests.get("large.bin"));
  assert(nodes.some(({ address }) => address !== first && client.stderr.text.includes(address)));
});

/** The servers that are not available, each with the reason. */
function notAvailable({ servers }: StatusDocument): string[] {
  return servers.filter(({ state }) => state !== "available")
    .map(({ name, state, reason }) => `${name} is ${state}: ${reason}`);
}

/** What the balancer takes the speeds of the lines for, in Mbit/s of content. */
function speedsOf({ servers }: StatusDocument): number[] {
  return servers.map(({ throughputBytesPerSecond }) => (throughputBytesPerSecond ?? 0) * 8 / 1e6);
}

/** Whether a speed is within 20 % of what is expected. */
function isNear(speed: number, expected: number): boolean {
  return Math.abs(speed / expected - 1) < 0.2;
}

/** Asserts that each server that is to be faster than another is so. */
function assertInOrder(speeds: readonly number[], expected: readonly number[]): void {
  const isInOrder = speeds.every((faster, a) =>
    speeds.every((slower, b) => expected[a]! <= expected[b]! || faster > slower)
  );
  assert(
    isInOrder,
    `In Mbit/s: ${rounded(speeds)}, which is not the order of ${rounded(expected)}`,
  );
}

function rounded(speeds: readonly number[]): string {
  return speeds.map((it) => it.toFixed(1)).join(", ");
}

/** What is found, by looking again and again, before so many ms have passed. */
async function before<T>(
  ms: number,
  what: string,
  find: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const until = performance.now() + ms;
  for (;;) {
    const found = await find();
    if (found !== undefined) return found;
    if (performance.now() > until) throw new Error(`Not within ${Math.round(ms)} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
