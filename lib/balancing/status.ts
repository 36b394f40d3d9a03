/**
 * How the farm stands, as it is shown to those who run it. Times are in ms, moments in ms since the
 * epoch.
 *
 * @module
 */

import type { Chooser } from "./chooser.ts";
import type { Farm, Resident } from "./farm.ts";
import type { RequestCounters } from "./request_counters.ts";
import { throughputOf, type TransferStatus } from "./sample.ts";

/** How one server stands. */
export interface ServerStatus {
  /** Host and port where it is tested: its name in logs. */
  readonly name: string;
  /** What clients are sent to. */
  readonly publicUrl: string;
  /** The entry of the list by which it was found in DNS; undefined when it is listed itself. */
  readonly foundBy: string | undefined;
  /** `untested` is neither good nor bad: nobody knows yet. */
  readonly state: "untested" | "available" | "out";
  /** Why it is out, or what its last test failed for though it is not out yet; else undefined. */
  readonly reason: string | undefined;
  /** Since when it has been in that state. */
  readonly since: number;
  /** The fraction of all requests that is meant for it; 0 where it gets none. */
  readonly share: number;
  /** Bytes per second of its latest transfer that counts; undefined before the first. */
  readonly throughput: number | undefined;
  /** Whether the time for that transfer was over before its content was whole. */
  readonly isPartial: boolean;
  /** The latest tests, the oldest first, at most 60. */
  readonly transfers: readonly TransferStatus[];
  /** Clients that were sent there since the balancer began. */
  readonly redirects: number;
  /** What the list says of it. */
  readonly weight: number;
  /** Servers of a number above the lowest that is available get nobody: they are backups. */
  readonly priority: number;
  /** Whether it gets no new clients, though it is tested. */
  readonly isDrained: boolean;
  /** How far it has come back after it was out, from 0 to 1. */
  readonly climb: number;
}

/** How the rounds of tests go. */
export interface RoundStatus {
  /** Those that have ended. */
  readonly count: number;
  /** Whether one is under way. */
  readonly isUnderWay: boolean;
  /** When the last one ended; undefined before the first has. */
  readonly endedAt: number | undefined;
  /** How long the last one took; undefined before the first has ended. */
  readonly elapsedMs: number | undefined;
  /** When the next one begins; undefined when that is not settled, or none will. */
  readonly nextAt: number | undefined;
}

/** How all of it stands. */
export interface FarmStatus {
  /** That of the program. */
  readonly version: string;
  /** When the balancer began. */
  readonly startedAt: number;
  /** When this was true. */
  readonly at: number;
  /** The name of the policy. */
  readonly policy: string;
  /** Time between rounds. */
  readonly intervalMs: number;
  /** Processes that redirect. */
  readonly workers: number;
  /** Whether somebody listens for clients: this process, or a worker of it. */
  readonly isListening: boolean;
  /** Whether it finishes what is under way and takes nobody any more. */
  readonly isStopping: boolean;
  /** How the rounds go. */
  readonly rounds: RoundStatus;
  /** Clients that were redirected. */
  readonly redirects: number;
  /** Clients that were told that no server is available. */
  readonly unavailable: number;
  /** Clients in each of the last seconds, the latest last; at most 300. */
  readonly perSecond: readonly number[];
  /** All servers, in the order of the list. */
  readonly servers: readonly ServerStatus[];
}

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
