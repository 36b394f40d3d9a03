/**
 * What is known of each target at each server, in bits, and how much of it.
 *
 * @module
 */

import { BitTable, eachBit, lowestBit } from "./bit_table.ts";
import type { ServerColumns } from "./server_columns.ts";

/** That a server lacks a file is known for this part of the time that it has one. */
const LACKS_PART = 1 / 10;

/** Planes of bits, as `FactTable` describes them. */
const HAS = 0;
const EXCLUDED = 1;
const FRESH = 2;
const PLANES = 3;

/**
 * Numbers of a row: servers that have, have another version, lack, and need not be asked; ticks of
 * both clocks.
 */
const HAVE = 0;
const DIFFER = 1;
const LACK = 2;
const FRESH_COUNT = 3;
const HAS_TICK = 4;
const LACKS_TICK = 5;
const STRIDE = 6;

/**
 * Facts about targets by row, and servers by column.
 *
 * A row has three bits for each server: `has`, `excluded` and `fresh`. A server that has the
 * version which clients get is `has` alone; one with another version `has` and `excluded`; one that
 * lacks the file is `excluded` alone; one of which nothing is known has neither. A fact loses
 * `fresh` at the next tick of its clock, and goes at the one after it, so that it lives between one
 * half and the whole of its time.
 */
export class FactTable {
  readonly #columns: ServerColumns;
  readonly #targetOf: (row: number) => string;
  readonly #halfMs: number;
  readonly #bits = new BitTable(PLANES);
  #numbers = new Uint32Array(1024 * STRIDE);
  #advancedAt = NaN;
  #hasTick = 0;
  #lacksTick = 0;
  #lackingTargets = 0;

  /**
   * Knows nothing yet.
   *
   * @param columns counts what each server lacks
   * @param targetOf the target of a row
   * @param expiryMs how long it is known that a server has a file, in ms
   */
  constructor(columns: ServerColumns, targetOf: (row: number) => string, expiryMs: number) {
    this.#columns = columns;
    this.#targetOf = targetOf;
    this.#halfMs = expiryMs / 2;
  }

  /** Memory of one row's bits in bytes. */
  get rowBytes(): number {
    return this.#bits.rowBytes;
  }

  /** How many targets a server is known to lack that another one has. */
  get lackingTargets(): number {
    return this.#lackingTargets;
  }

  /** Makes room for all columns. */
  widen(): void {
    this.#bits.reserve(0, this.#columns.length);
  }

