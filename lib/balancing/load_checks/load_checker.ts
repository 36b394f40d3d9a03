/**
 * Asks servers between rounds how busy they are, in proportion to the clients that are sent to them.
 *
 * @module
 */

import type { PoolObserver } from "../chooser.ts";
import type { ReportedLoad } from "../health.ts";
import type { Server } from "../list/server.ts";
import type { Candidate } from "../policies/policy.ts";
import type { RedirectObserver } from "../request_counters.ts";
import type { LoadAnswer } from "./ask_load.ts";
import { CheckQueue, SLOT_MS } from "./check_queue.ts";

/** How a checker asks, and what for. */
export interface LoadCheckerOptions {
  /** Checks for each client that is redirected; 0 for none. */
  readonly perRedirect: number;
  /** The id of the server that the next client would be sent to; undefined if there is none. */
  readonly next: () => number | undefined;
  /** Asks a server. A rejection counts as `untested`. */
  readonly ask: (server: Server) => Promise<LoadAnswer>;
  /** Tests a server at once: one that does not answer while another does, or that answers again. */
  readonly suspect: (server: Server) => Promise<void>;
  /** Whether a server is out, and may come back. */
  readonly mayReturn: (server: Server) => boolean;
  /** Monotonic, in ms. */
  readonly clock: () => number;
  /** Calls back after some ms. @returns cancels that */
  readonly schedule: (call: () => void, ms: number) => () => void;
  /** Evenly distributed, at least 0 and less than 1. */
  readonly random: () => number;
  /** Receives rejections. */
  readonly onError: (error: unknown) => void;
  /** Called when no more is asked. */
  readonly onClosed?: () => void;
}

/** What checks found until now, in numbers. */
export interface LoadChecksStatus {
  /** Checks by their results. */
  readonly results: Readonly<Record<LoadAnswer, number>>;
  /** Tests of servers that did not answer. */
  readonly tests: number;
}

/** How long a server that does not answer is left alone, in ms: the first time, and at most. */
const FIRST_REST_MS = 1000;
const MOST_REST_MS = 60_000;

/** A server that does not answer is tested only if another one answers within so many ms. */
const EVIDENCE_MS = 2000;

/** How long a server that is out is left alone at most, in ms, before it is asked again. */
const MOST_ABSENCE_MS = 8000;

/** How often it is tested for answering; then the rounds decide, since it may answer and yet fail. */
const MOST_RETURNS = 5;

/** Other servers that are asked at once for that. */
const WITNESSES = 3;

/** An available server. */
interface Checked {
  server: Server;
  isAsked: boolean;
  isTested: boolean;
  /** When it failed to answer last, and how long it is left alone since. */
  failedMs: number;
  restMs: number;
}

/**
 * Asks those servers for their load that have said it before. It has no timer while no clients come.
 * A server that does not answer is tested at once, if another one answers: otherwise the fault may be
 * on this side, and rounds decide.
 */
