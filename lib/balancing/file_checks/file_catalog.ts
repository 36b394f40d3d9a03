/**
 * Which server has which file, and in which version, in bounded memory: for each target a row of
 * bits, three for each server.
 *
 * @module
 */

import { BitTable, eachBit, lowestBit } from "./bit_table.ts";
import type { FileAnswer, FileVersion } from "./file_version.ts";
import { ServerColumns } from "./server_columns.ts";
import { LONGEST_TARGET, TargetTable } from "./target_table.ts";
import { type EachHolder, VersionGroups } from "./version_groups.ts";

/** How much a catalogue remembers, and for how long. */
export interface FileCatalogOptions {
  /** How long it is known that a server has a file, in ms; that it lacks it, a tenth of that. */
  readonly expiryMs: number;
  /** Draws between 0 and 1. */
  readonly random: () => number;
  /** The most targets. */
  readonly mostTargets?: number;
}

/** Servers that hold one version of a file. */
export interface Holders {
  /** The version. */
  readonly version: FileVersion;
  /** Their ids. */
  readonly servers: readonly number[];
}

/** Of one server: how many of the files asked for it lacks or has in another version. */
export interface ServerShortfall {
  /** Targets that it lacks and another server has. */
  readonly lacking: number;
  /** Targets that it has in another version than the one that clients get. */
  readonly differing: number;
  /** Some of those targets, the latest first. */
  readonly examples: readonly string[];
}

/** The most targets that are remembered. */
const MOST_TARGETS = 100_000;

/** The most memory of all bits, in bytes. */
const MOST_BIT_BYTES = 40 * 1024 * 1024;

/** Targets that are swept at a time. */
const SWEPT_ROWS = 10_000;

/** That a server lacks a file is known for this part of the time that it has one. */
const LACKS_PART = 1 / 10;

/** Planes of bits, as `FileCatalog` describes them. */
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
 * Which servers have which target. Servers are known by id; each has a column of bits.
 *
 * A row has three bits for each server: `has`, `excluded` and `fresh`. A server that has the
 * version which clients get is `has` alone; one with another version `has` and `excluded`; one that
 * lacks the file is `excluded` alone; one of which nothing is known has neither. A fact loses
 * `fresh` at the next tick of its clock, and goes at the one after it, so that it lives between one
 * half and the whole of its time.
 */
export class FileCatalog {
  readonly #options: FileCatalogOptions;
  readonly #columns = new ServerColumns();
  readonly #targets: TargetTable;
  readonly #bits = new BitTable(PLANES);
  readonly #versions = new VersionGroups();
  #numbers = new Uint32Array(1024 * STRIDE);
  #advancedAt = NaN;
  #hasTick = 0;
  #lacksTick = 0;
  #lackingTargets = 0;
  /** The row that was swept last. */
  #swept = 0;

  /** Knows no server and no file yet. */
  constructor(options: FileCatalogOptions) {
    this.#options = options;
    this.#targets = new TargetTable((row) => this.#clearRow(row), options.random);
  }

