import { DownloadError, fileErrors, fileErrorsSync } from "./download_error.ts";
import {
  askedFrom,
  isSameTail,
  type Joint,
  OVERLAP_BYTES,
  type Representation,
  type ResumePoint,
  resumePointOf,
} from "./resume.ts";
import { type Leftover, NOTHING, type Output, type OutputOptions, type Placed } from "./output.ts";
import { type OpenPart, openPart } from "./part_name.ts";
import type { Pieces } from "./segments.ts";
import { attempt, Placement } from "./place_file.ts";
import { type PartRecord, SideFile } from "./side_file.ts";

/** How much is written before the side file is, in octets, or as a fraction of the whole. */
const RECORD_BYTES = 64 * 1024;
const RECORD_FRACTION = 1 / 256;

/** How much is read at a time. */
const PIECE_BYTES = 512 * 1024;

/**
 * A file that appears under its name only when it is whole: until then it grows as `NAME.part`
 * beside it, locked against a second download of the same name. What its octets are of stands in
 * `NAME.part.json`, and how many are surely written: a download that was killed can be gone on with.
 */
export class PartFile implements Output {
  readonly #name: string;
  readonly #partName: string;
  readonly #options: OutputOptions;
  readonly #file: Deno.FsFile;
  readonly #side: SideFile;
  #representation: Representation | undefined;
  #position = 0;
  /** What is there, where it does not come in its order. */
  #pieces: Pieces | undefined;
  /** Those before which octets are still missing. */
  #joints: Joint[] = [];
  /** As far as the side file goes; undefined while there is none of ours. */
  #recorded: number | undefined;
  /** Whether what is in the file is left from before, and not known to us. */
  #isOld: boolean;
  /** Why what is left from before is not gone on with. */
  #whyAnew = "";
  readonly #placement: Placement;
  #isPlaced = false;

  private constructor(name: string, options: OutputOptions, opened: OpenPart) {
    this.#name = name;
    this.#partName = opened.partName;
    this.#options = options;
    this.#file = opened.file;
    this.#side = new SideFile(opened.partName);
    this.#isOld = opened.isOld;
    this.#placement = new Placement(name, opened.partName, options);
    if (opened.lacksLock) this.#placement.lack("a lock");
  }

  /**
   * Opens the part file of that name, and locks it.
   *
   * @throws {DownloadError} `file`, when it cannot be written or another download is writing it
   */
  static async open(name: string, options: OutputOptions): Promise<PartFile> {
    return await fileErrors(`${name}.part`, async () => {
      const opened = openPart(name, options);
      const { partName, file, isOld } = opened;
      try {
        const part = new PartFile(name, options, opened);
        // Meanwhile it is no more readable than the file that it will replace.
        const { mode } = options.replaced ?? {};
        if (mode) await attempt(() => Deno.chmodSync(partName, (mode % 0o1000) | 0o600));
        if (isOld) await part.#continue();
        return part;
      } catch (error) {
        file.close();
        throw error;
      }
    });
  }

  get partName(): string {
    return this.#partName;
  }

  get position(): number {
    return this.#position;
  }

  get received(): number {
    return this.#pieces?.octets ?? this.#position;
  }

  /** Whether octets are missing between others. */
  get hasHoles(): boolean {
    return this.received > this.#position;
  }

  get kept(): ResumePoint | undefined {
    return resumePointOf(this.#representation, this.#position, this.received);
  }

  get canBegin(): boolean {
    return true;
  }

  begin(representation: Representation): void {
    if (this.#isOld && this.#whyAnew !== "") {
      this.#options.onNotice?.(`starting over: ${this.#whyAnew}`);
    }
    fileErrorsSync(this.#partName, () => {
      // First, or a part of one content could be taken for one of another.
      this.#side.remove();
      this.#goTo(0);
    });
    this.#representation = representation;
    this.#pieces = undefined;
    this.#joints = [];
    this.#recorded = undefined;
  }

