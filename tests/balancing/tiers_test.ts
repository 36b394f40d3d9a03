import { assert, assertEquals } from "@std/assert";
import { Chooser } from "../../lib/balancing/chooser.ts";
import { parseServer, type Server } from "../../lib/balancing/list/server.ts";
import { POLICIES, POLICY_NAMES, type PolicyName } from "../../lib/balancing/policies.ts";
import type { Continent } from "../../lib/balancing/list/place.ts";
import type { Place, ServerPlace } from "../../lib/balancing/location/location.ts";
import type { Places, TierName } from "../../lib/balancing/tiers.ts";
import { asking, candidatesOf } from "../support/candidates.ts";
import { seededRandom } from "../support/random.ts";

/** Places by the labels of a name: `campus.de.eu.n1` is in a zone, a country and a continent. */
class NamedPlaces implements Places {
  revision = 0;
  readonly #places = new Map<string, Place>();

  placeOf(client: string): Place {
    const known = this.#places.get(client);
    if (known !== undefined) return known;
    const { zones: [zone], ...place } = labelsOf(client);
    const found = { ...place, ...(zone !== undefined && { zone }) };
    this.#places.set(client, found);
    return found;
  }

  placeOfServer({ hostname }: Server): ServerPlace {
    return labelsOf(hostname);
  }
}

function labelsOf(name: string): ServerPlace {
  const [zone, country, continent] = name.split(".").map((it) => it === "x" ? undefined : it);
  return {
    zones: zone === undefined ? [] : [zone],
    ...(country !== undefined && { country }),
    ...(continent !== undefined && { continent: continent as Continent }),
  };
}

const NAMES = [
  "campus.de.eu.n1:80",
  "campus.de.eu.n2:80",
  "x.de.eu.n3:80",
  "x.fr.eu.n4:80",
  "x.us.na.n5:80",
  "x.x.x.n6:80",
];

class Trial {
  readonly picks: TierName[] = [];
  readonly chooser: Chooser;
  readonly servers: readonly Server[];

  constructor(policy: PolicyName = "rank", least = 1, names: readonly string[] = NAMES) {
    this.servers = names.map((name) => parseServer(name));
    this.chooser = new Chooser(POLICIES[policy](), undefined, {
      places: new NamedPlaces(),
      least,
      onPick: (tier) => this.picks.push(tier),
    });
    this.update();
  }

  /** The servers with these numbers are available. */
  update(...numbers: readonly number[]): void {
    const all = candidatesOf(this.servers, this.servers.map((_, i) => 10 + i));
    const eligible = all.filter((_, i) => numbers.length === 0 || numbers.includes(i + 1));
    this.chooser.update(eligible, 0);
  }

  /** The numbers of all servers that are picked for a client, and the tiers. */
  reached(client: string, isUnfit?: (server: Server) => boolean): string {
    const random = seededRandom(1);
    this.picks.length = 0;
    const numbers = new Set<string>();
    for (let i = 0; i < 400; i++) {
      const request = asking({
        client,
        random: random(),
        target: `/${i}`,
        bytes: 1e6,
        monotonicMs: i,
      });
      const server = this.chooser.pick(request, isUnfit);
      numbers.add(server === undefined ? "-" : /([0-9]+):80$/.exec(server.authority)![1]!);
    }
    return `${[...numbers].sort().join("")} ${[...new Set(this.picks)]}`;
  }
}

for (const policy of POLICY_NAMES.filter((it) => it !== "client")) {
  Deno.test(`Chooser with ${policy} picks in the nearest tier that has a server`, () => {
    const reached = (client: string, ...available: number[]) => {
      const trial = new Trial(policy);
      trial.update(...available);
      return trial.reached(client);
    };
    assertEquals(reached("campus.de.eu"), "12 zone");
    assertEquals(reached("x.de.eu"), "123 country");
    assertEquals(reached("x.pl.eu"), "1234 continent");
    assertEquals(reached("x.us.na"), "5 country");
    assertEquals(reached("x.au.oc"), "123456 all");
    assertEquals(reached("nowhere"), "123456 all");
    assertEquals(reached("campus.de.eu", 3, 4, 5, 6), "3 country");
    assertEquals(reached("campus.de.eu", 5, 6), "56 all");
  });
}

