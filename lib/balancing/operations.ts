/**
 * What operators do with servers while the balancer runs.
 *
 * @module
 */

import {
  type Action,
  type ActionKind,
  type Actions,
  NO_ACTIONS,
  outAction,
  readSavedActions,
  type SavedActions,
  savedActions,
  withAction,
  withoutEnded,
} from "./actions.ts";
import type { FarmLog } from "./farm_log.ts";
import type { ReportedLoad, TransferStatus } from "./health.ts";
import type { HealthChecker } from "./health_checker.ts";
import { probeKey, type Server } from "./list/server.ts";
import { serversNamed } from "./list/server_name.ts";
import type { ServerRecord } from "./member.ts";
import type { Pool } from "./pool.ts";

/** What operations work on. */
export interface OperationsOptions {
  readonly pool: Pool;
  readonly checker: Pick<HealthChecker, "request" | "newcomers">;
  readonly log: Pick<FarmLog, "server">;
  /** The time in milliseconds since the epoch. */
  readonly epochMs: () => number;
  /** The clock of `PickRequest`. */
  readonly clock: () => number;
  /** Settles after so many ms. */
  readonly wait: (ms: number) => Promise<unknown>;
  /** Calls back once a second; returns a function that ends it. */
  readonly ticker: (tick: () => void) => () => void;
  /** Receives errors of tests that nobody waits for. */
  readonly onError: (error: unknown) => void;
}

/** An action as it is wanted: from now on, and maybe for so many ms. */
export type NewAction =
  & (
    | { readonly kind: Exclude<ActionKind, "weight"> }
    | { readonly kind: "weight"; readonly weight: number }
  )
  & { readonly reason: string | null; readonly forMs: number | null };

/** What a test found that was asked for; undefined where the server could not be tested. */
export interface Tested {
  readonly record: ServerRecord;
  readonly transfer: TransferStatus | undefined;
}

/**
 * How it ended to wait for a server's transfers: they are `done`; the `time` is over; the server is
 * `silent` about them; the action was taken back (`enabled`), or the server is `unlisted`.
 */
export interface Waited {
  readonly end: "done" | "time" | "silent" | "enabled" | "unlisted";
  /** What the server said last; undefined if that is nothing. */
  readonly load: ReportedLoad | undefined;
}

/** What a process leaves to the next one. */
export interface OperationsFacts {
  /** Actions that operators have taken, of any kind. */
  readonly taken: number;
  /** The actions in force. */
  readonly servers: readonly SavedActions[];
}

/**
 * From one look at a server's transfers to the next, in ms; also before the first, since clients that
 * were sent there just before the action are on their way.
 */
const LOOK_MS = 2000;

/** Those who may wait for transfers at a time: each keeps a connection. */
const MOST_WAITING = 100;

/** Changes how servers are used, logs it, and ends actions whose time is over. */
export class Operations {
  readonly #options: OperationsOptions;
  #stopTicking: (() => void) | undefined;
  #waiting = 0;
  #taken = 0;
  /** By the `probeKey` of their servers. */
  #restored: ReadonlyMap<string, Actions> = new Map();
  /** Of `taken`, what earlier processes counted. */
  #adopted = 0;
  #saved: OperationsFacts = { taken: 0, servers: [] };

  /** Has done nothing yet. */
  constructor(options: OperationsOptions) {
    this.#options = options;
  }

