/**
 * The servers of a catalogue, each with a column, and what they lack.
 *
 * @module
 */

import { BitTable } from "./bit_table.ts";

/** Examples kept for each server. */
const MOST_EXAMPLES = 3;

/** What a backup counts: all of them less than one other server. */
const BACKUP_WEIGHT = 2 ** -20;

/** Planes of the columns. */
const LISTED = 0;
const BACKUP = 1;

/** A server of the catalogue. */
export interface Column {
  readonly id: number;
  isBackup: boolean;
  /** Targets that it lacks and another server has. */
  lacking: number;
  /** Targets that it has in another version than the one that clients get. */
  differing: number;
  /** Some of those targets, the latest last. */
  readonly examples: string[];
}

/** Servers by id and by column. */
export class ServerColumns {
  readonly #columnOf = new Map<number, number>();
  readonly #columns: (Column | undefined)[] = [];
  /** The columns that have a server, and those that have a backup: planes of one row. */
  readonly bits = new BitTable(2);
  #hasBackups = false;

  /** Has no server yet. */
  constructor() {
    this.bits.reserve(1, 1);
  }

  /** How many servers there are. */
  get size(): number {
    return this.#columnOf.size;
  }

  /** How many columns there are, those without a server included. */
  get length(): number {
    return this.#columns.length;
  }

  /** Whether there are backups. */
  get hasBackups(): boolean {
    return this.#hasBackups;
  }

  /** The column of a server; undefined if it is not here. */
  columnOf(id: number): number | undefined {
    return this.#columnOf.get(id);
  }

  /** The server of a column that has one. */
  at(column: number): Column {
    return this.#columns[column]!;
  }

  /** The id of a column's server; undefined for a column without one. */
  idOf(column: number): number | undefined {
    return this.#columns[column]?.id;
  }

  /** How much a server counts when versions are compared. */
  readonly weightOf = (column: number): number => this.at(column).isBackup ? BACKUP_WEIGHT : 1;

  /** The bits of 32 columns whose servers are no backups. */
  inFront(word: number): number {
    return this.bits.word(0, LISTED, word) & ~this.bits.word(0, BACKUP, word);
  }

  /**
   * Replaces the servers; a free column goes to the next new one.
   *
   * @param onRemove called for each column whose server goes, before that
   */
  replace(
    ids: Iterable<number>,
    backups: ReadonlySet<number>,
    onRemove: (column: number) => void,
  ): void {
    const listed = new Set(ids);
    for (const [id, column] of [...this.#columnOf]) {
      if (listed.has(id)) continue;
      this.#columnOf.delete(id);
      onRemove(column);
      this.#columns[column] = undefined;
    }
    let free = 0;
    for (const id of listed) {
      if (this.#columnOf.has(id)) continue;
      while (this.#columns[free] !== undefined) free++;
      this.#columns[free] = { id, isBackup: false, lacking: 0, differing: 0, examples: [] };
      this.#columnOf.set(id, free);
    }
    this.bits.reserve(1, this.#columns.length);
    this.#columns.forEach((server, column) => {
      if (server !== undefined) server.isBackup = backups.has(server.id);
      this.bits.set(0, LISTED, column, server !== undefined);
      this.bits.set(0, BACKUP, column, server?.isBackup === true);
    });
    this.#hasBackups = backups.size > 0;
  }

  /** Notes a target that a server lacks or has in another version. */
  addExample(column: number, target: string): void {
    const { examples } = this.at(column);
    if (examples.includes(target)) return;
    examples.push(target);
    if (examples.length > MOST_EXAMPLES) examples.shift();
  }
}
