/**
 * What a balancer and its workers tell each other about files: workers report what is wanted, and
 * are sent what servers answered.
 *
 * @module
 */

import { SingleRun } from "../../process/single_run.ts";
import type { FileCatalog } from "./file_catalog.ts";
import type { FileDemand } from "./file_checker.ts";
import type { FileAnswer } from "./file_version.ts";
import { copyOf, LONGEST_TARGET } from "./target_table.ts";

/** What some servers answered about a target. */
export interface Fact {
  /** Path and query as received. */
  readonly target: string;
  /** Their ids. */
  readonly servers: readonly number[];
  /** Their answer. */
  readonly answer: FileAnswer;
  /** Requests for the target lately. */
  readonly wanted: number;
  /** Ids of those that are to be asked again soon; absent if none. */
  readonly stale?: readonly number[];
}

/** What clients wait for: the first server that has a file, or the answers of all. */
export type Waits = "first" | "all";

/** What workers are sent. */
export interface FileUpdate {
  /** In the order in which they were learnt. */
  readonly facts: readonly Fact[];
  /** Targets of which clients need not wait any longer, and for what. */
  readonly settled: readonly (readonly [target: string, waits: Waits])[];
}

/** A target that clients of a worker want. */
export interface Wanted {
  /** Path and query as received. */
  readonly target: string;
  /** Clients that asked for it. */
  readonly requests: number;
  /** Servers whose answer the worker knows. */
  readonly answered: number;
  /** Requests lately, as the worker knows them, without those. */
  readonly lately: number;
  /** The id of a server that they were sent to; undefined if there are none. */
  readonly first?: number | undefined;
  /** The id of a server that a client says to have failed. */
  readonly doubted?: number | undefined;
  /** What clients wait for; undefined if none waits. */
  readonly waits?: Waits | undefined;
}

/** Validates what a worker was sent; undefined if it is no update about files. */
export function readFileUpdate(content: unknown): FileUpdate | undefined {
  const { facts, settled } = (content ?? {}) as Partial<FileUpdate>;
  return Array.isArray(facts) && Array.isArray(settled) ? { facts, settled } : undefined;
}

/** Validates the report of a worker; undefined if it is none about files. */
export function readWanted(content: unknown): readonly Wanted[] | undefined {
  const { wanted } = (content ?? {}) as { readonly wanted?: readonly Wanted[] };
  const isValid = Array.isArray(wanted) &&
    wanted.every((it: Partial<Wanted> | null) =>
      typeof it?.target === "string" && Number.isInteger(it.requests) &&
      Number.isInteger(it.answered) && Number.isInteger(it.lately) &&
      [it.first, it.doubted].every((id) => id === undefined || Number.isInteger(id)) &&
      [undefined, "first", "all"].includes(it.waits)
    );
  return isValid ? wanted : undefined;
}

/** Facts that wait for a worker that does not read; further ones are left out. */
const MOST_PENDING = 10_000;

/** A worker, and what it is still to be sent. */
interface Subscriber {
  readonly send: (update: FileUpdate) => Promise<void>;
  readonly sending: SingleRun;
  facts: Fact[];
  settled: FileUpdate["settled"][number][];
}

/** Passes answers on to workers. */
export class FactPublisher {
  readonly #catalog: FileCatalog;
  readonly #subscribers = new Set<Subscriber>();

  /** Has no subscriber yet. */
  constructor(catalog: FileCatalog) {
    this.#catalog = catalog;
  }

  /**
   * Sends a worker what is learnt from now on.
   *
   * @param send settles once the worker has taken it; never rejects
   * @returns ends that
   */
  readonly subscribe = (send: (update: FileUpdate) => Promise<void>): () => void => {
    const sending = new SingleRun(() => sendPending(subscriber));
    const subscriber: Subscriber = { send, sending, facts: [], settled: [] };
    this.#subscribers.add(subscriber);
    return () => this.#subscribers.delete(subscriber);
  };

  /** A server has answered. */
  learn(fact: Fact): void {
    this.#publish([fact], []);
  }

  /** Sends all that is known of a target, to a worker that does not know it. */
  publishRow(row: number, target: string): void {
    const wanted = this.#catalog.wanted(row);
    const facts = this.#catalog.answers(row).map(([answer, servers]) => {
      const stale = this.#catalog.stale(row, servers);
      return { target, servers, answer, wanted, ...(stale.length > 0 && { stale }) };
    });
    this.#publish(facts, []);
  }

  /** Clients that wait for that need not wait any longer. */
  settled(target: string, waits: Waits): void {
    this.#publish([], [[target, waits]]);
  }

  #publish(facts: readonly Fact[], settled: FileUpdate["settled"]): void {
    for (const subscriber of this.#subscribers) {
      if (subscriber.facts.length < MOST_PENDING) subscriber.facts.push(...facts);
      if (subscriber.settled.length < MOST_PENDING) subscriber.settled.push(...settled);
      void subscriber.sending.again();
    }
  }
}

