import type { Compared } from "./comparison.ts";
import { type Decision, decisionOn, DECISIONS } from "./decision.ts";
import { type Difference, differences, differencesFrom } from "./difference.ts";
import type { FileServerName } from "./file_server.ts";

/** Lines that say how many of each group are answered as by whom; the last is for all. */
export function likenessTable(all: readonly Compared[]): string[] {
  const groups = [...new Set(all.map(({ request }) => request.group))];
  const line = (name: string, cells: readonly (string | number)[]) =>
    name.padEnd(14) + cells.map((cell) => `${cell}`.padStart(15)).join("");
  const titles = peersOf(all).length === 2
    ? ["requests", "as both", "as nginx only", "as Caddy only", "as neither"]
    : ["requests", `as ${peersOf(all)}`, "otherwise"];
  return [
    line("", titles),
    ...groups.map((group) => line(group, counts(all.filter((it) => it.request.group === group)))),
    line("all", counts(all)),
  ];
}

/** How many there are, and how many are the same as all peers, as one only, as none. */
function counts(all: readonly Compared[]): number[] {
  const peers = peersOf(all);
  const likeness = all.map((compared) =>
    peers.map((peer) => differences(peer, compared).length === 0).join()
  );
  const kinds = peers.length === 2
    ? ["true,true", "true,false", "false,true", "false,false"]
    : ["true", "false"];
  return [all.length, ...kinds.map((kind) => likeness.filter((it) => it === kind).length)];
}

/** Lines with each decision and for how many requests it was needed; the most frequent first. */
export function decisionTable(all: readonly Compared[]): string[] {
  const line = (cells: readonly (string | number)[], text: string) =>
    `${cells.map((cell) => `${cell}`.padStart(5)).join("  ")}  ${text}`;
  const peers = peersOf(all);
  const uses = [...usesOf(all)].sort(([, one], [, other]) => other.length - one.length);
  const rows = uses.map(([{ section, reason }, uses]) => {
    const cells = peers.map((peer) => uses.filter((it) => it.peer === peer).length);
    return line(cells, `${reason} (${section})`);
  });
  return [line(peers, "why we differ"), ...rows];
}

/** Differences that nobody has decided on. */
export function accidents(all: readonly Compared[]): string[] {
  return allDifferences(all).filter((it) => decisionOn(it) === undefined)
    .map(({ peer, group, story, what }) => `${peer}, ${group}, ${story}: ${what}`);
}

/** Decisions on what does not differ, or not any more. */
export function idleDecisions(all: readonly Compared[]): string[] {
  const uses = usesOf(all);
  const isUsed = (decision: Decision, peer: FileServerName) =>
    uses.get(decision)?.some((it) => it.peer === peer) ?? false;
  return DECISIONS.flatMap((decision) =>
    decision.from.filter((peer) => peersOf(all).includes(peer) && !isUsed(decision, peer))
      .map((peer) => `${peer}: ${decision.reason}`)
  );
}

function usesOf(all: readonly Compared[]): Map<Decision, Difference[]> {
  const uses = new Map<Decision, Difference[]>();
  for (const difference of allDifferences(all)) {
    const decision = decisionOn(difference);
    if (decision !== undefined) uses.set(decision, [...(uses.get(decision) ?? []), difference]);
  }
  return uses;
}

function allDifferences(all: readonly Compared[]): Difference[] {
  return peersOf(all).flatMap((peer) => differencesFrom(peer, all));
}

function peersOf(all: readonly Compared[]): FileServerName[] {
  return [...all[0]?.answers.keys() ?? []].filter((name) => name !== "ours");
}