  /** Advances the clocks, whose ticks are counted modulo 2³². @returns whether time has passed */
  advance(epochMs: number): boolean {
    if (epochMs === this.#advancedAt) return false;
    this.#advancedAt = epochMs;
    this.#hasTick = Math.floor(epochMs / this.#halfMs) >>> 0;
    this.#lacksTick = Math.floor(epochMs / (this.#halfMs * LACKS_PART)) >>> 0;
    return true;
  }

  /** Begins a row of which nothing is known. */
  begin(row: number): void {
    this.#bits.reserve(row + 1, this.#columns.length);
    const at = row * STRIDE;
    if (at === this.#numbers.length) {
      const numbers = new Uint32Array(2 * this.#numbers.length);
      numbers.set(this.#numbers);
      this.#numbers = numbers;
    }
    this.#numbers[at + HAS_TICK] = this.#hasTick;
    this.#numbers[at + LACKS_TICK] = this.#lacksTick;
  }

  /** Removes all facts of a row. */
  clear(row: number): void {
    this.#eachColumn(row, HAS, (column) => this.set(row, column, false, false));
    this.#eachColumn(row, EXCLUDED, (column) => this.set(row, column, false, false));
    for (let word = 0; word < this.#bits.words; word++) this.#bits.setWord(row, FRESH, word, 0);
    this.#numbers[row * STRIDE + FRESH_COUNT] = 0;
  }

  /** Removes facts of a row that have expired. @returns what became of it */
  expire(row: number): "unchanged" | "changed" | "empty" {
    const at = row * STRIDE;
    const hasTicks = (this.#hasTick - this.#numbers[at + HAS_TICK]!) >>> 0;
    const lacksTicks = (this.#lacksTick - this.#numbers[at + LACKS_TICK]!) >>> 0;
    if (hasTicks === 0 && lacksTicks === 0) return "unchanged";
    this.#numbers[at + HAS_TICK] = this.#hasTick;
    this.#numbers[at + LACKS_TICK] = this.#lacksTick;
    let isEmpty = true;
    let freshCount = 0;
    for (let word = 0; word < this.#bits.words; word++) {
      const has = this.#bits.word(row, HAS, word);
      const fresh = this.#bits.word(row, FRESH, word);
      const known = has | this.#bits.word(row, EXCLUDED, word);
      const aged = (hasTicks > 0 ? has : 0) | (lacksTicks > 0 ? ~has : 0);
      const outdated = (hasTicks > 1 ? has : 0) | (lacksTicks > 1 ? ~has : 0);
      const expired = known & (outdated | (aged & ~fresh));
      this.#bits.setWord(row, FRESH, word, fresh & ~aged);
      eachBit(fresh & ~aged, () => freshCount++);
      eachBit(expired, (bit) => this.set(row, word * 32 + bit, false, false));
      if ((known & ~expired) !== 0 || (fresh & ~aged) !== 0) isEmpty = false;
    }
    this.#numbers[at + FRESH_COUNT] = freshCount;
    return isEmpty ? "empty" : "changed";
  }

  /** Whether a server is known to have a version. */
  has(row: number, column: number): boolean {
    return this.#bits.has(row, HAS, column);
  }

  /** Whether a server is known to lack the file or to have another version. */
  isExcluded(row: number, column: number): boolean {
    return this.#bits.has(row, EXCLUDED, column);
  }

  /** Whether a server need not be asked. */
  isFresh(row: number, column: number): boolean {
    return this.#bits.has(row, FRESH, column);
  }

  /** Whether a server is known to have a version, or to lack the file. */
  isKnown(row: number, column: number): boolean {
    return this.has(row, column) || this.isExcluded(row, column);
  }

  /** Whether a server is known to have any version. */
  isHeld(row: number): boolean {
    return this.#numbers[row * STRIDE + HAVE]! > 0;
  }

  /** How many servers are known to have any version. */
  having(row: number): number {
    return this.#numbers[row * STRIDE + HAVE]!;
  }

  /** How many servers are known to have another version than the one that clients get. */
  differing(row: number): number {
    return this.#numbers[row * STRIDE + DIFFER]!;
  }

  /** How many servers are known to lack the file. */
  lacking(row: number): number {
    return this.#numbers[row * STRIDE + LACK]!;
  }

  /** As `FileCatalog.isFound`, where there are backups. */
  isFoundInFront(row: number): boolean {
    let unasked = 0;
    for (let word = 0; word < this.#bits.words; word++) {
      const has = this.#bits.word(row, HAS, word);
      const excluded = this.#bits.word(row, EXCLUDED, word);
      const inFront = this.#columns.inFront(word);
      if ((has & ~excluded & inFront) !== 0) return true;
      unasked |= inFront & ~(has | excluded | this.#bits.word(row, FRESH, word));
    }
    return unasked === 0;
  }

  /** As `FileCatalog.isDue`. */
  isDue(row: number): boolean {
    return this.#numbers[row * STRIDE + FRESH_COUNT]! < this.#columns.size;
  }

  /** As `FileCatalog.nextDue`. */
  nextDue(row: number | undefined, from: number, askable: BitTable): number | undefined {
    const words = Math.min(askable.words, this.#bits.words);
    const before = (1 << (from & 31)) - 1;
    const start = (from >>> 5) % words;
    for (let i = 0; i <= words; i++) {
      const word = (start + i) % words;
      const fresh = row === undefined ? 0 : this.#bits.word(row, FRESH, word);
      const inReach = i === 0 ? ~before : i === words ? before : -1;
      const due = askable.word(0, 0, word) & ~fresh & inReach;
      if (due !== 0) return word * 32 + lowestBit(due);
    }
    return undefined;
  }

  /** How many servers have answered. */
  answered(row: number): number {
    let count = 0;
    for (let word = 0; word < this.#bits.words; word++) {
      const known = this.#bits.word(row, HAS, word) | this.#bits.word(row, EXCLUDED, word);
      eachBit(known | this.#bits.word(row, FRESH, word), () => count++);
    }
    return count;
  }

  /** Calls back with each server that is known to have a version. */
  eachHaving(row: number, call: (column: number) => void): void {
    this.#eachColumn(row, HAS, call);
  }

  /** Calls back with each server that is known to lack the file. */
  eachLacking(row: number, call: (column: number) => void): void {
    this.#eachColumn(row, EXCLUDED, (column) => {
      if (!this.has(row, column)) call(column);
    });
  }

  /** Calls back with each server that could not tell. */
  eachUnclear(row: number, call: (column: number) => void): void {
    this.#eachColumn(row, FRESH, (column) => {
      if (!this.isKnown(row, column)) call(column);
    });
  }

  /** Sets whether a server need not be asked. */
  setFresh(row: number, column: number, isFresh: boolean): void {
    if (this.isFresh(row, column) === isFresh) return;
    this.#bits.set(row, FRESH, column, isFresh);
    this.#numbers[row * STRIDE + FRESH_COUNT]! += isFresh ? 1 : -1;
  }

  /** Sets what is known of a server, and counts it. */
  set(row: number, column: number, has: boolean, isExcluded: boolean): void {
    const had = this.has(row, column);
    const wasExcluded = this.isExcluded(row, column);
    if (had === has && wasExcluded === isExcluded) return;
    const wasHeld = this.isHeld(row);
    const wasShort = wasHeld && this.lacking(row) > 0;
    this.#count(row, column, had, wasExcluded, -1);
    this.#count(row, column, has, isExcluded, 1);
    const isHeld = this.isHeld(row);
    this.#lackingTargets += Number(isHeld && this.lacking(row) > 0) - Number(wasShort);
    this.#bits.set(row, HAS, column, has);
    this.#bits.set(row, EXCLUDED, column, isExcluded);
    if (isHeld && isExcluded && !wasExcluded) this.#addExample(row, column);
    if (isHeld !== wasHeld) this.#countLacking(row, column, isHeld);
  }

  /** Counts that other servers lack a file which now one has, or takes that back. */
  #countLacking(row: number, except: number, isHeld: boolean): void {
    this.eachLacking(row, (column) => {
      if (column === except) return;
      this.#columns.at(column).lacking += isHeld ? 1 : -1;
      if (isHeld) this.#addExample(row, column);
    });
  }

  #addExample(row: number, column: number): void {
    this.#columns.addExample(column, this.#targetOf(row));
  }

  #count(row: number, column: number, has: boolean, isExcluded: boolean, by: number): void {
    const server = this.#columns.at(column);
    if (has) this.#numbers[row * STRIDE + HAVE]! += by;
    if (has && isExcluded) {
      this.#numbers[row * STRIDE + DIFFER]! += by;
      server.differing += by;
    } else if (isExcluded) {
      this.#numbers[row * STRIDE + LACK]! += by;
      if (this.isHeld(row)) server.lacking += by;
    }
  }

  #eachColumn(row: number, plane: number, call: (column: number) => void): void {
    for (let word = 0; word < this.#bits.words; word++) {
      eachBit(this.#bits.word(row, plane, word), (bit) => call(word * 32 + bit));
    }
  }
}
