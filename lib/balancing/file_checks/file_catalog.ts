/**
 * Which server has which file, and in which version, in bounded memory: for each target a row of
 * bits, three for each server.
 *
 * @module
 */

import { FactTable } from "./fact_table.ts";
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

/** Which servers have which target. Servers are known by id; each has a column in the facts. */
export class FileCatalog {
  readonly #options: FileCatalogOptions;
  readonly #columns = new ServerColumns();
  readonly #targets: TargetTable;
  readonly #facts: FactTable;
  readonly #versions = new VersionGroups();
  /** The row that was swept last. */
  #swept = 0;

  /** Knows no server and no file yet. */
  constructor(options: FileCatalogOptions) {
    this.#options = options;
    this.#targets = new TargetTable((row) => {
      this.#facts.clear(row);
      this.#versions.delete(row);
    }, options.random);
    this.#facts = new FactTable(
      this.#columns,
      (row) => this.#targets.targetOf(row),
      options.expiryMs,
    );
  }

  /**
   * Replaces the servers, which are those that clients may be sent to. What is known of those that
   * stay is kept; one that comes back later is not known.
   *
   * @param backups those whose versions count only where no other server has the file
   */
  setServers(ids: Iterable<number>, backups: ReadonlySet<number> = new Set()): void {
    this.#columns.replace(ids, backups, (column) => this.#forget(column));
    this.#facts.widen();
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
    return this.#facts.having(row) - this.#facts.differing(row);
  }

  /**
   * Whether a server is known to have the version that clients get, and is no backup of one that
   * was not asked yet.
   */
  isFound(row: number): boolean {
    if (this.holders(row) === 0 || !this.#columns.hasBackups) return this.holders(row) > 0;
    return this.#facts.isFoundInFront(row);
  }

  /** How many servers are known to lack the file or to have another version. */
  excluded(row: number): number {
    return this.#facts.lacking(row) + this.#facts.differing(row);
  }

  /** How many servers are known to lack the file. */
  lacking(row: number): number {
    return this.#facts.lacking(row);
  }

  /** Whether a server is known to have the version that clients get. */
  isHolder(row: number, id: number): boolean {
    const column = this.#columns.columnOf(id);
    return column !== undefined && this.#facts.has(row, column) &&
      !this.#facts.isExcluded(row, column);
  }

  /** Whether a server is known to lack the file or to have another version. */
  isExcluded(row: number, id: number): boolean {
    const column = this.#columns.columnOf(id);
    return column !== undefined && this.#facts.isExcluded(row, column);
  }

  /** Whether a server is known to lack the file. */
  isLacking(row: number, id: number): boolean {
    const column = this.#columns.columnOf(id);
    return column !== undefined && this.#facts.isExcluded(row, column) &&
      !this.#facts.has(row, column);
  }

  /** The version that clients get; undefined if no server is known to have the file. */
  version(row: number): FileVersion | undefined {
    return this.#facts.isHeld(row) ? this.#versions.chosen(row) : undefined;
  }

  /** The size in bytes of the version that clients get, if it is known. */
  bytes(row: number): number | undefined {
    return this.#facts.isHeld(row) ? this.#versions.bytesOf(row) : undefined;
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
    else this.#facts.set(row, column, false, answer.kind === "lacks");
    this.#facts.setFresh(row, column, true);
    this.#choose(row);
  }

  /** Whether a server is to be asked about a target: see `nextDue`. */
  isDue(row: number): boolean {
    return this.#facts.isDue(row);
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
    return this.#facts.nextDue(row, from, askable);
  }

  /** Makes what is known of a server due to be asked again: a client has found otherwise. */
  doubt(row: number, id: number): void {
    const column = this.#columns.columnOf(id);
    if (column !== undefined) this.#facts.setFresh(row, column, false);
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
    return this.#facts.lackingTargets;
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
      return row !== undefined && this.#facts.isHeld(row) && this.isExcluded(row, id);
    });
    return { lacking, differing, examples: examples.reverse() };
  }

  /** Which servers hold which version of a target: that which clients get first. */
  versions(row: number): Holders[] {
    const { versions, indexOf } = this.#versions.list(row);
    const groups = versions.map((version) => ({ version, servers: [] as number[] }));
    let chosen = 0;
    this.#facts.eachHaving(row, (column) => {
      const index = indexOf(column);
      groups[index]!.servers.push(this.#columns.at(column).id);
      if (!this.#facts.isExcluded(row, column)) chosen = index;
    });
    const [first] = groups.splice(chosen, 1);
    groups.sort((a, b) => b.servers.length - a.servers.length);
    return [first!, ...groups].filter(({ servers }) => servers.length > 0);
  }

  /** How many servers have answered. */
  answered(row: number): number {
    return this.#facts.answered(row);
  }

  /** What is known of a target: each answer, and the ids of the servers that gave it. */
  answers(row: number): [answer: FileAnswer, servers: readonly number[]][] {
    const lacking: number[] = [];
    const unclear: number[] = [];
    this.#facts.eachLacking(row, (column) => lacking.push(this.#columns.at(column).id));
    this.#facts.eachUnclear(row, (column) => unclear.push(this.#columns.at(column).id));
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
    return ids.filter((id) => !this.#facts.isFresh(row, this.#columns.columnOf(id)!));
  }

  /** Advances the clocks of facts and of what is wanted. */
  #advance(epochMs: number): void {
    if (this.#facts.advance(epochMs)) this.#targets.advance(epochMs);
  }

  /** Removes facts of a row that have expired. @returns whether none is left, and the row is free */
  #expire(row: number): boolean {
    const become = this.#facts.expire(row);
    if (become === "empty") this.#targets.remove(row);
    else if (become === "changed") this.#choose(row);
    return become === "empty";
  }

  /** Forgets what is known of a server. */
  #forget(column: number): void {
    for (const row of this.#targets.rows) {
      this.#facts.setFresh(row, column, false);
      if (!this.#facts.isKnown(row, column)) continue;
      this.#facts.set(row, column, false, false);
      this.#choose(row);
    }
  }

  #add(target: string, wanted: number): number {
    const most = this.#options.mostTargets ?? MOST_TARGETS;
    const row = this.#targets.add(
      target,
      Math.min(most, Math.floor(MOST_BIT_BYTES / this.#facts.rowBytes)),
    );
    this.#facts.begin(row);
    this.#targets.want(row, wanted);
    return row;
  }

  /** Adds the version of a server; one that is new to the target makes it divergent. */
  #learnVersion(row: number, column: number, version: FileVersion): void {
    const isAlone = this.#facts.having(row) === Number(this.#facts.has(row, column));
    if (!isAlone && this.#versions.isNew(row, version)) {
      const oldest = this.#versions.oldestToRemove;
      if (oldest !== undefined) this.#targets.remove(oldest);
    }
    this.#versions.add(row, column, version, isAlone);
    const isExcluded = this.#versions.isDivergent(row) && this.#facts.isExcluded(row, column);
    this.#facts.set(row, column, true, isExcluded);
  }

  /** Chooses the version that clients get. */
  #choose(row: number): void {
    const eachHolder: EachHolder = (row, call) => this.#facts.eachHaving(row, call);
    const isOther = this.#versions.choose(row, eachHolder, this.#columns.weightOf);
    if (isOther === undefined) return;
    this.#facts.eachHaving(row, (column) => this.#facts.set(row, column, true, isOther(column)));
  }
}
