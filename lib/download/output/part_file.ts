import { DownloadError, type PieceError } from "../download_error.ts";
import { attempt, codeOf, fileErrors, fileErrorsSync } from "./file_error.ts";
import { Joints } from "./joints.ts";
import {
  askedFrom,
  type Joint,
  OVERLAP_BYTES,
  type Representation,
  type ResumePoint,
} from "./resume.ts";
import { type Leftover, NOTHING, type Output, type OutputOptions, type Placed } from "./output.ts";
import { forgetPart, PartRecord, type Pieces } from "./part_record.ts";
import { Placement } from "./place_file.ts";

/** How much is read at a time. */
const PIECE_BYTES = 512 * 1024;

/** How much of an earlier run is checked before others have their turn. */
const TURN_BYTES = 16 * 1024 * 1024;

/** A file for the first part of a content, open and locked. */
export interface OpenPart {
  readonly partName: string;
  readonly file: Deno.FsFile;
  /** Whether it is left from before. */
  readonly isOld: boolean;
  /** Whether the file system has no locks. */
  readonly lacksLock: boolean;
}

/**
 * A file that appears under its name only when it is whole: until then it grows as `NAME.part`
 * beside it, locked against a second download of the same name. What its bytes are of stands in
 * `NAME.part.json`, and how many are surely written: a download that was killed can be gone on with.
 */
export class PartFile implements Output {
  readonly #name: string;
  readonly #partName: string;
  readonly #options: OutputOptions;
  readonly #file: Deno.FsFile;
  readonly #record: PartRecord;
  /** Those before which bytes are still missing. */
  readonly #joints: Joints;
  /** Whether what is in the file is left from before, and not known to us. */
  #isOld: boolean;
  /** Why what is left from before is not gone on with. */
  #whyAnew: string | undefined;
  readonly #placement: Placement;
  #isPlaced = false;

