import { assert, assertEquals } from "@std/assert";
import { ArrivalDispersion } from "../../lib/balancing/arrival_dispersion.ts";
import { seededRandom } from "../support/random.ts";

/** The ratio after so many bins of so many clients; `serverOf` says where each is sent. */
function ratioOf(
  bins: number,
  clients: number,
  serverOf: (bin: number, client: number) => number,
): number | undefined {
  const arrivals = new ArrivalDispersion();
  const totals = new Map<string, number>();
  for (let bin = 0; bin < bins; bin++) {
    for (let client = 0; client < clients; client++) {
      const name = `s${serverOf(bin, client)}`;
      totals.set(name, (totals.get(name) ?? 0) + 1);
    }
    arrivals.endBin(totals);
  }
  return arrivals.ratio;
}

Deno.test("ArrivalDispersion tells crowds from chance, and chance from turns", () => {
  const random = seededRandom(1);
  const turns = ratioOf(600, 100, (_, client) => client % 10)!;
  const chance = ratioOf(600, 100, () => Math.floor(10 * random()))!;
  const unequal = ratioOf(600, 100, () => Math.floor(10 * random() ** 2))!;
  const crowds = ratioOf(600, 100, (bin) => bin % 10)!;
  assertEquals(turns, 0);
  // Binomial: 1 less the share of a server.
  assert(Math.abs(chance - 0.9) < 0.15, `${chance}`);
  assert(Math.abs(unequal - 0.85) < 0.15, `${unequal}`);
  assert(Math.abs(crowds - 90) < 5, `${crowds}`);
});

Deno.test("ArrivalDispersion knows little at first, and forgets servers with their past", () => {
  assertEquals(ratioOf(9, 1, () => 0), undefined);
  assertEquals(ratioOf(10, 1, () => 0), 0);
  assertEquals(ratioOf(100, 0, () => 0), undefined);
  const arrivals = new ArrivalDispersion();
  for (let bin = 1; bin <= 50; bin++) {
    arrivals.endBin(new Map([["steady", 4 * bin], ["wild", 100 * Math.floor(bin / 5)]]));
  }
  assert(arrivals.ratio! > 50);
  arrivals.endBin(new Map([["steady", 204]]));
  assertEquals(arrivals.ratio, 0);
  arrivals.endBin(new Map([["steady", 4]])); // It was listed again.
  assertEquals(arrivals.ratio, 0);
});

Deno.test("ArrivalDispersion goes by the last minute", () => {
  const early = ratioOf(1000, 100, (bin) => bin < 400 ? bin % 10 : 0)!;
  assert(early < 0.1, `${early}`);
});
