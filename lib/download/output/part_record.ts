import { ifFound, ignoreNotFound } from "./file_error.ts";
import {
  isIdentity,
  isUsableTag,
  type Representation,
  type ResumePoint,
  resumePointOf,
} from "./resume.ts";

/** Bytes from a position up to, and without, another. */
export type Piece = readonly [first: number, end: number];

/** Which bytes of a content are there, when they did not come in their order. Pure. */
export class Pieces {
  /** In ascending order, none touching the next. */
  #list: readonly Piece[] = [];

  /** These are there, in any order. */
  constructor(list: Iterable<Piece> = []) {
    for (const [first, end] of list) this.add(first, end);
  }

  /** Those that are there: in ascending order, none touching the next. */
  get list(): readonly Piece[] {
    return this.#list;
  }

  /** How many bytes are there in all. */
  get size(): number {
    return this.#list.reduce((sum, [first, end]) => sum + end - first, 0);
  }

  /** How many are there from the start on, with none missing. */
  get prefix(): number {
    const [first, end] = this.#list[0] ?? [0, 0];
    return first === 0 ? end : 0;
  }

  add(first: number, end: number): void {
    if (first >= end) return;
    const before = this.#list.filter((it) => it[1] < first);
    const behind = this.#list.filter((it) => it[0] > end);
    const touching = this.#list.slice(before.length, this.#list.length - behind.length);
    const from = Math.min(first, ...touching.map((it) => it[0]));
    const to = Math.max(end, ...touching.map((it) => it[1]));
    this.#list = [...before, [from, to], ...behind];
  }

  remove(first: number, end: number): void {
    this.#list = this.#list.flatMap(([a, b]): Piece[] => [[a, Math.min(b, first)], [
      Math.max(a, end),
      b,
    ]]).filter(([a, b]) => a < b);
  }

  has(first: number, end: number): boolean {
    return this.#list.some((it) => it[0] <= first && end <= it[1]);
  }

  /** What is missing of a content of that length, in ascending order. */
  holes(length: number): Piece[] {
    const firsts = [0, ...this.#list.map(([, end]) => end)];
    const ends = [...this.#list.map(([first]) => first), length];
    return firsts.map((first, i) => [first, ends[i]!] as const).filter(([a, b]) => a < b);
  }
}

/** What stands in the file beside a part file, so that the rest can be asked for. */
export interface StoredRecord {
  /** The URL as it was typed. */
  readonly url: string;
  /** Undefined where there is an identity. */
  readonly entityTag?: string;
  /** What the content was known by beforehand; undefined where there is an ETag. */
  readonly identity?: string;
  readonly length: number;
  /** How many bytes of it were surely written to the part file, from its start. */
  readonly written: number;
  /** Which were written behind those, when they did not come in their order. */
  readonly pieces?: readonly Piece[];
}

/** The most digits of a safe integer: every record of one content has the same length. */
const DIGITS = 16;

/** More pieces are not recorded: what is not will be asked for again. */
const MOST_PIECES = 48;

/** What all pieces take, with their brackets and commas. */
const PIECES_ROOM = MOST_PIECES * (2 * DIGITS + 4) + 1;

/**
 * A record as one line of JSON; records that differ in `written` alone, or in `pieces`, are of equal
 * length.
 */
export function formatRecord({ written, pieces, ...rest }: StoredRecord): string {
  const text = JSON.stringify(rest);
  const start = `${text.slice(0, -1)},"written":${String(written).padStart(DIGITS)}`;
  if (pieces === undefined) return `${start}}\n`;
  const list = JSON.stringify(pieces.slice(0, MOST_PIECES));
  return `${start},"pieces":${list.padEnd(PIECES_ROOM)}}\n`;
}

/** The record that a text is; undefined for anything that is not wholly one. */
export function parseRecord(text: string): StoredRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { url, entityTag, identity, length, written, pieces } = value as Record<
    keyof StoredRecord,
    unknown
  >;
  const known = entityTag === undefined
    ? typeof identity === "string" && isIdentity(identity) ? { identity } : undefined
    : typeof entityTag === "string" && isUsableTag(entityTag)
    ? { entityTag }
    : undefined;
  if (typeof url !== "string" || known === undefined) return undefined;
  if (!isCount(length) || !isCount(written) || written > length) return undefined;
  if (pieces === undefined) return { url, ...known, length, written };
  return isPieces(pieces, length) ? { url, ...known, length, written, pieces } : undefined;
}

/** Whether a text is what `PartRecord.#mark` writes. */
function isMark(text: string): boolean {
  return /^\{"url":"[^\n]*","written":0\}\n$/.test(text);
}

