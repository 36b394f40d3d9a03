import type { Chooser } from "./chooser.ts";
import type { Farm, Resident } from "./farm.ts";
import { throughputOf } from "./policies/throughput.ts";
import type { FarmStatus, ServerStatus } from "./status.ts";
import type { Tally } from "./tally.ts";

/** Seconds of which the clients are remembered. */
const MOST_SECONDS = 300;

/** What does not change while the balancer runs. */
export type Facts = Pick<
  FarmStatus,
  "version" | "startedAt" | "policy" | "intervalMs" | "workers"
>;

/** Looks at a farm, and says how it stands. */
export class Overview {
  readonly #farm: Farm;
  readonly #chooser: Chooser;
  readonly #tally: Tally;
  readonly #facts: Facts;
  #perSecond: readonly number[] = [];
  #clients = 0;
  /** When the next round begins, in ms since the epoch; undefined while that is not settled. */
  nextAt: number | undefined;
  /** Whether nobody is taken any more. */
  isStopping = false;

  /** Has seen no client yet. @param chooser knows the shares */
  constructor(farm: Farm, chooser: Chooser, tally: Tally, facts: Facts) {
    this.#farm = farm;
    this.#chooser = chooser;
    this.#tally = tally;
    this.#facts = facts;
  }

  /** Counts the clients of one more second; to be called once a second. */
  tick(): void {
    const clients = this.#tally.redirects + this.#tally.unavailable;
    this.#perSecond = [...this.#perSecond.slice(1 - MOST_SECONDS), clients - this.#clients];
    this.#clients = clients;
  }

  /** How all of it stands. @param at now, in ms since the epoch */
  status(at: number): FarmStatus {
    const { shares } = this.#chooser;
    return {
      ...this.#facts,
      at,
      isStopping: this.isStopping,
      rounds: { ...this.#farm.rounds, nextAt: this.nextAt },
      redirects: this.#tally.redirects,
      unavailable: this.#tally.unavailable,
      perSecond: this.#perSecond,
      servers: this.#farm.residents.map((resident) => {
        return this.#statusOf(resident, shares.get(resident.server) ?? 0);
      }),
    };
  }

  #statusOf({ server, state, climb, history }: Resident, share: number): ServerStatus {
    const { authority: name, publicUrl, foundBy, weight, priority, isDrained } = server;
    const isAvailable = state.kind === "available";
    return {
      ...{ name, publicUrl, foundBy, weight, priority, isDrained, climb, share },
      state: state.kind,
      reason: state.kind === "out" ? state.reason : history.lastFailure,
      since: state.kind === "untested" ? history.since : state.since,
      throughput: isAvailable ? throughputOf(state.sample) * 1000 : undefined,
      transfers: history.transfers,
      redirects: this.#tally.redirectsTo(name),
    };
  }
}
