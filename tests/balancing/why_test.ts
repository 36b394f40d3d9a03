import { assert, assertEquals } from "@std/assert";
import { Chooser } from "../../lib/balancing/chooser.ts";
import { FileCatalog } from "../../lib/balancing/file_checks/file_catalog.ts";
import { FileRouter } from "../../lib/balancing/file_checks/file_router.ts";
import type { FileAnswer } from "../../lib/balancing/file_checks/file_version.ts";
import { parseServer, type Server } from "../../lib/balancing/list/server.ts";
import { POLICIES, type PolicyName } from "../../lib/balancing/policies.ts";
import { Pool } from "../../lib/balancing/pool.ts";
import type { Place } from "../../lib/balancing/location/location.ts";
import type { Places } from "../../lib/balancing/tiers.ts";
import { explain } from "../../lib/balancing/why.ts";
import { asking } from "../support/candidates.ts";
import { seededRandom } from "../support/random.ts";
import { failed, passed } from "../support/servers.ts";

const HAS: FileAnswer = { kind: "has", version: { bytes: 5 } };
const OTHER: FileAnswer = { kind: "has", version: { bytes: 6 } };
const LACKS: FileAnswer = { kind: "lacks" };

/** Servers whose names begin with `z` are in the zone `near`, and so are all clients but one. */
const NEAR: Place = { zone: "near" };
const PLACES: Places = {
  revision: 0,
  placeOf: (client) => client === "10.0.0.1" ? {} : NEAR,
  placeOfServer: ({ hostname }) => ({ zones: hostname.startsWith("z") ? ["near"] : [] }),
};

class Trial {
  readonly servers: readonly Server[];
  readonly chooser: Chooser;
  readonly pool: Pool;
  readonly catalog = new FileCatalog({ expiryMs: 600_000, random: seededRandom(1) });
  readonly files: FileRouter;

  constructor(entries: readonly string[], policy: PolicyName = "rank") {
    this.chooser = new Chooser(POLICIES[policy](), undefined, {
      places: PLACES,
      least: 1,
      onPick: () => {},
    });
    this.pool = new Pool(this.chooser, { thresholds: { fall: 1, rise: 1 } });
    this.pool.replace(entries.map(parseServer), 0);
    this.servers = this.pool.servers;
    this.servers.forEach((server, i) => {
      const isOut = server.hostname.includes("out");
      this.pool.record(server, isOut ? failed("it is away", 1_000) : passed(10 + i), 0);
    });
    this.pool.endRound(0);
    this.catalog.setServers(this.servers.map(({ id }) => id));
    this.files = new FileRouter({
      chooser: this.chooser,
      catalog: this.catalog,
      demand: { want: () => {}, find: () => Promise.resolve(), isAwaited: () => false },
      mode: "after",
      timeoutMs: 1000,
      epochMs: () => 0,
    });
  }

  learn(answers: Readonly<Record<string, FileAnswer>>): void {
    for (const server of this.servers) {
      const answer = answers[server.hostname];
      if (answer !== undefined) this.catalog.learn("/f", server.id, answer, 0);
    }
  }

  why(client: string, target = "/f") {
    return explain(client, target, this);
  }

  /** `name reason` or `name probability`. */
  verdicts(client: string): string[] {
    return this.why(client).servers.map(({ name, probability, reason }) =>
      `${name.split(":")[0]} ${reason ?? probability.toFixed(2)}`
    );
  }
}

const ENTRIES = ["z1:1", "z2:1", "zout:1", "zdrained:1 drain", "far:1", "backup:1 backup"];

Deno.test("explain() says of each server how likely it is chosen, or why not", () => {
  const trial = new Trial(ENTRIES);
  const rest = ["zout out", "zdrained drained"];
  assertEquals(trial.verdicts("192.0.2.1"), [
    ...["z1 0.67", "z2 0.33", ...rest, "far other-tier", "backup other-tier"],
  ]);
  assertEquals(trial.verdicts("10.0.0.1"), [
    ...["z1 0.50", "z2 0.33", ...rest, "far 0.17", "backup backup"],
  ]);
  trial.learn({ z1: HAS, z2: LACKS, far: HAS });
  assertEquals(trial.verdicts("192.0.2.1"), [
    ...["z1 1.00", "z2 lacks-file", ...rest, "far other-tier", "backup other-tier"],
  ]);
  trial.learn({ z1: OTHER, backup: HAS });
  assertEquals(trial.verdicts("192.0.2.1"), [
    ...["z1 other-version", "z2 lacks-file", ...rest, "far 1.00", "backup backup"],
  ]);
  assertEquals(trial.why("192.0.2.1").tier, "all");
});

Deno.test("explain() tells place, tiers and since when a server is out", () => {
  const { place, tiers, tier, answer, servers } = new Trial(ENTRIES).why("192.0.2.1");
  assertEquals([place, tier, answer], [{ zone: "near" }, "zone", "redirect"]);
  assertEquals(tiers, [
    { name: "zone", servers: ["z1:1", "z2:1"] },
    { name: "all", servers: ["z1:1", "z2:1", "far:1"] },
  ]);
  const { failure, since } = servers[2]!;
  assertEquals([failure, since], ["it is away", "1970-01-01T00:00:01.000Z"]);
});

Deno.test("explain() tells a 404 of all servers from no server", () => {
  const trial = new Trial(["a:1", "b:1"]);
  trial.learn({ a: LACKS, b: LACKS });
  const { answer, servers } = trial.why("10.0.0.1");
  assertEquals([answer, servers.map(({ reason }) => reason)], ["missing", [
    "lacks-file",
    "lacks-file",
  ]]);
  assertEquals(new Trial(["out1:1"]).why("10.0.0.1").answer, "unavailable");
  assertEquals(trial.why("10.0.0.1", "/other").answer, "redirect");
});

for (const policy of ["rank", "speed", "client", "path"] as const) {
  Deno.test(`explain() agrees with 10,000 picks of ${policy}`, () => {
    const trial = new Trial([...ENTRIES, "z3:1", "z4:1", "far2:1"], policy);
    trial.learn({ z1: HAS, z3: HAS, z4: HAS, far: HAS, far2: LACKS, z2: OTHER });
    for (const client of ["192.0.2.1", "10.0.0.1"]) {
      const counts = new Map<string, number>();
      const random = seededRandom(9);
      for (let i = 0; i < 10_000; i++) {
        const request = asking({ client, target: "/f", random: random() });
        const picked = trial.files.pick(request, trial.files.rowOf("/f")) as Server;
        counts.set(picked.authority, (counts.get(picked.authority) ?? 0) + 1);
      }
      let chiSquare = 0;
      for (const { name, probability } of trial.why(client).servers) {
        const [expected, found] = [10_000 * probability, counts.get(name) ?? 0];
        if (expected === 0) assertEquals(found, 0, name);
        else chiSquare += (found - expected) ** 2 / expected;
      }
      assert(chiSquare < 22, `${chiSquare}`); // 3 degrees of freedom: 0.01 %.
    }
  });
}
