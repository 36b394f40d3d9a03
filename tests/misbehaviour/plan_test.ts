import { assert, assertEquals } from "@std/assert";
import { FAULT_NAMES, needsDigest, UPRIGHT_NAMES } from "./behaviours.ts";
import { exitStatusesFor, isServable } from "./plan.ts";
import { planOf } from "./season.ts";
import { numbersFrom } from "./together.ts";

const PLANS = numbersFrom(1, 2000).map(planOf);

Deno.test("a farm is drawn the same for the same seed", () => {
  for (const seed of numbersFrom(1, 100)) assertEquals(planOf(seed), planOf(seed));
});

Deno.test("every behaviour is drawn, and one farm of five has no server that is right", () => {
  const drawn = new Set(PLANS.flatMap(({ servers }) => servers.map((it) => it.behaviour)));
  assertEquals([...drawn].toSorted(), [...FAULT_NAMES, ...UPRIGHT_NAMES].toSorted());
  assertEquals(PLANS.filter((plan) => !isServable(plan)).length, 400);
});

Deno.test("a farm without a server that is right cannot serve the last octet by parts", () => {
  for (const { servers, length } of PLANS.filter((plan) => !isServable(plan))) {
    assert(length >= 2);
    for (const { brink } of servers) assert(brink < length);
  }
});

Deno.test("a client is told the digest where nothing else tells it who is right", () => {
  for (const { servers, isDigestGiven } of PLANS) {
    if (servers.some(({ behaviour }) => needsDigest(behaviour))) assert(isDigestGiven);
  }
});

Deno.test("a download may end with 0 alone where a server is right", () => {
  for (const plan of PLANS.filter(isServable)) assertEquals([...exitStatusesFor(plan)], [0]);
});

Deno.test("an eighth of the clients have a proxy that ends connections", () => {
  const drawn = PLANS.filter(({ proxy }) => proxy === "cuts").length;
  assert(drawn > 200 && drawn < 300, String(drawn));
});

Deno.test("half of the clients ask for several parts at once", () => {
  const drawn = PLANS.filter(({ segments }) => segments > 1).length;
  assert(drawn > 900 && drawn < 1100, String(drawn));
});