Deno.test("Chooser leaves out tiers with fewer servers than --tier-min", () => {
  const trial = new Trial("rank", 3);
  assertEquals(trial.reached("campus.de.eu"), "123 country");
  assertEquals(trial.reached("x.us.na"), "123456 all");
});

Deno.test("Chooser goes to the next tier for what no server of the nearer one may serve", () => {
  const trial = new Trial();
  const isCampus = ({ hostname }: Server) => hostname.startsWith("campus");
  assertEquals(trial.reached("campus.de.eu", isCampus), "3 country");
  const request = asking({ client: "campus.de.eu", isExcluded: isCampus });
  assertEquals(trial.chooser.pick(request)?.hostname, "x.de.eu.n3");
  assertEquals(
    trial.chooser.pick(asking({ client: "x.de.eu", isExcluded: () => true })) !== undefined,
    true,
  );
  trial.chooser.left(trial.servers[0]!.id);
  assertEquals(trial.reached("campus.de.eu"), "2 zone");
  trial.chooser.left(trial.servers[1]!.id);
  assertEquals(trial.reached("campus.de.eu"), "3 country");
});

Deno.test("Chooser keeps backups inside their tier", () => {
  const names = ["campus.x.x.n1:80 backup", "campus.x.x.n2:80", "x.x.x.n3:80"];
  const trial = new Trial("rank", 1, names);
  assertEquals(trial.reached("campus.x.x"), "2 zone");
  trial.update(1, 3);
  assertEquals(trial.reached("campus.x.x"), "1 zone");
  assertEquals(trial.reached("nowhere"), "3 all");
});

Deno.test("Chooser.byNearness() goes on with the next tiers", () => {
  const { chooser } = new Trial();
  const numbers = (client: string) =>
    chooser.byNearness(client).map(({ hostname }) => hostname.slice(-1)).join("");
  assertEquals(numbers("campus.de.eu"), "213465");
  assertEquals(numbers("nowhere"), "654321");
});

Deno.test("Chooser with expected counts a server's load once, whichever tier sent the client", () => {
  const names = ["a.x.x.n1:80", "a.x.x.n2:80", "x.x.x.n3:80"];
  const trial = new Trial("expected", 1, names);
  const pick = (client: string) =>
    trial.chooser.pick(asking({ client, bytes: 1e6, monotonicMs: 0 }))!.hostname.slice(-1);
  // Much is sent to the zone; then clients of all tiers go elsewhere.
  for (let i = 0; i < 40; i++) pick("a.x.x");
  const others = Array.from({ length: 20 }, () => pick("nowhere"));
  assertEquals(new Set(others), new Set(["3"]));
  for (let i = 0; i < 60; i++) pick("nowhere");
  assert([pick("nowhere"), pick("nowhere"), pick("nowhere")].some((it) => it !== "3"));
});

Deno.test("Chooser.explain() agrees with picks", () => {
  const trial = new Trial();
  for (const client of ["campus.de.eu", "x.de.eu", "nowhere"]) {
    const { likely, tier } = trial.chooser.explaining.pick(asking({ client }))!;
    const random = seededRandom(5);
    const counts = new Map<number, number>();
    trial.picks.length = 0;
    for (let i = 0; i < 10_000; i++) {
      const { id } = trial.chooser.pick(asking({ client, random: random() }))!;
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    assertEquals(new Set(trial.picks), new Set([tier]));
    assertEquals(new Set(counts.keys()), new Set(likely.keys()));
    let chiSquare = 0;
    for (const [id, part] of likely) {
      chiSquare += (counts.get(id)! - 10_000 * part) ** 2 / (10_000 * part);
    }
    assert(chiSquare < 25, `${chiSquare}`); // 5 degrees of freedom: 0.01 %.
  }
});