  /**
   * From now on octets may come in any order, up to where the content begins anew. What is behind a
   * hole gives up its first octets: they come again, and are compared where it begins then.
   *
   * @param fresh takes note of what is there, unless something does already
   * @returns what does
   * @throws {DownloadError} `file`
   */
  scatter(fresh: Pieces): Pieces {
    if (this.#pieces === undefined) fresh.add(0, this.#position);
    const pieces = this.#pieces ??= fresh;
    this.#joints = [];
    fileErrorsSync(this.#partName, () => {
      const later = pieces.list.filter(([first]) => first > 0);
      for (const [first, end] of later) {
        const position = Math.min(end, first + OVERLAP_BYTES);
        if (position < end) {
          const before = this.#read(first, position);
          this.#joints.push({ position, before, server: undefined });
        }
        pieces.remove(first, position);
      }
      // Before anything else stands where they were.
      if (later.length > 0) this.#record();
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
    if (!this.#isDue(joint)) return this.#joints.push(joint) > 0;
    return fileErrorsSync(this.#partName, () => this.#holds(joint));
  }

  /**
   * Writes all of the octets at a position, once `scatter` was called.
   *
   * @returns where they, or those before them, meet what does not go with them: from there on all is
   * forgotten, and so is whatever is behind a hole, and no more may be written so
   * @throws {DownloadError} `file`
   */
  writeAt(octets: Uint8Array, position: number): Joint | undefined {
    return fileErrorsSync(this.#partName, () => {
      this.#file.seekSync(position, Deno.SeekMode.Start);
      for (let rest = octets; rest.length > 0;) {
        rest = rest.subarray(this.#file.writeSync(rest));
      }
      this.#pieces!.add(position, position + octets.length);
      const broken = this.#brokenJoint();
      if (broken !== undefined) {
        this.#forgetBehind(Math.min(broken.position, this.#pieces!.prefix));
        return broken;
      }
      this.#position = this.#pieces!.prefix;
      this.#recordIfDue();
      return undefined;
    });
  }

  /** The first joint that does not hold, of those that can be told by now; none of them stays. */
  #brokenJoint(): Joint | undefined {
    const due = this.#joints.filter((it) => this.#isDue(it));
    if (due.length > 0) this.#joints = this.#joints.filter((it) => !due.includes(it));
    return due.find((it) => !this.#holds(it));
  }

  /** Whether what a joint is compared with is there. */
  #isDue({ position, before }: Joint): boolean {
    return this.#pieces!.has(position - before.length, position);
  }

  #holds({ position, before }: Joint): boolean {
    return isSameTail(before, this.#read(position - before.length, position));
  }

  #forgetBehind(position: number): void {
    this.#side.remove(); // First: it may tell of what is no more.
    this.#goTo(position);
    this.#pieces = undefined;
    this.#joints = [];
    this.#recorded = undefined;
    if (position > 0) this.#record();
  }

  tail(): Uint8Array {
    const { position } = this;
    return fileErrorsSync(this.#partName, () => {
      const octets = this.#read(askedFrom(position), position);
      this.#file.seekSync(position, Deno.SeekMode.Start);
      return octets;
    });
  }

  /** The octets from a position up to another, as far as the file goes. */
  #read(from: number, to: number): Uint8Array {
    const octets = new Uint8Array(to - from);
    this.#file.seekSync(from, Deno.SeekMode.Start);
    for (let rest = octets; rest.length > 0;) {
      const count = this.#file.readSync(rest);
      if (count === null) throw new DownloadError("file", `${this.#partName} has become shorter`);
      rest = rest.subarray(count);
    }
    return octets;
  }

