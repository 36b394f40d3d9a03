/**
 * Which servers may be asked about files now, and how many questions a second.
 *
 * @module
 */

import { BitTable } from "./bit_table.ts";
import type { FileCatalog } from "./file_catalog.ts";

/** How long a server that does not answer is left alone, in ms: the first time, and at most. */
const FIRST_REST_MS = 1000;
const MOST_REST_MS = 60_000;

/** How long a server rests, and what ends that. */
interface Rest {
  readonly ms: number;
  readonly cancel: () => void;
  isOver: boolean;
}

/** Servers that are asked one question at a time, and rest after one that they did not answer. */
export class AskableServers {
  /** Columns of servers that are not being asked and do not rest, in row 0 of plane 0. */
  readonly askable = new BitTable(1);
  /** Columns of servers that do not rest. */
  readonly awake = new BitTable(1);
  readonly #catalog: FileCatalog;
  readonly #schedule: (call: () => void, ms: number) => () => void;
  readonly #onAwake: () => void;
  #ids: ReadonlySet<number> = new Set();
  readonly #busy = new Set<number>();
  readonly #rests = new Map<number, Rest>();

  /**
   * Has no server yet.
   *
   * @param schedule calls back after some ms; returns what cancels that
   * @param onAwake called when a rest is over
   */
  constructor(
    catalog: FileCatalog,
    schedule: (call: () => void, ms: number) => () => void,
    onAwake: () => void,
  ) {
    this.#catalog = catalog;
    this.#schedule = schedule;
    this.#onAwake = onAwake;
    this.askable.reserve(1, 1);
    this.awake.reserve(1, 1);
  }

  /** Whether a server is here. */
  has(id: number): boolean {
    return this.#ids.has(id);
  }

  /** Replaces the servers, after those of the catalogue. */
  replace(ids: ReadonlySet<number>): void {
    const before = this.#ids;
    this.#ids = ids;
    for (const id of before) if (!ids.has(id)) this.#endRest(id);
    this.askable.clear();
    this.awake.clear();
    for (const id of ids) this.#update(id);
  }

  /** A server is asked. */
  begin(id: number): void {
    this.#busy.add(id);
    this.#update(id);
  }

  /** A question has ended. @param isAnswered if not, the server rests, longer each time */
  end(id: number, isAnswered: boolean): void {
    this.#busy.delete(id);
    if (isAnswered || !this.has(id)) this.#endRest(id);
    else this.#rest(id);
    this.#update(id);
  }

  /** Ends all rests. */
  close(): void {
    for (const id of this.#rests.keys()) this.#endRest(id);
  }

  #rest(id: number): void {
    const before = this.#rests.get(id);
    before?.cancel();
    const ms = before === undefined ? FIRST_REST_MS : Math.min(MOST_REST_MS, 2 * before.ms);
    const cancel = this.#schedule(() => {
      rest.isOver = true;
      this.#update(id);
      this.#onAwake();
    }, ms);
    const rest: Rest = { ms, cancel, isOver: false };
    this.#rests.set(id, rest);
  }

  #endRest(id: number): void {
    this.#rests.get(id)?.cancel();
    this.#rests.delete(id);
  }

  #update(id: number): void {
    const column = this.#catalog.columnOf(id);
    if (column === undefined) return;
    const isAwake = this.#rests.get(id)?.isOver !== false;
    this.awake.reserve(1, column + 1);
    this.awake.set(0, 0, column, isAwake);
    this.askable.reserve(1, column + 1);
    this.askable.set(0, 0, column, isAwake && !this.#busy.has(id));
  }
}

/** Allows so many questions a second, a tenth of a second's worth at once. */
export class QuestionBucket {
  readonly #rate: number;
  readonly #burst: number;
  #tokens: number;
  #at: number;

  /** Begins full. @param rate questions a second */
  constructor(rate: number, monotonicMs: number) {
    this.#rate = rate;
    this.#burst = Math.max(1, rate / 10);
    this.#tokens = this.#burst;
    this.#at = monotonicMs;
  }

  /** The ms until a question is allowed; 0 if it is now. */
  waitMs(monotonicMs: number): number {
    const earned = (monotonicMs - this.#at) * this.#rate / 1000;
    this.#tokens = Math.min(this.#burst, this.#tokens + earned);
    this.#at = monotonicMs;
    return this.#tokens >= 1 ? 0 : Math.ceil((1 - this.#tokens) * 1000 / this.#rate);
  }

  /** Takes a question that is allowed. */
  take(): void {
    this.#tokens--;
  }
}
