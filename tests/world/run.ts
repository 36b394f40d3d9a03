// Thirty servers in ten countries and clients of many: where a balancer that knows countries sends
// them, before and after all servers of a country have died, and whether what it says of that is so.
//
//   deno task world [--geoip=FILE] [--clients=100] [--dies=de] [--picks=10000] [--seed=1]
//
// Without a database it knows a network or two of each country. One of all addresses, for nothing:
//
//   npm pack @ip-location-db/geo-whois-asn-country-mmdb

import { runCommand } from "../../lib/cli/arguments.ts";
import { choice, count, option, optional, text } from "../../lib/cli/option.ts";
import { print } from "../../lib/log/console.ts";
import { seededRandom } from "../support/random.ts";
import { markdownTable } from "../support/table.ts";
import { type AddressSpace, drawAddresses, smallSpace, spaceOf } from "./addresses.ts";
import { NEARNESSES, OTHER_COUNTRIES, type Placement, SERVER_COUNTRIES, World } from "./world.ts";

/** Of the documentation's network (RFC 5737), which is in no country. */
const UNKNOWN_CLIENT = "192.0.2.1";

/** The policies whose picks are random. */
const RANDOM_POLICIES = ["rank", "speed"] as const;

/** What a normal distribution exceeds once in 10,000 times. */
const RARE = 3.719;

await runCommand({
  name: "world",
  permissions: "-A",
  synopsis: "[OPTIONS]",
  summary:
    "Sends clients of fourteen countries to thirty servers in ten, and shows how near these " +
    "are, before and after all servers of a country die. Compares what /why says with real picks.",
  operands: {},
  options: {
    geoip: optional(text("FILE"), "a database of countries, for clients anywhere"),
    clients: option(count(1, 10_000), "100", "of each country"),
    dies: option(choice(SERVER_COUNTRIES), "de", "the country whose servers die"),
    picks: option(
      count(1000, 1_000_000),
      "10000",
      "real picks for each client that /why is asked of",
    ),
    seed: option(count(0, 2 ** 30), "1", "that of the addresses"),
  },
  notes: "",
}, async ({ geoip, clients, dies, picks, seed }) => {
  const space = geoip === undefined ? smallSpace() : await spaceOf(geoip);
  const countries = [...SERVER_COUNTRIES, ...OTHER_COUNTRIES];
  const addresses = drawAddresses(space, countries, clients, seededRandom(seed));
  const all = [...addresses.values()].flat();
  print(`${all.length} clients, ${all.filter((it) => it.includes(":")).length} of them of IPv6\n`);
  const isNear = await compareDeath(space, addresses, dies);
  const asked = [addresses.get("de")![0]!, addresses.get("se")![0]!, UNKNOWN_CLIENT];
  const areRight = await compareWhy(space, asked, picks);
  return isNear && areRight ? 0 : 1;
});

/** Prints where clients are sent; returns whether each is sent to the nearest living servers. */
async function compareDeath(
  space: AddressSpace,
  addresses: ReadonlyMap<string, readonly string[]>,
  dies: string,
): Promise<boolean> {
  await using world = await World.start(space, ["--interval=1s"]);
  const before = await world.place(addresses);
  const dead = await world.kill(dies);
  const killedAt = performance.now();
  await world.untilLeft(dead);
  const seconds = ((performance.now() - killedAt) / 1000).toFixed(1);
  const after = await world.place(addresses);
  const cells = (placement: Placement) =>
    NEARNESSES.map((it) => {
      const sum = NEARNESSES.reduce((sum, it) => sum + placement[it], 0);
      return `${(100 * placement[it] / sum).toFixed(0)} %`;
    });
  print(markdownTable(
    ["clients of", ...NEARNESSES, ...NEARNESSES.map((it) => `${it}, without ${dies}`)],
    [...before.keys()].map((it) => [it, ...cells(before.get(it)!), ...cells(after.get(it)!)]),
  ));
  print(`\nThe servers of ${dies} got no more clients ${seconds} s after they had died.\n`);
  const misplaced = [...before.values(), ...after.values()]
    .reduce((sum, placement) => sum + placement.misplaced, 0);
  print(`${misplaced} clients were sent further than to the nearest living servers.\n`);
  return misplaced === 0;
}

/** Prints how well picks fit to what /why says of them; returns whether they do. */
async function compareWhy(
  space: AddressSpace,
  clients: readonly string[],
  picks: number,
): Promise<boolean> {
  const rows: string[][] = [];
  let isGood = true;
  for (const policy of RANDOM_POLICIES) {
    // One round, so that the shares stay.
    await using world = await World.start(space, ["--interval=1h", `--policy=${policy}`]);
    for (const client of clients) {
      const { tier, servers } = await world.why(client);
      const likely = servers.filter(({ probability }) => probability > 0);
      const found = await world.redirect(Array(picks).fill(client));
      const names = new Set(likely.map(({ name }) => name));
      const unlikely = found.filter((server) => !names.has(server)).length;
      const chiSquare = likely.reduce((sum, { name, probability }) => {
        const expected = picks * probability;
        return sum + (found.filter((server) => server === name).length - expected) ** 2 / expected;
      }, 0);
      const limit = chiSquareLimit(likely.length - 1);
      isGood &&= unlikely === 0 && chiSquare < limit;
      rows.push([policy, client, `${tier}`, `${likely.length}`, `${unlikely}`]
        .concat([chiSquare, limit].map((it) => it.toFixed(1))));
    }
  }
  print(markdownTable(
    ["policy", "client", "tier", "servers", "picks of others", "chi-square", "limit"],
    rows,
  ));
  return isGood;
}

/** What chi-square exceeds once in 10,000 times (Wilson and Hilferty). */
function chiSquareLimit(freedom: number): number {
  const part = 2 / (9 * freedom);
  return freedom * (1 - part + RARE * Math.sqrt(part)) ** 3;
}