async function sendPending(subscriber: Subscriber): Promise<void> {
  const { facts, settled } = subscriber;
  if (facts.length === 0 && settled.length === 0) return;
  subscriber.facts = [];
  subscriber.settled = [];
  await subscriber.send({ facts, settled });
}

/** How long what is wanted is collected, in ms. */
const REPORT_MS = 100;

/** Targets in one report; more wait for clients who ask again. */
const MOST_TARGETS = 256;

/** What a worker needs to report. */
export interface WorkerDemandOptions {
  /** The clock of the catalogue. */
  readonly epochMs: () => number;
  /** Calls back after some ms. @returns cancels that */
  readonly schedule: (call: () => void, ms: number) => () => void;
  /** Sends a report to the parent. */
  readonly report: (content: { readonly wanted: readonly Wanted[] }) => void;
}

/** A client of a worker that waits. */
interface Waiting {
  readonly isThorough: boolean;
  readonly resolve: () => void;
}

/** In a worker: reports what is wanted, and learns the answers. */
export class WorkerDemand implements FileDemand {
  readonly #catalog: FileCatalog;
  readonly #options: WorkerDemandOptions;
  #wanted = new Map<string, Wanted>();
  #cancelReport: (() => void) | undefined;
  #isClosed = false;
  readonly #waiting = new Map<string, Set<Waiting>>();

  /** Has nothing to report yet. */
  constructor(catalog: FileCatalog, options: WorkerDemandOptions) {
    this.#catalog = catalog;
    this.#options = options;
  }

  want(target: string, server: number | undefined, isDoubted = false, requests = 1): void {
    if (isDoubted) this.#add({ target, requests: 0, doubted: server });
    else this.#add({ target, requests, first: server });
  }

  async find(target: string, timeoutMs: number, isThorough = false): Promise<void> {
    if (target.length > LONGEST_TARGET) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = { isThorough, resolve };
    const all = this.#waiting.get(target) ?? new Set();
    const mustReport = ![...all].some((it) => it.isThorough || !isThorough);
    this.#waiting.set(copyOf(target), all.add(waiting));
    if (mustReport) {
      const waits = isThorough ? "all" : "first";
      this.#options.report({ wanted: [{ target, requests: 1, ...this.#known(target), waits }] });
    }
    const cancel = this.#options.schedule(resolve, timeoutMs);
    await promise;
    cancel();
    all.delete(waiting);
    if (all.size === 0) this.#waiting.delete(target);
  }

  /** Learns what the parent sends, and lets clients go on. */
  learn({ facts, settled }: FileUpdate): void {
    const epochMs = this.#options.epochMs();
    for (const { target, servers, answer, wanted, stale = [] } of facts) {
      for (const server of servers) this.#catalog.learn(target, server, answer, epochMs, wanted);
      const row = this.#catalog.find(target, epochMs);
      if (row !== undefined) stale.forEach((server) => this.#catalog.doubt(row, server));
    }
    for (const [target, waits] of settled) this.#wake(target, waits === "all");
  }

  isAwaited(target: string): boolean {
    return [...this.#waiting.get(target) ?? []].some(({ isThorough }) => !isThorough);
  }

  /** What this worker knows of a target: how many servers answered, and requests lately. */
  #known(target: string): Pick<Wanted, "answered" | "lately"> {
    const row = this.#catalog.find(target, this.#options.epochMs());
    if (row === undefined) return { answered: 0, lately: 0 };
    return { answered: this.#catalog.answered(row), lately: this.#catalog.wanted(row) };
  }

  /** Reports no more. */
  close(): void {
    this.#isClosed = true;
    this.#cancelReport?.();
  }

  #add(wanted: Omit<Wanted, "answered" | "lately">): void {
    const { target } = wanted;
    if (target.length > LONGEST_TARGET) return;
    const before = this.#wanted.get(target);
    if (before === undefined && this.#wanted.size === MOST_TARGETS) return;
    const own = before?.target ?? copyOf(target);
    const { answered, lately } = before ?? this.#known(target);
    this.#wanted.set(own, {
      target: own,
      requests: (before?.requests ?? 0) + wanted.requests,
      answered,
      lately,
      first: before?.first ?? wanted.first,
      doubted: before?.doubted ?? wanted.doubted,
    });
    if (this.#isClosed) return;
    this.#cancelReport ??= this.#options.schedule(() => {
      this.#cancelReport = undefined;
      const report = { wanted: [...this.#wanted.values()] };
      this.#wanted = new Map();
      this.#options.report(report);
    }, REPORT_MS);
  }

  #wake(target: string, isForAll: boolean): void {
    for (const { isThorough, resolve } of this.#waiting.get(target) ?? []) {
      if (isForAll || !isThorough) resolve();
    }
  }
}