export class LoadChecker implements PoolObserver, RedirectObserver, Disposable {
  readonly #options: LoadCheckerOptions;
  /** By authority. */
  readonly #queue: CheckQueue<string>;
  /** Available servers by id, and by authority. */
  #byId = new Map<number, Checked>();
  readonly #byAuthority = new Map<string, Checked>();
  /** Ids of servers that say how busy they are. */
  readonly #reporting = new Set<number>();
  /** Servers that failed to answer, until another one answers. */
  readonly #failed = new Set<Checked>();
  readonly #results: Record<LoadAnswer, number> = {
    reported: 0,
    silent: 0,
    unanswered: 0,
    untested: 0,
  };
  /** Ends the waiting for servers that are out, by their ids. */
  readonly #absent = new Map<number, () => void>();
  #tests = 0;
  #cancelTick: (() => void) | undefined;
  #isClosed = false;

  /** Has no server to ask. */
  constructor(options: LoadCheckerOptions) {
    this.#options = options;
    const { perRedirect, random, next } = options;
    this.#queue = new CheckQueue({
      ...{ perRedirect, random },
      next: () => this.#byId.get(next() ?? NaN)?.server.authority,
    });
  }

  get status(): LoadChecksStatus {
    return { results: { ...this.#results }, tests: this.#tests };
  }

  update(eligible: readonly Candidate[]): void {
    const before = this.#byId;
    this.#byId = new Map();
    for (const { server } of eligible) {
      const known = before.get(server.id);
      before.delete(server.id);
      if (known?.server.authority === server.authority) {
        known.server = server;
        this.#add(known);
      } else {
        if (known !== undefined) this.#drop(known);
        this.#add(newlyChecked(server));
      }
    }
    for (const gone of before.values()) {
      this.#drop(gone);
      this.#reporting.delete(gone.server.id); // Its next test says it again.
      if (gone.failedMs > -Infinity) this.#await(gone);
    }
  }

  left(id: number): void {
    const checked = this.#byId.get(id);
    if (checked !== undefined) this.#queue.delete(checked.server.authority);
  }

  measured(): void {
    // Speed does not matter here.
  }

  reported(id: number, { openTransfers, pendingBytes }: ReportedLoad): void {
    this.#reporting.add(id);
    const authority = this.#byId.get(id)?.server.authority;
    if (authority === undefined) return;
    this.#queue.add(authority);
    if (openTransfers !== 0 && pendingBytes !== 0) this.#queue.want(authority);
    this.#tickSoon();
  }

  redirected(authority: string): void {
    this.#queue.redirected(authority);
    this.#tickSoon();
  }

  counted(redirects: Readonly<Record<string, number>>): void {
    for (const [server, clients] of Object.entries(redirects)) {
      this.#queue.redirected(server, clients);
    }
    this.#tickSoon();
  }

  /** Asks no more. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#cancelTick?.();
    for (const cancel of this.#absent.values()) cancel();
    this.#options.onClosed?.();
  }

  #add(checked: Checked): void {
    const { id, authority } = checked.server;
    const namesake = this.#byAuthority.get(authority);
    if (namesake !== undefined && namesake !== checked) this.#drop(namesake);
    this.#byId.set(id, checked);
    this.#byAuthority.set(authority, checked);
    if (this.#reporting.has(id)) this.#queue.add(authority);
  }

  #drop(checked: Checked): void {
    const { authority } = checked.server;
    this.#failed.delete(checked);
    if (this.#byAuthority.get(authority) !== checked) return;
    this.#byAuthority.delete(authority);
    this.#queue.delete(authority);
  }

  #tickSoon(): void {
    if (this.#cancelTick !== undefined || this.#queue.isEmpty || this.#isClosed) return;
    this.#cancelTick = this.#options.schedule(() => {
      this.#cancelTick = undefined;
      for (const authority of this.#queue.next()) this.#ask(this.#byAuthority.get(authority));
      this.#tickSoon();
    }, SLOT_MS);
  }

  /** Asks a server that has gone whether it is back, after ever longer times, until it is. */
  #await(absent: Checked): void {
    const { schedule, ask, suspect, mayReturn, onError } = this.#options;
    const { server } = absent;
    let restMs = FIRST_REST_MS, tests = 0;
    const lookLater = () => {
      this.#absent.get(server.id)?.();
      this.#absent.set(server.id, schedule(() => void look().catch(onError), restMs));
    };
    const look = async () => {
      this.#absent.delete(server.id);
      if (this.#byId.has(server.id) || !mayReturn(server) || tests === MOST_RETURNS) return;
      const answer = await ask(server);
      this.#results[answer]++;
      if (answer === "reported" || answer === "silent") {
        tests++;
        this.#tests++;
        await suspect(server);
      }
      restMs = Math.min(MOST_ABSENCE_MS, 2 * restMs);
      if (!this.#isClosed) lookLater();
    };
    lookLater();
  }

  /** Asks a server, unless it is asked or left alone now. */
  #ask(checked: Checked | undefined): void {
    if (checked === undefined || checked.isAsked || checked.isTested) return;
    if (this.#options.clock() < checked.failedMs + checked.restMs) return;
    checked.isAsked = true;
    this.#options.ask(checked.server).catch((error): LoadAnswer => {
      this.#options.onError(error);
      return "untested";
    }).then((answer) => this.#take(checked, answer));
  }

  #take(checked: Checked, answer: LoadAnswer): void {
    checked.isAsked = false;
    this.#results[answer]++;
    if (this.#isClosed || this.#byAuthority.get(checked.server.authority) !== checked) return;
    if (answer === "unanswered") return this.#fail(checked);
    if (answer === "untested") return;
    if (answer === "silent") {
      this.#reporting.delete(checked.server.id);
      this.#queue.delete(checked.server.authority);
    }
    this.#failed.delete(checked);
    for (const failed of this.#failedLately()) this.#test(failed);
    this.#failed.clear();
  }

  #fail(checked: Checked): void {
    const now = this.#options.clock();
    // One that fails time and again is left alone ever longer, though it answers now and then.
    const isRepeated = now - checked.failedMs <= 2 * MOST_REST_MS;
    checked.restMs = isRepeated ? Math.min(MOST_REST_MS, 2 * checked.restMs) : FIRST_REST_MS;
    checked.failedMs = now;
    const isFirst = this.#failedLately().every((it) => it === checked);
    this.#failed.add(checked);
    if (!isFirst) return;
    for (let i = 0; i < WITNESSES; i++) this.#queue.wantAny();
    this.#tickSoon();
  }

  #failedLately(): Checked[] {
    const since = this.#options.clock() - EVIDENCE_MS;
    return [...this.#failed].filter(({ failedMs }) => failedMs >= since);
  }

  #test(checked: Checked): void {
    this.#tests++;
    checked.isTested = true;
    this.#options.suspect(checked.server)
      .catch(this.#options.onError)
      .finally(() => checked.isTested = false);
  }
}

function newlyChecked(server: Server): Checked {
  return {
    server,
    isAsked: false,
    isTested: false,
    failedMs: -Infinity,
    restMs: 0,
  };
}
