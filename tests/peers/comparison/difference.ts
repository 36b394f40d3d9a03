import type { Compared } from "./comparison.ts";
import type { FileServerName } from "./file_server.ts";

/** Where ours answers otherwise than another server. */
export interface Difference {
  readonly peer: FileServerName;
  /** The group of its request. */
  readonly group: string;
  /** Of its request. */
  readonly story: string;
  /** `status: 404, not 200`: ours, and theirs. */
  readonly what: string;
}

/** Where these differ, all that differs because of it is no difference by itself. */
const DECISIVE = ["status", "Content-Encoding", "content"];

/** All differences from one server, in the order of the requests. */
export function differencesFrom(peer: FileServerName, all: readonly Compared[]): Difference[] {
  return all.flatMap((compared) => differences(peer, compared));
}

/** The differences between the answers to one request. */
export function differences(peer: FileServerName, { request, answers }: Compared): Difference[] {
  const ours = answers.get("ours")!;
  const theirs = answers.get(peer)!;
  const found: Difference[] = [];
  for (const name of new Set([...ours.keys(), ...theirs.keys()])) {
    const [our, their] = [ours.get(name) ?? "none", theirs.get(name) ?? "none"];
    if (our === their) continue;
    const { group, story } = request;
    found.push({ peer, group, story, what: `${name}: ${our}, not ${their}` });
    if (DECISIVE.includes(name)) break;
  }
  return found;
}
