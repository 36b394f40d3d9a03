import type { AttemptLog } from "./attempts.ts";
import type { TargetUri } from "./requests/target_uri.ts";

/** A URI, and how many tries began there. */
interface Source {
  readonly uri: TargetUri;
  tries: number;
}

/**
 * Where the tries of one download begin: the URI as typed, or all that a Metalink document names for
 * its file. Pure: the time is an argument.
 */
export class Sources {
  #list: readonly Source[];

  /** `uris` has one at least; the first is the best. */
  constructor(uris: readonly TargetUri[]) {
    this.#list = uris.map((uri) => ({ uri, tries: 0 }));
  }

  /** Those that may still bring something, the best first. */
  get all(): readonly TargetUri[] {
    return this.#list.map(({ uri }) => uri);
  }

  /** Whether a try may begin anywhere but at that server. */
  hasOther(server: string): boolean {
    return this.#list.some(({ uri }) => uri.server !== server);
  }

  /**
   * Where the next try is to begin: at a server that does not ask to be left alone, has failed least
   * and is asked least.
   *
   * @param busy the servers that are asked at present
   */
  next(attempts: AttemptLog, monotonicMs: number, busy?: ReadonlySet<string>): TargetUri {
    const cost = ({ uri: { server }, tries }: Source) => [
      attempts.restMs(server, monotonicMs),
      attempts.failuresOf(server),
      Number(!attempts.allowsRange(server)),
      Number(busy?.has(server) ?? false),
      tries,
    ];
    const costs = new Map(this.#list.map((it) => [it, cost(it)]));
    const [best] = this.#list.toSorted((a, b) => compare(costs.get(a)!, costs.get(b)!));
    best!.tries++;
    return best!.uri;
  }

  /**
   * No try is to begin there any more, if another source is left.
   *
   * @returns whether one is
   */
  drop(uri: TargetUri): boolean {
    const rest = this.#list.filter((it) => it.uri !== uri);
    if (rest.length > 0) this.#list = rest;
    return rest.length > 0;
  }
}

/** By the first numbers that differ. */
function compare(a: readonly number[], b: readonly number[]): number {
  return a.map((it, i) => it - b[i]!).find((difference) => difference !== 0) ?? 0;
}
