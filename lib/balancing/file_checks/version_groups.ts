/**
 * The versions of files, and which server has which, where servers have several.
 *
 * @module
 */

import { type FileVersion, isSameVersion } from "./file_version.ts";

/** Versions of one file that are told apart; a further one takes the place of the last. */
const MOST_VERSIONS = 15;

/** Files with several versions, at most, and the most memory for which server has which. */
const MOST_DIVERGENT = 10_000;
const MOST_DIVERGENT_BYTES = 2 * 1024 * 1024;

/** The versions of a file that has several. */
interface Divergence {
  readonly versions: FileVersion[];
  /** Index of the version of each column. */
  of: Uint8Array;
}

/** Calls back for each column of a row whose server has the file. */
export type EachHolder = (row: number, call: (column: number) => void) => void;

/** The version of each row that clients get, and the others. Servers are known by their columns. */
export class VersionGroups {
  readonly #chosen = new VersionTable();
  readonly #divergences = new Map<number, Divergence>();
  #columns = 0;

  /** How many rows have several versions. */
  get divergent(): number {
    return this.#divergences.size;
  }

  /** Rows with several versions. */
  get rows(): Iterable<number> {
    return this.#divergences.keys();
  }

  /** The version that clients get, of a row that has one. */
  chosen(row: number): FileVersion {
    return this.#chosen.get(row);
  }

  /** The size in bytes of the version that clients get, if it is known. */
  bytesOf(row: number): number | undefined {
    return this.#chosen.bytesOf(row);
  }

  /** All versions of a row, and the index of that of a column. */
  list(row: number): { versions: readonly FileVersion[]; indexOf: (column: number) => number } {
    const divergence = this.#divergences.get(row);
    if (divergence === undefined) return { versions: [this.#chosen.get(row)], indexOf: () => 0 };
    return { versions: divergence.versions, indexOf: (column) => divergence.of[column]! };
  }

  /** Makes room for more columns. */
  reserve(columns: number): void {
    this.#columns = columns;
    for (const divergence of this.#divergences.values()) {
      const of = new Uint8Array(columns);
      of.set(divergence.of.subarray(0, of.length));
      divergence.of = of;
    }
  }

  /** Whether one more row with several versions needs another one to go; undefined if not. */
  get oldestToRemove(): number | undefined {
    const most = Math.min(MOST_DIVERGENT, MOST_DIVERGENT_BYTES / this.#columns);
    if (this.#divergences.size + 1 <= most) return undefined;
    const [oldest] = this.#divergences.keys();
    return oldest;
  }

  /** Whether a row has several versions. */
  isDivergent(row: number): boolean {
    return this.#divergences.has(row);
  }

  /** Whether a version would be one more of its row. */
  isNew(row: number, version: FileVersion): boolean {
    return !this.#divergences.has(row) && !isSameVersion(this.#chosen.get(row), version);
  }

  /**
   * Adds the version of a server.
   *
   * @param isAlone whether no other server has the file
   */
  add(row: number, column: number, version: FileVersion, isAlone: boolean): void {
    let divergence = this.#divergences.get(row);
    if (divergence === undefined) {
      const known = this.#chosen.get(row);
      if (isAlone || isSameVersion(known, version)) {
        return this.#chosen.set(row, isAlone ? version : merged(known, version));
      }
      divergence = { versions: [known], of: new Uint8Array(this.#columns) };
      this.#divergences.set(row, divergence);
    }
    const { versions, of } = divergence;
    const same = versions.findIndex((it) => isSameVersion(it, version));
    const index = same >= 0 ? same : Math.min(versions.length, MOST_VERSIONS - 1);
    versions[index] = same >= 0 ? merged(versions[same]!, version) : version;
    of[column] = index;
  }

  /**
   * Chooses the version that clients get: that of most servers, of equal ones the newest, then the
   * first.
   *
   * @param weightOf how much a server counts
   * @returns whether a server has another version; undefined if the row has one only
   */
  choose(
    row: number,
    eachHolder: EachHolder,
    weightOf: (column: number) => number,
  ): ((column: number) => boolean) | undefined {
    const divergence = this.#divergences.get(row);
    if (divergence === undefined) return undefined;
    const { versions, of } = divergence;
    const counts = versions.map(() => 0);
    eachHolder(row, (column) => counts[of[column]!]! += weightOf(column));
    let chosen = 0;
    for (let i = 1; i < versions.length; i++) {
      const more = counts[i]! - counts[chosen]!;
      const newer = (versions[i]!.lastModified ?? 0) - (versions[chosen]!.lastModified ?? 0);
      if (more > 0 || (more === 0 && newer > 0)) chosen = i;
    }
    this.#chosen.set(row, versions[chosen]!);
    if (counts.filter((count) => count > 0).length < 2) this.#divergences.delete(row);
    return (column) => of[column] !== chosen;
  }

  /** Forgets that a row has several versions. */
  delete(row: number): void {
    this.#divergences.delete(row);
  }
}

/** What two servers say of the same version. */
function merged(a: FileVersion, b: FileVersion): FileVersion {
  // A tag belongs to the software that made it.
  const { tag, software } = a.tag === undefined ? b : a;
  return {
    bytes: a.bytes ?? b.bytes,
    tag,
    lastModified: a.lastModified ?? b.lastModified,
    software,
    sha256: a.sha256 ?? b.sha256,
  };
}

/** Numbers of a row: size, entity tag, Last-Modified, software; NaN for what is not known. */
const STRIDE = 4;

/** Bytes of a SHA-256 digest. */
const DIGEST_BYTES = 32;

const INITIAL_ROWS = 1024;

/** File versions by row. */
export class VersionTable {
  #numbers = new Float64Array(INITIAL_ROWS * STRIDE);
  /** A digest of zeros means none. */
  #digests = new Uint8Array(INITIAL_ROWS * DIGEST_BYTES);

  /** Sets the version of a row. */
  set(row: number, { bytes, tag, lastModified, software, sha256 }: FileVersion): void {
    this.#grow(row + 1);
    [bytes, tag, lastModified, software].forEach((value, i) => {
      this.#numbers[row * STRIDE + i] = value ?? NaN;
    });
    const digest = this.#digest(row);
    if (sha256 === undefined) digest.fill(0);
    else digest.setFromHex(sha256);
  }

  /** The version of a row that was set. */
  get(row: number): FileVersion {
    const [bytes, tag, lastModified, software] = Array.from(
      this.#numbers.subarray(row * STRIDE, (row + 1) * STRIDE),
      (value) => Number.isNaN(value) ? undefined : value,
    );
    const digest = this.#digest(row);
    const sha256 = digest.some((it) => it !== 0) ? digest.toHex() : undefined;
    return { bytes, tag, lastModified, software, sha256 };
  }

  /** The size in bytes of the version of a row, if it is known. */
  bytesOf(row: number): number | undefined {
    const bytes = this.#numbers[row * STRIDE]!;
    return Number.isNaN(bytes) ? undefined : bytes;
  }

  #digest(row: number): Uint8Array {
    return this.#digests.subarray(row * DIGEST_BYTES, (row + 1) * DIGEST_BYTES);
  }

  #grow(rows: number): void {
    if (rows * STRIDE <= this.#numbers.length) return;
    const most = Math.max(rows, 2 * this.#numbers.length / STRIDE);
    const numbers = new Float64Array(most * STRIDE);
    numbers.set(this.#numbers);
    this.#numbers = numbers;
    const digests = new Uint8Array(most * DIGEST_BYTES);
    digests.set(this.#digests);
    this.#digests = digests;
  }
}
