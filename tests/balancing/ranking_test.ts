import { assertEquals } from "@std/assert";
import { parseServer } from "../../lib/balancing/list/server.ts";
import type { Member } from "../../lib/balancing/pool.ts";
import { rankingOf } from "../../lib/balancing/ranking.ts";

const servers = ["a:1", "b:1", "c:1", "d:1", "e:1"].map(parseServer);

/** Available ones by how long their transfer took; -1 for one that is out, NaN for untested. */
function membersOf(...elapsedMs: readonly number[]): Member[] {
  return elapsedMs.map((ms, i) => {
    const member = { server: servers[i]!, slowStart: 1 };
    if (Number.isNaN(ms)) return { ...member, state: { kind: "untested" } };
    if (ms < 0) return { ...member, state: { kind: "out", reason: "refused", since: 0 } };
    const sample = { bytes: 1, elapsedMs: ms, at: 0 };
    return { ...member, state: { kind: "available", sample, since: 0 } };
  });
}

Deno.test("rankingOf() ranks the available, slowest first, equal ones as they came", () => {
  const cases: [elapsedMs: number[], ranking: string][] = [
    [[], ""],
    [[NaN, -1], ""],
    [[1, 2, 3], "c b a"],
    [[2, 2, 3, 2], "c a b d"],
    [[-1, 5, NaN, 9, 5], "d b e"],
  ];
  for (const [elapsedMs, ranking] of cases) {
    const ranked = rankingOf(membersOf(...elapsedMs), new Map());
    assertEquals(ranked.map(({ server }) => server.hostname).join(" "), ranking);
  }
});

Deno.test("rankingOf() says what each gets, 0 where that is nothing", () => {
  const [a, b] = servers;
  const members = membersOf(1, 2, -1);
  const ranking = rankingOf(members, new Map([[a!, 0.75], [servers[2]!, 0.25]]));
  assertEquals(ranking, [
    { server: b!, sample: { bytes: 1, elapsedMs: 2, at: 0 }, share: 0 },
    { server: a!, sample: { bytes: 1, elapsedMs: 1, at: 0 }, share: 0.75 },
  ]);
  assertEquals(members.map(({ server }) => server), servers.slice(0, 3));
});
