import { assert, assertEquals } from "@std/assert";
import { seededRandom } from "../support/random.ts";
import { drawAddresses, smallSpace } from "../world/addresses.ts";
import { NEARNESSES, OTHER_COUNTRIES, SERVER_COUNTRIES, World } from "../world/world.ts";

const CLIENTS = 4;

const space = smallSpace();
const addresses = drawAddresses(
  space,
  [...SERVER_COUNTRIES, ...OTHER_COUNTRIES],
  CLIENTS,
  seededRandom(1),
);

/** How near all clients of each country were sent; undefined if not all were sent equally near. */
async function nearnesses(world: World): Promise<Record<string, string | undefined>> {
  const found = [...await world.place(addresses)].map(([country, placement]) => [
    country,
    NEARNESSES.find((it) => placement[it] === CLIENTS),
  ]);
  return Object.fromEntries(found);
}

Deno.test("balancer sends clients of fourteen countries to the nearest of ten, and of nine", async () => {
  await using world = await World.start(space, ["--interval=1s"]);
  const own = Object.fromEntries(SERVER_COUNTRIES.map((country) => [country, "country"]));
  const others = { es: "continent", se: "continent", kr: "continent", za: "elsewhere" };
  assertEquals(await nearnesses(world), { ...own, ...others });

  await world.untilLeft(await world.kill("de"));
  assertEquals(await nearnesses(world), { ...own, ...others, de: "continent" });
  await world.untilLeft(await world.kill("br"));
  assertEquals(await nearnesses(world), {
    ...{ ...own, ...others, de: "continent" },
    br: "elsewhere",
  });
});

Deno.test("balancer picks no server that it says a client of a country would not get", async () => {
  await using world = await World.start(space, ["--interval=1h"]);
  for (const [country, servers] of [["de", 3], ["se", 12], ["za", 30]] as const) {
    for (const client of addresses.get(country)!) {
      const why = await world.why(client);
      const likely = why.servers.filter(({ probability }) => probability > 0);
      assertEquals(likely.length, servers);
      assertEquals(likely.every(({ reason }) => reason === null), true);
      const others = why.servers.filter((server) => !likely.includes(server));
      assert(others.every(({ reason }) => reason === "other-tier"));
      const names = likely.map(({ name }) => name);
      const picked = await world.redirect(Array(100).fill(client));
      assertEquals(picked.filter((name) => !names.includes(name)), []);
    }
  }
});
