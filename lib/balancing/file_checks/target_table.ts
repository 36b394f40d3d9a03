/**
 * Targets by number, and how much each is wanted, in bounded memory.
 *
 * @module
 */

import { decodeLatin1, encodeLatin1 } from "../../http/grammar.ts";

/** Longer targets are not remembered. */
export const LONGEST_TARGET = 1024;

/** The most memory of all targets, in bytes. */
const MOST_TEXT_BYTES = 8 * 1024 * 1024;

/** Targets of which the least wanted is removed. */
const EVICTION_SAMPLE = 8;

/** The part of a full table that is for new targets, whatever they are wanted. */
const NEW_PART = 0.01;

/** How often the numbers of requests are halved, in ms. */
const HALVING_MS = 60_000;

/**
 * Targets with a row each. Rows are numbers from 0; those of removed targets are used again.
 *
 * In a full table a new target stays while it is among the newest, a hundredth of all; then it must
 * be wanted more than one of the others, or it goes (W-TinyLFU, Einziger and others 2017). So a
 * flood of targets that are wanted once removes none that is wanted more.
 */
export class TargetTable {
  readonly #random: () => number;
  readonly #onRemove: (row: number) => void;
  readonly #rows = new Map<string, number>();
  /** Undefined for a free row. */
  readonly #targets: (string | undefined)[] = [];
  readonly #freeRows: number[] = [];
  /** Targets that were added to the full table, the oldest first. */
  readonly #newest = new Set<string>();
  #wanted = new Uint32Array(1024);
  #textBytes = 0;
  #halvingTick = 0;

  /**
   * Begins empty.
   *
   * @param onRemove called before a row is free
   * @param random draws between 0 and 1
   */
  constructor(onRemove: (row: number) => void, random: () => number) {
    this.#onRemove = onRemove;
    this.#random = random;
  }

  /** Number of targets. */
  get size(): number {
    return this.#rows.size;
  }

  /** All rows are below this one. */
  get end(): number {
    return this.#targets.length;
  }

  /** Whether a row is in use. */
  isUsed(row: number): boolean {
    return this.#targets[row] !== undefined;
  }

  /** All rows in use. */
  get rows(): Iterable<number> {
    return this.#rows.values();
  }

  /** The row of a target; undefined if it has none. */
  rowOf(target: string): number | undefined {
    return this.#rows.get(target);
  }

  /** The target of a row in use. */
  targetOf(row: number): string {
    return this.#targets[row]!;
  }

  /**
   * Adds a target that has no row.
   *
   * @param most targets there may be with it: the least wanted ones are removed
   */
  add(target: string, most: number): number {
    let isFull = false;
    while (this.size >= most || this.#textBytes + target.length > MOST_TEXT_BYTES) {
      isFull = true;
      this.remove(this.#worst());
    }
    const row = this.#freeRows.pop() ?? this.#targets.length;
    if (row === this.#wanted.length) this.#grow();
    const own = copyOf(target);
    this.#targets[row] = own;
    this.#rows.set(own, row);
    if (isFull) this.#newest.add(own);
    this.#textBytes += own.length;
    this.#wanted[row] = 0;
    return row;
  }

  /** Removes a target. */
  remove(row: number): void {
    this.#onRemove(row);
    const target = this.#targets[row]!;
    this.#rows.delete(target);
    this.#newest.delete(target);
    this.#textBytes -= target.length;
    this.#targets[row] = undefined;
    this.#freeRows.push(row);
  }

  /** Counts requests for a target. */
  want(row: number, requests: number): void {
    this.#wanted[row]! += requests;
  }

  /** Requests for a target lately: a number that is halved every minute. */
  wanted(row: number): number {
    return this.#wanted[row]!;
  }

  /** Halves the numbers of requests when that is due. */
  advance(epochMs: number): void {
    const tick = Math.floor(epochMs / HALVING_MS);
    if (tick === this.#halvingTick) return;
    this.#halvingTick = tick;
    for (let row = 0; row < this.#targets.length; row++) this.#wanted[row]! >>>= 1;
  }

  /** The row to remove from a full table. */
  #worst(): number {
    const least = this.#leastWanted();
    if (this.#newest.size < Math.ceil(this.size * NEW_PART)) return least;
    const [oldest] = this.#newest;
    const row = this.#rows.get(oldest!)!;
    if (this.wanted(row) <= this.wanted(least)) return row;
    this.#newest.delete(oldest!);
    return least;
  }

  /** The least wanted of some targets drawn at random. */
  #leastWanted(): number {
    let least = -1;
    for (let drawn = 0; drawn < EVICTION_SAMPLE || least < 0; drawn++) {
      const row = Math.floor(this.#random() * this.#targets.length);
      if (this.#targets[row] === undefined) continue;
      if (least < 0 || this.wanted(row) < this.wanted(least)) least = row;
    }
    return least;
  }

  #grow(): void {
    const wanted = new Uint32Array(2 * this.#wanted.length);
    wanted.set(this.#wanted);
    this.#wanted = wanted;
  }
}

/** A copy: a target is a slice of the text of a whole head, which would stay in memory with it. */
export function copyOf(target: string): string {
  return decodeLatin1(encodeLatin1(target), 0, target.length);
}