  /**
   * Replaces the servers, which are those that clients may be sent to. What is known of those that
   * stay is kept; one that comes back later is not known.
   *
   * @param backups those whose versions count only where no other server has the file
   */
  setServers(ids: Iterable<number>, backups: ReadonlySet<number> = new Set()): void {
    this.#columns.replace(ids, backups, (column) => this.#forget(column));
    this.#bits.reserve(0, this.#columns.length);
    this.#versions.reserve(this.#columns.length);
    for (const row of [...this.#versions.rows]) this.#choose(row);
  }

  /** The column of a server; undefined if it is not in the catalogue. */
  columnOf(id: number): number | undefined {
    return this.#columns.columnOf(id);
  }

  /** The server of a column; undefined for a column without one. */
  serverOf(column: number): number | undefined {
    return this.#columns.idOf(column);
  }

  /** The row of a target, without what has expired; undefined if nothing is known of it. */
  find(target: string, epochMs: number): number | undefined {
    this.#advance(epochMs);
    const row = this.#targets.rowOf(target);
    return row === undefined || this.#expire(row) ? undefined : row;
  }

  /**
   * Removes what has expired, of so many targets that the next calls come to the others. Otherwise it
   * goes when it is found.
   */
  sweep(epochMs: number): void {
    this.#advance(epochMs);
    const { end } = this.#targets;
    for (let i = 0; i < Math.min(end, SWEPT_ROWS); i++) {
      this.#swept = (this.#swept + 1) % end;
      if (this.#targets.isUsed(this.#swept)) this.#expire(this.#swept);
    }
  }

  /** Counts requests for a target. */
  want(row: number, requests: number): void {
    this.#targets.want(row, requests);
  }

  /** Requests for a target lately: a number that is halved every minute. */
  wanted(row: number): number {
    return this.#targets.wanted(row);
  }

  /** The target of a row. */
  targetOf(row: number): string {
    return this.#targets.targetOf(row);
  }

  /** How many servers are known to have the version that clients get. */
  holders(row: number): number {
    return this.#numbers[row * STRIDE + HAVE]! - this.#numbers[row * STRIDE + DIFFER]!;
  }

  /**
   * Whether a server is known to have the version that clients get, and is no backup of one that
   * was not asked yet.
   */
  isFound(row: number): boolean {
    if (this.holders(row) === 0 || !this.#columns.hasBackups) return this.holders(row) > 0;
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

  /** How many servers are known to lack the file or to have another version. */
  excluded(row: number): number {
    return this.#numbers[row * STRIDE + LACK]! + this.#numbers[row * STRIDE + DIFFER]!;
  }

  /** How many servers are known to lack the file. */
  lacking(row: number): number {
    return this.#numbers[row * STRIDE + LACK]!;
  }

  /** Whether a server is known to have the version that clients get. */
  isHolder(row: number, id: number): boolean {
    const column = this.#columns.columnOf(id);
    return column !== undefined && this.#bits.has(row, HAS, column) &&
      !this.#bits.has(row, EXCLUDED, column);
  }

  /** Whether a server is known to lack the file or to have another version. */
  isExcluded(row: number, id: number): boolean {
    const column = this.#columns.columnOf(id);
    return column !== undefined && this.#bits.has(row, EXCLUDED, column);
  }

  /** Whether a server is known to lack the file. */
  isLacking(row: number, id: number): boolean {
    const column = this.#columns.columnOf(id);
    return column !== undefined && this.#bits.has(row, EXCLUDED, column) &&
      !this.#bits.has(row, HAS, column);
  }

  /** The version that clients get; undefined if no server is known to have the file. */
  version(row: number): FileVersion | undefined {
    return this.#numbers[row * STRIDE + HAVE] === 0 ? undefined : this.#versions.chosen(row);
  }

  /** The size in bytes of the version that clients get, if it is known. */
  bytes(row: number): number | undefined {
    return this.#numbers[row * STRIDE + HAVE] === 0 ? undefined : this.#versions.bytesOf(row);
  }

  /**
   * Adds an answer. Ignores a server that is not in the catalogue, and a target that is too long.
   *
   * @param wanted requests for the target until now, if nothing was known of it
   */
  learn(target: string, id: number, answer: FileAnswer, epochMs: number, wanted = 0): void {
    const column = this.#columns.columnOf(id);
    if (column === undefined || target.length > LONGEST_TARGET) return;
    const row = this.find(target, epochMs) ?? this.#add(target, wanted);
    if (answer.kind === "has") this.#learnVersion(row, column, answer.version);
    else this.#set(row, column, false, answer.kind === "lacks");
    this.#setFresh(row, column, true);
    this.#choose(row);
  }

  /** Whether a server is to be asked about a target: see `nextDue`. */
  isDue(row: number): boolean {
    return this.#numbers[row * STRIDE + FRESH_COUNT]! < this.#columns.size;
  }

  /**
   * The next server that is to be asked about a target, since nothing is known of it there, or soon
   * will not be.
   *
   * @param row undefined for a target of which nothing is known
   * @param from the column to begin at
   * @param askable columns of servers that may be asked, in its row 0 of plane 0; all by default
   * @returns its column; undefined if there is none
   */
  nextDue(row: number | undefined, from = 0, askable = this.#columns.bits): number | undefined {
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

  /** Makes what is known of a server due to be asked again: a client has found otherwise. */
  doubt(row: number, id: number): void {
    const column = this.#columns.columnOf(id);
    if (column !== undefined) this.#setFresh(row, column, false);
  }

  /** How many servers there are. */
  get servers(): number {
    return this.#columns.size;
  }

  /** How many columns there are, those without a server included. */
  get columns(): number {
    return this.#columns.length;
  }

  /** How many targets something is known of. */
  get targets(): number {
    return this.#targets.size;
  }

  /** How many targets a server is known to lack that another one has. */
  get lackingTargets(): number {
    return this.#lackingTargets;
  }

  /** How many targets have several versions. */
  get differingTargets(): number {
    return this.#versions.divergent;
  }

  /** What a server lacks or has in another version; undefined if it is not in the catalogue. */
  shortfall(id: number): ServerShortfall | undefined {
    const column = this.#columns.columnOf(id);
    if (column === undefined) return undefined;
    const { lacking, differing, examples: all } = this.#columns.at(column);
    const examples = all.filter((target) => {
      const row = this.#targets.rowOf(target);
      return row !== undefined && this.#isHeld(row) && this.isExcluded(row, id);
    });
    return { lacking, differing, examples: examples.reverse() };
  }

  /** Which servers hold which version of a target: that which clients get first. */
  versions(row: number): Holders[] {
    const { versions, indexOf } = this.#versions.list(row);
    const groups = versions.map((version) => ({ version, servers: [] as number[] }));
    let chosen = 0;
    this.#eachColumn(row, HAS, (column) => {
      const index = indexOf(column);
      groups[index]!.servers.push(this.#columns.at(column).id);
      if (!this.#bits.has(row, EXCLUDED, column)) chosen = index;
    });
    const [first] = groups.splice(chosen, 1);
    groups.sort((a, b) => b.servers.length - a.servers.length);
    return [first!, ...groups].filter(({ servers }) => servers.length > 0);
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

  /** What is known of a target: each answer, and the ids of the servers that gave it. */
  answers(row: number): [answer: FileAnswer, servers: readonly number[]][] {
    const lacking: number[] = [];
    const unclear: number[] = [];
    this.#eachColumn(row, EXCLUDED, (column) => {
      if (!this.#bits.has(row, HAS, column)) lacking.push(this.#columns.at(column).id);
    });
    this.#eachColumn(row, FRESH, (column) => {
      if (!this.#isKnown(row, column)) unclear.push(this.#columns.at(column).id);
    });
    const answers: [FileAnswer, readonly number[]][] = [
      ...this.versions(row).map((
        { version, servers },
      ): [FileAnswer, readonly number[]] => [{ kind: "has", version }, servers]),
      [{ kind: "lacks" }, lacking],
      [{ kind: "unclear" }, unclear],
    ];
    return answers.filter(([, servers]) => servers.length > 0);
  }

  /** Of some servers, those that are to be asked again. */
  stale(row: number, ids: readonly number[]): number[] {
    return ids.filter((id) => !this.#bits.has(row, FRESH, this.#columns.columnOf(id)!));
  }

  /** Advances the clocks of facts, whose ticks are counted modulo 2³², and of what is wanted. */
  #advance(epochMs: number): void {
    if (epochMs === this.#advancedAt) return;
    this.#advancedAt = epochMs;
    const halfMs = this.#options.expiryMs / 2;
    this.#hasTick = Math.floor(epochMs / halfMs) >>> 0;
    this.#lacksTick = Math.floor(epochMs / (halfMs * LACKS_PART)) >>> 0;
    this.#targets.advance(epochMs);
  }

  /** Forgets what is known of a server. */
  #forget(column: number): void {
    for (const row of this.#targets.rows) {
      this.#setFresh(row, column, false);
      if (!this.#isKnown(row, column)) continue;
      this.#set(row, column, false, false);
      this.#choose(row);
    }
  }

  /** Removes facts of a row that have expired. @returns whether none is left, and the row is free */
  #expire(row: number): boolean {
    const at = row * STRIDE;
    const hasTicks = (this.#hasTick - this.#numbers[at + HAS_TICK]!) >>> 0;
    const lacksTicks = (this.#lacksTick - this.#numbers[at + LACKS_TICK]!) >>> 0;
    if (hasTicks === 0 && lacksTicks === 0) return false;
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
      eachBit(expired, (bit) => this.#set(row, word * 32 + bit, false, false));
      if ((known & ~expired) !== 0 || (fresh & ~aged) !== 0) isEmpty = false;
    }
    this.#numbers[at + FRESH_COUNT] = freshCount;
    if (isEmpty) this.#targets.remove(row);
    else this.#choose(row);
    return isEmpty;
  }

  #add(target: string, wanted: number): number {
    const most = this.#options.mostTargets ?? MOST_TARGETS;
    const row = this.#targets.add(
      target,
      Math.min(most, Math.floor(MOST_BIT_BYTES / this.#bits.rowBytes)),
    );
    this.#bits.reserve(row + 1, this.#columns.length);
    const at = row * STRIDE;
    if (at === this.#numbers.length) {
      const numbers = new Uint32Array(2 * this.#numbers.length);
      numbers.set(this.#numbers);
      this.#numbers = numbers;
    }
    this.#numbers[at + HAS_TICK] = this.#hasTick;
    this.#numbers[at + LACKS_TICK] = this.#lacksTick;
    this.#targets.want(row, wanted);
    return row;
  }

  #clearRow(row: number): void {
    this.#eachColumn(row, HAS, (column) => this.#set(row, column, false, false));
    this.#eachColumn(row, EXCLUDED, (column) => this.#set(row, column, false, false));
    for (let word = 0; word < this.#bits.words; word++) this.#bits.setWord(row, FRESH, word, 0);
    this.#numbers[row * STRIDE + FRESH_COUNT] = 0;
    this.#versions.delete(row);
  }

  /** Adds the version of a server; one that is new to the target makes it divergent. */
  #learnVersion(row: number, column: number, version: FileVersion): void {
    const isAlone = this.#numbers[row * STRIDE + HAVE] === Number(this.#bits.has(row, HAS, column));
    if (!isAlone && this.#versions.isNew(row, version)) {
      const oldest = this.#versions.oldestToRemove;
      if (oldest !== undefined) this.#targets.remove(oldest);
    }
    this.#versions.add(row, column, version, isAlone);
    const isExcluded = this.#versions.isDivergent(row) && this.#bits.has(row, EXCLUDED, column);
    this.#set(row, column, true, isExcluded);
  }

  /** Chooses the version that clients get. */
  #choose(row: number): void {
    const eachHolder: EachHolder = (row, call) => this.#eachColumn(row, HAS, call);
    const isOther = this.#versions.choose(row, eachHolder, this.#columns.weightOf);
    if (isOther === undefined) return;
    this.#eachColumn(row, HAS, (column) => this.#set(row, column, true, isOther(column)));
  }

  #eachColumn(row: number, plane: number, call: (column: number) => void): void {
    for (let word = 0; word < this.#bits.words; word++) {
      eachBit(this.#bits.word(row, plane, word), (bit) => call(word * 32 + bit));
    }
  }

  #setFresh(row: number, column: number, isFresh: boolean): void {
    if (this.#bits.has(row, FRESH, column) === isFresh) return;
    this.#bits.set(row, FRESH, column, isFresh);
    this.#numbers[row * STRIDE + FRESH_COUNT]! += isFresh ? 1 : -1;
  }

  #isKnown(row: number, column: number): boolean {
    return this.#bits.has(row, HAS, column) || this.#bits.has(row, EXCLUDED, column);
  }

  /** Sets what is known of a server, and counts it. */
  #set(row: number, column: number, has: boolean, isExcluded: boolean): void {
    const had = this.#bits.has(row, HAS, column);
    const wasExcluded = this.#bits.has(row, EXCLUDED, column);
    if (had === has && wasExcluded === isExcluded) return;
    const wasHeld = this.#isHeld(row);
    const wasShort = wasHeld && this.#isLacked(row);
    this.#count(row, column, had, wasExcluded, -1);
    this.#count(row, column, has, isExcluded, 1);
    const isHeld = this.#isHeld(row);
    this.#lackingTargets += Number(isHeld && this.#isLacked(row)) - Number(wasShort);
    this.#bits.set(row, HAS, column, has);
    this.#bits.set(row, EXCLUDED, column, isExcluded);
    if (isHeld && isExcluded && !wasExcluded) this.#columns.addExample(column, this.targetOf(row));
    if (isHeld !== wasHeld) this.#countLacking(row, column, isHeld);
  }

  /** Counts that other servers lack a file which now one has, or takes that back. */
  #countLacking(row: number, except: number, isHeld: boolean): void {
    this.#eachColumn(row, EXCLUDED, (column) => {
      if (column === except || this.#bits.has(row, HAS, column)) return;
      this.#columns.at(column).lacking += isHeld ? 1 : -1;
      if (isHeld) this.#columns.addExample(column, this.targetOf(row));
    });
  }

  #isHeld(row: number): boolean {
    return this.#numbers[row * STRIDE + HAVE]! > 0;
  }

  #isLacked(row: number): boolean {
    return this.#numbers[row * STRIDE + LACK]! > 0;
  }

  #count(row: number, column: number, has: boolean, isExcluded: boolean, by: number): void {
    const server = this.#columns.at(column);
    if (has) this.#numbers[row * STRIDE + HAVE]! += by;
    if (has && isExcluded) {
      this.#numbers[row * STRIDE + DIFFER]! += by;
      server.differing += by;
    } else if (isExcluded) {
      this.#numbers[row * STRIDE + LACK]! += by;
      if (this.#isHeld(row)) server.lacking += by;
    }
  }
}
