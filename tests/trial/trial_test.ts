import { assert, assertEquals } from "@std/assert";
import { seededRandom } from "../support/random.ts";
import { Catalogue } from "./catalogue.ts";
import { experience } from "./client.ts";
import { Farm } from "./farm.ts";
import { phaseAt } from "./faults.ts";
import { tableOf } from "./table.ts";
import { Tally } from "./tally.ts";

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

Deno.test("Tally counts what became of downloads, and takes times of those that ended", () => {
  const tally = new Tally();
  for (let i = 1; i <= 100; i++) {
    tally.add({ seconds: i, failures: 0, reason: undefined, isWrong: false }, "well");
  }
  tally.add({ seconds: 1000, failures: 3, reason: "no", isWrong: false }, "one slow");
  tally.add({ seconds: 50.5, failures: 1, reason: undefined, isWrong: true }, "one slow");
  assertEquals([tally.count, tally.failures, tally.reasons, tally.wrong], [101, 4, ["no"], 1]);
  assertEquals([tally.mean, tally.p99, tally.meanIn("one slow")], [50.5, 99, 50.5]);
  const [, , row = ""] = tableOf(new Map([["rank", tally]])).split("\n");
  assertEquals(row.split(" | ").slice(0, 9), [
    ...["| rank", "101", "4", "1", "1"],
    ...["50.50 s", "1.00", "99.00 s", "1.00"],
  ]);
});

Deno.test("Farm kills a server, brings it back and slows it, all on one port", async () => {
  await using farm = await Farm.with([0], 60_000);
  const origin = `http://${farm.authorities[0]}`;
  const isServed = async () => {
    const { reason, isWrong } = await experience(origin, 100_000);
    return reason === undefined && !isWrong;
  };
  assert(await isServed());
  await farm.kill(0);
  await farm.revive(0);
  assert(await isServed());
  await farm.slow(0, MIB);
  assert(await isServed());
  assertEquals(farm.authorities.length, 1);
});
