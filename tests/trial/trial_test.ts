import { assert, assertEquals } from "@std/assert";
import { downloadToNowhere } from "../harness/downloads.ts";
import { FarmServer } from "../harness/farm_server.ts";
import { seededRandom } from "../support/random.ts";
import { TemporaryDirectory } from "../support/temporary_directory.ts";
import { Catalogue, phaseAt } from "./plan.ts";
import { PolicyCounts, tableOf } from "./report.ts";

const MIB = 1024 * 1024;

Deno.test("Catalogue is the same every time, around 4 MiB, and no more than a server gives", () => {
  const { sizes } = new Catalogue(1000, seededRandom(1));
  assertEquals(new Catalogue(1000, seededRandom(1)).sizes, sizes);
  const sorted = sizes.toSorted((a, b) => a - b);
  assert(Math.abs(sorted[500]! / MIB - 4) < 0.5, `${sorted[500]}`);
  assert(sorted[0]! >= MIB / 16 && sorted.at(-1)! <= 64 * MIB);
  assert(sizes.includes(new Catalogue(1000, seededRandom(1)).draw(seededRandom(2))));
});

Deno.test("phaseAt() goes through all phases in their order", () => {
  const parts = [0, 0.13, 0.14, 0.33, 0.34, 0.53, 0.54, 1];
  const phases = ["well", "one slow", "one dead too", "recovering"];
  assertEquals(parts.map(phaseAt), phases.flatMap((phase) => [phase, phase]) as string[]);
});

Deno.test("PolicyCounts counts what became of downloads, and takes times of those that ended", () => {
  const counts = new PolicyCounts();
  for (let i = 1; i <= 100; i++) {
    counts.addIn("well", { seconds: i, failedTries: 0, reason: undefined, isWrong: false });
  }
  counts.addIn("one slow", { seconds: 1000, failedTries: 3, reason: "no", isWrong: false });
  counts.addIn("one slow", { seconds: 50.5, failedTries: 1, reason: undefined, isWrong: true });
  const { times, failedTries, reasons, wrong } = counts;
  assertEquals([times.length, failedTries, reasons, wrong], [101, 4, ["no"], 1]);
  assertEquals([counts.mean, counts.p99, counts.meanIn("one slow")], [50.5, 99, 50.5]);
  const [, , row = ""] = tableOf(new Map([["rank", counts]])).split("\n");
  const cells = ["| rank", "101", "4", "1", "1", "50.50 s", "1.00", "99.00 s", "1.00"];
  assertEquals(row.split(" | ").slice(0, 9), cells);
});

Deno.test("FarmServer is killed, started again and slowed, all on one port", async () => {
  await using directory = await TemporaryDirectory.with();
  const root = directory.path;
  const options = { program: "server.ts", root, rate: 0, longestLifeMs: 60_000 } as const;
  await using server = await FarmServer.start(options);
  const url = `http://${server.authority}/test.bin?bytes=100000`;
  const isServed = async () => {
    const { reason, isWrong } = await downloadToNowhere(url, 100_000, 30_000);
    return reason === undefined && !isWrong;
  };
  assert(await isServed());
  await server.kill();
  await server.restart();
  assert(await isServed());
  await server.restart(MIB);
  assert(await isServed());
});
