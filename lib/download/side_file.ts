import { ifFound, ignoreNotFound } from "./download_error.ts";
import type { Piece } from "./segments.ts";
import { isUsableTag } from "./resume.ts";

/** What stands beside a part file: what its octets are of, so that the rest can be asked for. */
export interface PartRecord {
  /** The URL as it was typed. */
  readonly url: string;
  /** The strong ETag of the content. */
  readonly entityTag: string;
  /** Of the whole content, in octets. */
  readonly length: number;
  /** How many octets of it were surely written to the part file, from its start. */
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
export function formatRecord({ written, pieces, ...rest }: PartRecord): string {
  const text = JSON.stringify(rest);
  const start = `${text.slice(0, -1)},"written":${String(written).padStart(DIGITS)}`;
  if (pieces === undefined) return `${start}}\n`;
  const list = JSON.stringify(pieces.slice(0, MOST_PIECES));
  return `${start},"pieces":${list.padEnd(PIECES_ROOM)}}\n`;
}

/** The record that a text is; undefined for anything that is not wholly one. */
export function parseRecord(text: string): PartRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { url, entityTag, length, written, pieces } = value as Record<keyof PartRecord, unknown>;
  if (typeof url !== "string" || typeof entityTag !== "string") return undefined;
  if (!isUsableTag(entityTag)) return undefined;
  if (!isCount(length) || !isCount(written) || written > length) return undefined;
  if (pieces === undefined) return { url, entityTag, length, written };
  return isPieces(pieces, length) ? { url, entityTag, length, written, pieces } : undefined;
}

/** Whether a text is what `SideFile.mark` writes. */
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

/**
 * The small file beside a part file. It is written in place, in one call of the system: whoever
 * kills this process leaves the record before or the one after.
 */
export class SideFile {
  readonly #path: string;
  #file: Deno.FsFile | undefined;

  /** Beside the part file of that path. */
  constructor(partPath: string) {
    this.#path = `${partPath}.json`;
  }

  /** Who has written what stands there: these words are ours alone. */
  owner(): "ours" | "others" | undefined {
    const found = ifFound(() => Deno.lstatSync(this.#path));
    if (found === undefined) return undefined;
    if (!found.isFile) return "others";
    const text = ifFound(() => Deno.readTextFileSync(this.#path)) ?? "";
    return text === "" || isMark(text) || parseRecord(text) !== undefined ? "ours" : "others";
  }

  /** Says that the part file is ours, where nothing can be said that it could be gone on by. */
  mark(url: string): void {
    if (this.#file !== undefined) return;
    this.#open();
    this.#file!.writeSync(new TextEncoder().encode(`${JSON.stringify({ url, written: 0 })}\n`));
  }

  /** What stands there; undefined when there is nothing of use. */
  async read(): Promise<PartRecord | undefined> {
    const text = await Deno.readTextFile(this.#path).catch(ignoreNotFound);
    return text === undefined ? undefined : parseRecord(text);
  }

  /** Writes a record over the one before. The file is always one that we made. */
  write(record: PartRecord): void {
    if (this.#file === undefined) this.#open();
    this.#file!.seekSync(0, Deno.SeekMode.Start);
    this.#file!.writeSync(new TextEncoder().encode(formatRecord(record)));
  }

  #open(): void {
    this.remove();
    this.#file = Deno.openSync(this.#path, { write: true, createNew: true });
  }

  /** From now on nothing can be gone on with. */
  remove(): void {
    this.close();
    try {
      Deno.removeSync(this.#path);
    } catch (error) {
      ignoreNotFound(error);
    }
  }

  /** Leaves what stands there. */
  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }
}
