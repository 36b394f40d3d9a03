import type { Server } from "./list/server.ts";
import type { Member } from "./pool.ts";
import { throughputOf, type TransferSample } from "./sample.ts";

/** An available server and what it gets. */
export interface RankedServer {
  /** The server, as the pool was given it. */
  readonly server: Server;
  /** Its latest sample of a round that has ended. */
  readonly sample: TransferSample;
  /** The fraction of all requests; those of one ranking sum to 1. */
  readonly share: number;
}

/** The available servers among these, slowest first, equal ones in the order they came in. */
export function rankingOf(
  members: readonly Member[],
  shares: ReadonlyMap<Server, number>,
): RankedServer[] {
  const ranking = members.flatMap(({ server, state }) =>
    state.kind === "available"
      ? [{ server, sample: state.sample, share: shares.get(server) ?? 0 }]
      : []
  );
  return ranking.sort((a, b) => throughputOf(a.sample) - throughputOf(b.sample));
}