  /**
   * Synchronously, so that no octet goes by way of a thread: 1 GiB took 16 % less time. Only a
   * file is written so, for it never waits on a reader, and a piece is no more than one read brought.
   */
  write(octets: Uint8Array): undefined {
    fileErrorsSync(this.#partName, () => {
      for (let rest = octets; rest.length > 0;) {
        const written = this.#file.writeSync(rest);
        this.#position += written;
        rest = rest.subarray(written);
      }
      this.#pieces?.add(0, this.#position);
      this.#recordIfDue();
    });
  }

  async *octets(): AsyncGenerator<Uint8Array> {
    const buffer = new Uint8Array(PIECE_BYTES);
    this.#file.seekSync(0, Deno.SeekMode.Start);
    for (let position = 0; position < this.#position;) {
      const room = buffer.subarray(0, Math.min(buffer.length, this.#position - position));
      const count = await fileErrors(this.#partName, () => this.#file.read(room));
      if (count === null) throw new DownloadError("file", `${this.#partName} has become shorter`);
      position += count;
      yield room.subarray(0, count);
    }
    this.#file.seekSync(this.#position, Deno.SeekMode.Start);
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
    this.#side.remove();
    this.#file.close();
    forgetPart(placed === "proposed" ? proposed! : this.#name);
    return placed;
  }

  abandon(mustStay = false): Leftover {
    if (this.#isPlaced) return { kind: "whole", proposed: this.#placement.proposed };
    const leftover = this.#leave(mustStay);
    this.#file.close();
    return leftover;
  }

  #leave(mustStay: boolean): Leftover {
    const links = this.#linksOfPart();
    const { hasBegun, isOverwriting, proposed } = this.#placement;
    const isWhole = hasBegun && links !== 1;
    const isOverwritten = isOverwriting && !isWhole;
    let stays = this.#isOld || isOverwritten ||
      (!isWhole && this.received > 0 && (mustStay || this.kept !== undefined));
    try {
      if (stays && !this.#isOld) this.#record();
    } catch {
      // The disk may be full: the record before is as true, and goes less far.
    }
    try {
      if (stays) this.#side.close();
      else {
        this.#side.remove();
        if (links > 0) Deno.removeSync(this.#partName);
      }
    } catch {
      stays = true;
    }
    if (isWhole) return { kind: "whole", proposed };
    const obstacle = this.#obstacle();
    if (isOverwritten) return { kind: "overwritten", hasPart: true, obstacle };
    return stays && !this.#isOld ? { kind: "part", obstacle } : NOTHING;
  }

  /** Why what is here cannot be resumed; undefined if it can. */
  #obstacle(): string | undefined {
    const { entityTag, length } = this.#representation ?? {};
    if (entityTag === undefined) return "its server names no strong ETag";
    if (length === undefined) return "its server does not say how long it is";
    return this.#recorded === undefined ? "nothing could be written beside it" : undefined;
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

  /** Goes on with what is there, as far as it is known. */
  async #continue(): Promise<void> {
    const { size } = await this.#file.stat();
    if (size === 0) return;
    const part = this.#partName;
    if (!this.#options.mayContinue) {
      this.#whyAnew = `without --continue the ${size} bytes of ${part} are written anew`;
      return;
    }
    const record = await this.#side.read();
    if (record === undefined) {
      this.#whyAnew = `nothing can prove what the ${size} bytes of ${part} are of`;
      return;
    }
    // A query may be a signature, another one each time: If-Range, and what is compared before the
    // joint, show that the content is the same.
    if (withoutQuery(record.url) !== withoutQuery(this.#options.url)) {
      this.#whyAnew = `${part} is of ${record.url}`;
      return;
    }
    const { entityTag, length, written, pieces } = record;
    this.#representation = { entityTag, length };
    if (pieces !== undefined && await this.#continueScattered(record, size)) return;
    // One octet at least is left to be asked for: its answer proves that the content is the same.
    this.#goTo(Math.max(0, Math.min(size, written, length - 1)));
    this.#recorded = this.#position;
  }

  /** Goes on with what did not come in its order, if there is some of it. */
  async #continueScattered(record: PartRecord, size: number): Promise<boolean> {
    const { length, written, pieces = [] } = record;
    const { Pieces } = await import("./segments.ts");
    const all = new Pieces([[0, written], ...pieces.filter(([, end]) => end <= size)]);
    if (written > size || all.octets === all.prefix) return false;
    if (size > length) this.#file.truncateSync(length);
    this.#pieces = all;
    this.#position = all.prefix;
    this.#recorded = all.octets;
    this.#isOld = false;
    return true;
  }

  #goTo(position: number): void {
    this.#file.truncateSync(position);
    this.#file.seekSync(position, Deno.SeekMode.Start);
    this.#position = position;
    this.#isOld = false;
  }

  #recordIfDue(): void {
    const { length = Infinity } = this.#representation ?? {};
    const { received } = this;
    // The first at once, so that it has its place on a disk that will be full; none for what
    // arrives in one piece.
    const due = this.#recorded === undefined
      ? 0
      : this.#recorded + Math.max(RECORD_BYTES, length * RECORD_FRACTION); // Infinity: once.
    if (received < length && received >= due) this.#record();
  }

  #record(): void {
    const { entityTag, length } = this.#representation ?? {};
    if (entityTag === undefined || length === undefined) return this.#side.mark(this.#options.url);
    const written = this.#position;
    const pieces = this.#pieces?.list.filter(([first]) => first > 0);
    const { url } = this.#options;
    this.#side.write({ url, entityTag, length, written, ...(pieces && { pieces }) });
    this.#recorded = this.received;
  }
}

function withoutQuery(url: string): string {
  return url.split("?", 1)[0]!;
}

/** What stood under that name may have been a part file: it is one no more. */
function forgetPart(name: string): void {
  if (!name.endsWith(".part")) return;
  const side = new SideFile(name);
  if (side.owner() === "ours") side.remove();
}