function isPieces(value: unknown, length: number): value is Piece[] {
  return Array.isArray(value) &&
    value.every((piece) =>
      Array.isArray(piece) && piece.length === 2 && piece.every(isCount) &&
      piece[0]! < piece[1]! && piece[1]! <= length
    );
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** How much comes before the record is written again, in bytes, or as a fraction of the whole. */
const RECORD_BYTES = 64 * 1024;
const RECORD_FRACTION = 1 / 256;

/** What stands beside a part file: a record, which only this client writes so, or anything else. */
export function recordOwner(partName: string): "ours" | "others" | undefined {
  const path = `${partName}.json`;
  const found = ifFound(() => Deno.lstatSync(path));
  if (found === undefined) return undefined;
  if (!found.isFile) return "others";
  const text = ifFound(() => Deno.readTextFileSync(path)) ?? "";
  return text === "" || isMark(text) || parseRecord(text) !== undefined ? "ours" : "others";
}

/**
 * What a part file holds of which content: remembered here, and for later runs in a small file
 * beside it. That is written in place, in one call of the system: a process that is killed leaves
 * the record before or the one after.
 */
export class PartRecord {
  readonly #partName: string;
  readonly #url: string;
  readonly #identity: string | undefined;
  readonly #path: string;
  #file: Deno.FsFile | undefined;
  #representation: Representation | undefined;
  #pieces = new Pieces();
  #isScattered = false;
  /** As far as the file goes; undefined while there is none of ours. */
  #recorded: number | undefined;

  /** `url` is the one as typed; `identity` what the content is known by beforehand. */
  constructor(partName: string, url: string, identity?: string) {
    this.#partName = partName;
    this.#url = url;
    this.#identity = identity;
    this.#path = `${partName}.json`;
  }

  get pieces(): Pieces {
    return this.#pieces;
  }

  get isScattered(): boolean {
    return this.#isScattered;
  }

  get length(): number | undefined {
    return this.#representation?.length;
  }

  /** From where the rest can be asked for. */
  get resumePoint(): ResumePoint | undefined {
    return resumePointOf(this.#representation, this.#pieces.prefix, this.#pieces.size);
  }

  /** Why what is there cannot be resumed; undefined if it can. */
  get obstacle(): string | undefined {
    const { entityTag, length, identity } = this.#representation ?? {};
    if ((identity ?? entityTag) === undefined) return "its server names no strong ETag";
    if (length === undefined) return "its server does not say how long it is";
    return this.#recorded === undefined ? "nothing could be written beside it" : undefined;
  }

  /** So much is there, from the start, of this representation, and nothing else. */
  reset(position: number, representation: Representation | undefined = this.#representation): void {
    this.#representation = representation;
    this.#pieces = new Pieces([[0, position]]);
    this.#isScattered = false;
  }

  /** From now on bytes may come in any order. */
  scatter(): void {
    this.#isScattered = true;
  }

  /**
   * Remembers what an earlier run wrote.
   *
   * @param size that of the part file
   * @returns why it is not to be gone on with; undefined when it is
   */
  async recall(size: number): Promise<string | undefined> {
    const text = await Deno.readTextFile(this.#path).catch(ignoreNotFound);
    const stored = text === undefined ? undefined : parseRecord(text);
    if (stored === undefined) {
      return `nothing can prove what the ${size} bytes of ${this.#partName} are of`;
    }
    const { url, entityTag, identity, length, written, pieces } = stored;
    if (identity !== this.#identity) return `${this.#partName} was not begun with this digest`;
    // A query may be a signature, another one each time: If-Range, and what is compared before the
    // joint, show that the content is the same.
    const [path, ownPath] = [url, this.#url].map((it) => it.split("?", 1)[0]);
    if (path !== ownPath && identity === undefined) return `${this.#partName} is of ${url}`;
    const all = new Pieces([[0, written], ...(pieces ?? []).filter(([, end]) => end <= size)]);
    const isScattered = written <= size && all.size > all.prefix;
    // One byte at least is left to be asked for: its answer proves that the content is the same.
    const position = Math.max(0, Math.min(size, written, length - 1));
    this.reset(position, { entityTag, length, identity });
    if (isScattered) this.#pieces = all;
    this.#isScattered = isScattered;
    this.#recorded = this.#pieces.size;
    return undefined;
  }

  /** Writes the file if enough has come since it was written last. */
  writeIfDue(): void {
    const { length = Infinity } = this.#representation ?? {};
    const { size } = this.#pieces;
    // The first at once, so that it has its place on a disk that will be full; none for what
    // arrives in one piece.
    const due = this.#recorded === undefined
      ? 0
      : this.#recorded + Math.max(RECORD_BYTES, length * RECORD_FRACTION); // Infinity: once.
    if (size < length && size >= due) this.write();
  }

  /** Writes the file, over the record before. It is always one that we made. */
  write(): void {
    const { entityTag, length, identity } = this.#representation ?? {};
    const known = identity !== undefined ? { identity } : entityTag && { entityTag };
    if (!known || length === undefined) return this.#mark();
    const record = { url: this.#url, ...known, length, written: this.#pieces.prefix };
    const pieces = this.#pieces.list.filter(([first]) => first > 0);
    this.#put(formatRecord(this.#isScattered ? { ...record, pieces } : record));
    this.#recorded = this.#pieces.size;
  }

  /** Says that the part file is ours, where nothing can be said that it could be gone on by. */
  #mark(): void {
    if (this.#file !== undefined) return;
    this.#put(`${JSON.stringify({ url: this.#url, written: 0 })}\n`);
  }

  #put(text: string): void {
    if (this.#file === undefined) {
      this.remove();
      this.#file = Deno.openSync(this.#path, { write: true, createNew: true });
    }
    this.#file.seekSync(0, Deno.SeekMode.Start);
    this.#file.writeSync(new TextEncoder().encode(text));
  }

  /** Removes the file: what is in the part file is about to change. */
  remove(): void {
    this.close();
    this.#recorded = undefined;
    ifFound(() => Deno.removeSync(this.#path));
  }

  /** Leaves the file as it is. */
  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }
}

/** Removes the record beside a file that has taken the place of a part file. */
export function forgetPart(name: string): void {
  if (name.endsWith(".part") && recordOwner(name) === "ours") Deno.removeSync(`${name}.json`);
}
