import type { Chooser } from "./chooser.ts";
import type { Farm, Resident } from "./farm.ts";
import { throughputOf } from "./policies/throughput.ts";
import type { FarmStatus, ServerStatus } from "./status.ts";
import type { RequestCounters } from "./tally.ts";

/** Seconds of which the clients are remembered. */
const MOST_SECONDS = 300;

/** What does not change while the balancer runs. */
export type StatusConstants = Pick<
  FarmStatus,
  "version" | "startedAt" | "policy" | "intervalMs" | "workers"
>;

/** What an overview looks at. */
export interface StatusSources {
  /** The servers, and the rounds that have been. */
  readonly farm: Farm;
  /** Knows the shares. */
  readonly chooser: Chooser;
  /** Knows who was sent where. */
  readonly counters: RequestCounters;
  /** Where clients come to. */
  readonly front: { readonly isListening: boolean };
  /** When the next round begins, in ms since the epoch; undefined before that is settled. */
  readonly nextAt: () => number | undefined;
  /** Has fired when nobody is taken any more. */
  readonly stop: AbortSignal;
}

/** Looks at a farm, and says how it stands. */
export class StatusCollector {
  readonly #scene: StatusSources;
  readonly #facts: StatusConstants;
  #perSecond: readonly number[] = [];
  #clients = 0;

  /** Has seen no client yet. */
  constructor(scene: StatusSources, facts: StatusConstants) {
    this.#scene = scene;
    this.#facts = facts;
  }

  /** Counts the clients of one more second; to be called once a second. */
  tick(): void {
    const { redirects, unavailable } = this.#scene.counters;
    const clients = redirects + unavailable;
    this.#perSecond = [...this.#perSecond.slice(1 - MOST_SECONDS), clients - this.#clients];
    this.#clients = clients;
  }

  /** How all of it stands. @param at now, in ms since the epoch */
  status(at: number): FarmStatus {
    const { farm, chooser, counters, front, nextAt, stop } = this.#scene;
    const { shares } = chooser;
    return {
      ...this.#facts,
      at,
      isListening: front.isListening,
      isStopping: stop.aborted,
      rounds: { ...farm.rounds, nextAt: farm.isTestable ? nextAt() : undefined },
      redirects: counters.redirects,
      unavailable: counters.unavailable,
      perSecond: this.#perSecond,
      servers: farm.residents.map((resident) => {
        return this.#statusOf(resident, shares.get(resident.server) ?? 0);
      }),
    };
  }

  #statusOf({ server, state, slowStart, history }: Resident, share: number): ServerStatus {
    const { authority: name, publicUrl, foundBy, weight, priority, isDrained } = server;
    const isAvailable = state.kind === "available";
    return {
      ...{ name, publicUrl, foundBy, weight, priority, isDrained, climb: slowStart, share },
      state: state.kind,
      reason: state.kind === "out" ? state.reason : history.lastFailure,
      since: state.kind === "untested" ? history.since : state.since,
      throughput: isAvailable ? throughputOf(state.sample) * 1000 : undefined,
      isPartial: isAvailable && state.sample.isPartial === true,
      transfers: history.transfers,
      redirects: this.#scene.counters.redirectsTo(name),
    };
  }
}