  private constructor(name: string, options: OutputOptions, opened: OpenPart) {
    this.#name = name;
    this.#partName = opened.partName;
    this.#options = options;
    this.#file = opened.file;
    this.#record = new PartRecord(opened.partName, options.url, options.identity);
    this.#joints = new Joints({
      pieces: () => this.#record.pieces,
      read: (from, to) => this.#read(from, to),
    });
    this.#isOld = opened.isOld;
    this.#placement = new Placement(name, opened.partName, options);
    if (opened.lacksLock) this.#placement.lack("a lock");
  }

  /** Takes over a file that is open and locked, and goes on with what an earlier run left there. */
  static async take(name: string, options: OutputOptions, opened: OpenPart): Promise<PartFile> {
    const part = new PartFile(name, options, opened);
    // Meanwhile it is no more readable than the file that it will replace.
    const { mode } = options.replaced ?? {};
    if (mode) await attempt(() => Deno.chmodSync(opened.partName, (mode % 0o1000) | 0o600));
    if (opened.isOld) await part.#resume();
    return part;
  }

  get partName(): string {
    return this.#partName;
  }

  get position(): number {
    return this.#record.pieces.prefix;
  }

  get received(): number {
    return this.#record.pieces.size;
  }

  /** Whether bytes are missing between others. */
  get hasHoles(): boolean {
    return this.received > this.position;
  }

  get resumePoint(): ResumePoint | undefined {
    return this.#record.resumePoint;
  }

  get canBegin(): boolean {
    return true;
  }

  begin(representation: Representation): void {
    if (this.#isOld && this.#whyAnew !== undefined) {
      this.#options.onNotice?.(`starting over: ${this.#whyAnew}`);
    }
    fileErrorsSync(this.#partName, () => {
      // A record of what is no more proves nothing of an empty file; without it a part that could
      // not be emptied would be nobody's.
      this.#truncate(0);
      this.#record.remove();
    });
    this.#record.reset(0, representation);
    this.#options.pieces?.restart();
    this.#joints.clear();
  }

  /**
   * From now on bytes may come in any order, up to where the content begins anew. What is behind a
   * hole gives up its first bytes: they come again, and are compared where it begins then. Not so if
   * the digests of pieces tell what belongs together.
   *
   * @returns what is there, then and later
   * @throws {DownloadError} `file`
   */
  scatter(): Pieces {
    const { pieces } = this.#record;
    this.#record.scatter();
    this.#joints.clear();
    if (this.#options.pieces !== undefined) return pieces;
    fileErrorsSync(this.#partName, () => {
      const later = pieces.list.filter(([first]) => first > 0);
      for (const [first, end] of later) {
        const position = Math.min(end, first + OVERLAP_BYTES);
        if (position < end) {
          const before = this.#read(first, position);
          this.#joints.add({ position, before, server: undefined });
        }
        pieces.remove(first, position);
      }
      // Before anything else stands where they were.
      if (later.length > 0) this.#record.write();
    });
    return pieces;
  }

  /**
   * What will be written behind a joint is from another answer than what is, or will be, before it.
   *
   * @returns whether both go together, as far as can be told by now
   * @throws {DownloadError} `file`
   */
  join(joint: Joint): boolean {
    if (this.#options.pieces !== undefined) return true;
    return fileErrorsSync(this.#partName, () => this.#joints.join(joint));
  }

  /**
   * Writes all of the bytes at a position, once `scatter` was called.
   *
   * @returns where they, or those before them, meet what does not go with them: from there on all is
   * forgotten, and so is whatever is behind a hole, and no more may be written so
   * @throws {DownloadError} `file`
   * @throws {PieceError} if they complete a piece that is not what it should be; it is missing again
   */
  writeAt(bytes: Uint8Array, position: number): Joint | undefined {
    const broken = this.#writeAt(bytes, position);
    const bad = this.#badPieces(position, position + bytes.length);
    if (bad === undefined) return broken;
    this.#discard(bad);
    throw bad;
  }

  #writeAt(bytes: Uint8Array, position: number): Joint | undefined {
    return fileErrorsSync(this.#partName, () => {
      this.#file.seekSync(position, Deno.SeekMode.Start);
      for (let rest = bytes; rest.length > 0;) {
        rest = rest.subarray(this.#file.writeSync(rest));
      }
      const { pieces } = this.#record;
      pieces.add(position, position + bytes.length);
      const broken = this.#joints.takeBroken();
      if (broken !== undefined) {
        this.#forgetBehind(Math.min(broken.position, pieces.prefix));
        return broken;
      }
      this.#record.writeIfDue();
      return undefined;
    });
  }

  /** What is wrong with the pieces that bytes have completed; undefined for nothing. */
  #badPieces(first: number, end: number): PieceError | undefined {
    const check = this.#options.pieces;
    if (check === undefined) return undefined;
    const { pieces } = this.#record;
    const read = (from: number, to: number) => this.#pieceOf(from, to);
    return fileErrorsSync(this.#partName, () => {
      const bad = check.check(first, end, (a, b) => pieces.has(a, b), read);
      this.#file.seekSync(this.position, Deno.SeekMode.Start);
      return bad;
    });
  }

  *#pieceOf(from: number, to: number): Generator<Uint8Array> {
    for (let at = from; at < to; at += PIECE_BYTES) {
      yield this.#read(at, Math.min(to, at + PIECE_BYTES));
    }
  }

  /** These bytes are to come again. */
  #discard({ ranges }: PieceError): void {
    const { pieces } = this.#record;
    fileErrorsSync(this.#partName, () => {
      for (const [first, end] of ranges) pieces.remove(first, end);
      this.#record.write();
    });
  }

  #forgetBehind(position: number): void {
    this.#record.remove(); // First: it may tell of what is no more.
    this.#truncate(position);
    this.#record.reset(position);
    this.#joints.clear();
    if (position > 0) this.#record.write();
  }

  tail(): Uint8Array {
    const { position } = this;
    return fileErrorsSync(this.#partName, () => {
      const bytes = this.#read(askedFrom(position), position);
      this.#file.seekSync(position, Deno.SeekMode.Start);
      return bytes;
    });
  }

  /** The bytes from a position up to another, as far as the file goes. */
  #read(from: number, to: number): Uint8Array {
    const bytes = new Uint8Array(to - from);
    this.#file.seekSync(from, Deno.SeekMode.Start);
    for (let rest = bytes; rest.length > 0;) {
      const count = this.#file.readSync(rest);
      if (count === null) throw new DownloadError("file", `${this.#partName} has become shorter`);
      rest = rest.subarray(count);
    }
    return bytes;
  }

  /**
   * Synchronously, so that no byte goes by way of a thread: 1 GiB took 16 % less time. Only a
   * file is written so, for it never waits on a reader, and a piece is no more than one read brought.
   */
  write(bytes: Uint8Array): undefined {
    fileErrorsSync(this.#partName, () => {
      for (let rest = bytes; rest.length > 0;) {
        const written = this.#file.writeSync(rest);
        const { position } = this;
        this.#record.pieces.add(position, position + written);
        rest = rest.subarray(written);
      }
      this.#record.writeIfDue();
    });
    const bad = this.#badPieces(this.position - bytes.length, this.position);
    if (bad === undefined) return;
    // What follows has only just arrived: it is not worth a hole.
    fileErrorsSync(this.#partName, () => this.#forgetBehind(bad.ranges[0]![0]));
    throw bad;
  }

  async *content(from = 0): AsyncGenerator<Uint8Array> {
    const buffer = new Uint8Array(PIECE_BYTES);
    this.#file.seekSync(from, Deno.SeekMode.Start);
    for (let position = from; position < this.position;) {
      const room = buffer.subarray(0, Math.min(buffer.length, this.position - position));
      const count = await fileErrors(this.#partName, () => this.#file.read(room));
      if (count === null) throw new DownloadError("file", `${this.#partName} has become shorter`);
      position += count;
      yield room.subarray(0, count);
    }
    this.#file.seekSync(this.position, Deno.SeekMode.Start);
  }

  async complete(modifiedAt?: number, proposed?: string): Promise<Placed> {
    const placement = this.#placement;
    const placed = await fileErrors(this.#name, async () => {
      if (modifiedAt !== undefined) {
        await placement.attempt("its time", () => this.#file.utimeSync(modifiedAt, modifiedAt));
      }
      await placement.attempt("to be forced to the disk", () => this.#file.sync());
      return await placement.place(proposed);
    });
    placement.tellLacks();
    if (placed === "taken") return placed;
    this.#isPlaced = true;
    this.#file.close();
    this.#forgetRecords(placed === "proposed" ? proposed! : this.#name);
    return placed;
  }

  /** The file is whole: a record that stays beside it does no harm, and is replaced by the next. */
  #forgetRecords(name: string): void {
    try {
      this.#record.remove();
      forgetPart(name);
    } catch (error) {
      if (codeOf(error) === "") throw error;
      this.#options.onNotice?.(`${this.#partName}.json could not be removed`);
    }
  }

  abandon(mustStay = false): Leftover {
    if (this.#isPlaced) return { kind: "whole", proposed: this.#placement.progress.proposed };
    const leftover = this.#leave(mustStay);
    this.#file.close();
    return leftover;
  }

  #leave(mustStay: boolean): Leftover {
    const links = this.#linksOfPart();
    const { hasBegun, isOverwriting, proposed } = this.#placement.progress;
    const isWhole = hasBegun && links !== 1;
    const isOverwritten = isOverwriting && !isWhole;
    let stays = this.#isOld || isOverwritten ||
      (!isWhole && this.received > 0 && (mustStay || this.resumePoint !== undefined));
    try {
      if (stays && !this.#isOld) this.#record.write();
    } catch {
      // The disk may be full: the record before is as true, and goes less far.
    }
    try {
      if (stays) this.#record.close();
      else {
        this.#record.remove();
        if (links > 0) Deno.removeSync(this.#partName);
      }
    } catch {
      stays = true;
    }
    if (isWhole) return { kind: "whole", proposed };
    const { obstacle } = this.#record;
    if (isOverwritten) return { kind: "overwritten", hasPart: true, obstacle };
    return stays && !this.#isOld ? { kind: "part", obstacle } : NOTHING;
  }

  /** How many names the part file has; none once it has been moved. */
  #linksOfPart(): number {
    try {
      const [file, found] = [this.#file.statSync(), Deno.lstatSync(this.#partName)];
      return found.ino === file.ino && found.dev === file.dev ? file.nlink ?? 1 : 0;
    } catch (error) {
      return error instanceof Deno.errors.NotFound ? 0 : 1;
    }
  }

  /** Goes on with what an earlier run left, if that may be. */
  async #resume(): Promise<void> {
    const { size } = await this.#file.stat();
    if (size === 0) return;
    this.#whyAnew = this.#options.mayContinue
      ? await this.#record.recall(size)
      : `without --continue the ${size} bytes of ${this.#partName} are written anew`;
    if (this.#whyAnew !== undefined) return;
    this.#isOld = false;
    await this.#checkEarlier();
    const { length, isScattered } = this.#record;
    if (!isScattered) this.#truncate(this.position);
    else if (size > length!) this.#file.truncateSync(length!);
  }

  /** Checks the pieces that an earlier run left. */
  async #checkEarlier(): Promise<void> {
    const { pieces, onNotice } = this.#options;
    if (pieces === undefined) return;
    const { delay } = await import("@std/async/delay");
    const damaged: PieceError[] = [];
    for (let at = 0; at < this.#record.length!; at += TURN_BYTES) {
      const bad = this.#badPieces(at, at + TURN_BYTES);
      if (bad !== undefined) damaged.push(bad);
      await delay(0); // Other downloads go on meanwhile.
    }
    if (damaged.length === 0) return;
    for (const bad of damaged) this.#discard(bad);
    if (this.hasHoles) this.#record.scatter();
    onNotice?.(`${this.#partName}: ${damaged[0]!.message}: it comes again`);
  }

  #truncate(position: number): void {
    this.#file.truncateSync(position);
    this.#file.seekSync(position, Deno.SeekMode.Start);
    this.#isOld = false;
  }
}