  /** The listed servers that a name means, as `serversNamed`. */
  find(name: string): readonly Server[] {
    return serversNamed(this.#options.pool.servers, name);
  }

  /** Actions that operators have taken, of any kind. */
  get taken(): number {
    return this.#taken;
  }

  /** The servers with actions in force. */
  get acting(): readonly ServerRecord[] {
    return this.#options.pool.records.filter(({ actions }) => actions.length > 0);
  }

  /** Why a server gets no clients though no action keeps them away, in words; undefined if it may. */
  hindrance(server: Server): string | undefined {
    const record = this.#options.pool.recordOf(server);
    if (record?.state.kind === "out") return `it is out: ${record.state.reason}`;
    if (record?.state.kind === "untested") return "it gets clients once it has passed a test";
    return record?.server.isDrained ? "the list drains it" : undefined;
  }

  /**
   * Puts an action in force.
   *
   * @returns the action; undefined if the server has just left the list
   */
  act(server: Server, wanted: NewAction): Action | undefined {
    const { epochMs, log, pool } = this.#options;
    const record = pool.recordOf(server);
    if (record === undefined) return undefined;
    const action = actionOf(wanted, epochMs());
    const before = record.actions.find(({ kind }) => kind === action.kind);
    this.#taken++;
    if (before !== undefined && isSame(before, action)) return before;
    this.#set(record, withAction(record.actions, action));
    log.server(server, { kind: "action", action }, pool.excludedReason(server));
    return action;
  }

  /**
   * Takes all actions on a server back. One that was out is untested, and tested at once.
   *
   * @returns those that were in force; undefined if the server has just left the list
   */
  enable(server: Server): Actions | undefined {
    const { log, pool } = this.#options;
    const record = pool.recordOf(server);
    if (record === undefined) return undefined;
    const { actions } = record;
    this.#taken++;
    if (actions.length === 0) return actions;
    this.#set(record, NO_ACTIONS);
    log.server(server, { kind: "enabled", actions }, pool.excludedReason(server));
    return actions;
  }

  /**
   * Tests servers now, whatever is due, and waits for that.
   *
   * @throws what the probe rejects with
   */
  async test(servers: readonly Server[]): Promise<Tested[]> {
    const { checker, log, pool } = this.#options;
    this.#taken += servers.length;
    const before = new Map(servers.map((server) => {
      log.server(server, { kind: "requested" });
      return [server.id, pool.recordOf(server)?.history.transfers.at(-1)];
    }));
    await checker.request(servers);
    return servers.flatMap((server) => {
      const record = pool.recordOf(server);
      if (record === undefined) return [];
      const transfer = record.history.transfers.at(-1);
      const isNew = transfer !== before.get(server.id);
      return [{ record, transfer: isNew ? transfer : undefined }];
    });
  }

  /**
   * Waits until a drained server says that it sends nothing any more, and tests it meanwhile to have
   * it say so.
   *
   * @returns undefined if too many wait already
   * @throws what the probe rejects with
   */
  async transfersDone(server: Server, waitMs: number): Promise<Waited | undefined> {
    if (this.#waiting >= MOST_WAITING) return undefined;
    this.#waiting++;
    try {
      return await this.#wait(server, waitMs);
    } finally {
      this.#waiting--;
    }
  }

  /** Ends actions whose time is over; to be called about once a second while there may be some. */
  tick(): void {
    const { epochMs, log, pool } = this.#options;
    let isTimed = false;
    for (const record of this.acting) {
      const { lasting, ended } = withoutEnded(record.actions, epochMs());
      isTimed ||= lasting.some(({ until }) => until !== null);
      if (ended.length === 0) continue;
      this.#set(record, lasting);
      for (const action of ended) {
        const event = { kind: "actionEnded", action } as const;
        log.server(record.server, event, pool.excludedReason(record.server));
      }
    }
    if (!isTimed) this.close();
    else this.#stopTicking ??= this.#options.ticker(() => this.tick());
  }

  /** Ends no more actions. */
  close(): void {
    this.#stopTicking?.();
    this.#stopTicking = undefined;
  }

  /** What the next process is left; the same object while nothing has changed. */
  save(): OperationsFacts {
    const { taken } = this;
    const facts = { taken, servers: savedActions(this.#options.pool.records) };
    if (JSON.stringify(facts) !== JSON.stringify(this.#saved)) this.#saved = facts;
    return this.#saved;
  }

  /**
   * Puts the actions of an earlier process in force, on those servers that are listed. Actions that
   * were taken since the last call stay.
   *
   * @throws {TypeError} if they are malformed; then nothing has changed
   */
  restore(content: unknown): void {
    const { taken, servers } = (content ?? {}) as Partial<OperationsFacts>;
    const saved = readSavedActions(servers);
    if (saved === undefined || !Number.isSafeInteger(taken)) {
      throw new TypeError("These are no actions on servers");
    }
    this.#taken += taken! - this.#adopted;
    this.#adopted = taken!;
    for (const record of this.#options.pool.records) {
      const key = probeKey(record.server);
      const isAsRestored = record.actions === (this.#restored.get(key) ?? NO_ACTIONS);
      if (isAsRestored) this.#set(record, saved.get(key) ?? NO_ACTIONS);
    }
    this.#restored = saved;
    this.tick();
  }

  #set({ server, actions: before }: ServerRecord, actions: Actions): void {
    if (actions === before) return;
    const { pool, clock, checker, onError } = this.#options;
    pool.setActions(server, actions, clock());
    if (outAction(before) && !outAction(actions)) checker.newcomers().catch(onError);
    if (actions.some(({ until }) => until !== null)) {
      this.#stopTicking ??= this.#options.ticker(() => this.tick());
    }
  }

  async #wait(server: Server, waitMs: number): Promise<Waited> {
    const { pool, checker, clock, epochMs, wait } = this.#options;
    const endMs = clock() + waitMs;
    for (;;) {
      await wait(Math.max(0, Math.min(LOOK_MS, endMs - clock())));
      const lookedAt = epochMs();
      await checker.request([server]);
      const record = pool.recordOf(server);
      if (record === undefined) return { end: "unlisted", load: undefined };
      const { load, history } = record;
      const isExcluded = record.server.isDrained || outAction(record.actions) !== undefined;
      if (!isExcluded) return { end: "enabled", load };
      const hasPassed = history.lastFailure === undefined;
      if (hasPassed && (load?.openTransfers ?? null) === null) return { end: "silent", load };
      if (load?.openTransfers === 0 && load.at >= lookedAt) return { end: "done", load };
      if (clock() >= endMs) return { end: "time", load };
    }
  }
}

function actionOf({ forMs, ...what }: NewAction, since: number): Action {
  return { ...what, since, until: forMs === null ? null : since + forMs };
}

/** Whether an order says nothing new: then what is in force goes on. */
function isSame(before: Action, after: Action): boolean {
  const weights = [before, after].map((it) => it.kind === "weight" ? it.weight : 1);
  return before.kind === after.kind && weights[0] === weights[1] &&
    before.reason === after.reason && before.until === after.until;
}
