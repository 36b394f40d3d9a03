import { assertEquals } from "@std/assert";
import { parseServer, type Server } from "../../lib/balancing/list/server.ts";
import { POLICIES } from "../../lib/balancing/policies.ts";
import type { Policy } from "../../lib/balancing/policies/policy.ts";
import { ChoosingPool } from "../support/choosing_pool.ts";
import { failed, passed } from "../support/servers.ts";

const servers = ["a:1", "b:1", "c:1", "d:1", "e:1"].map(parseServer);

/** Available servers by how long their transfer took; -1 for one that is out, NaN for untested. */
function poolOf(policy: Policy, ...elapsedMs: readonly number[]): ChoosingPool {
  const pool = new ChoosingPool(servers.slice(0, elapsedMs.length), policy);
  elapsedMs.forEach((ms, i) => {
    if (!Number.isNaN(ms)) pool.record(servers[i]!, ms < 0 ? failed("x") : passed(ms), 0);
  });
  pool.endRound(0);
  return pool;
}

Deno.test("Pool.ranking has the available, slowest first, equal ones as they are listed", () => {
  const cases: [elapsedMs: number[], ranking: string][] = [
    [[], ""],
    [[NaN, -1], ""],
    [[1, 2, 3], "c b a"],
    [[2, 2, 3, 2], "c a b d"],
    [[-1, 5, NaN, 9, 5], "d b e"],
  ];
  for (const [elapsedMs, ranking] of cases) {
    const ranked = poolOf(POLICIES.rank(), ...elapsedMs).ranking;
    assertEquals(ranked.map(({ server }) => server.hostname).join(" "), ranking);
  }
});

Deno.test("Pool.ranking says what each gets, 0 where that is nothing", () => {
  const [a, b, c] = servers as [Server, Server, Server];
  const policy: Policy = {
    update: () => {},
    pick: () => undefined,
    shares: () => new Map([[a.id, 0.75], [c.id, 0.25]]),
    likely: () => new Map(),
    part: () => policy,
  };
  assertEquals(poolOf(policy, 1, 2, -1).ranking, [
    { server: b, sample: { bytes: 1024, elapsedMs: 2, at: 0 }, share: 0 },
    { server: a, sample: { bytes: 1024, elapsedMs: 1, at: 0 }, share: 0.75 },
  ]);
});
