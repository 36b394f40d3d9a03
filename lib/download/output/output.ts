import type { ResponseHead } from "../../http/response.ts";
import { DownloadError } from "../download_error.ts";
import { attempt, fileErrors, fileErrorsSync } from "./file_error.ts";
import { type NameClaims, splitPath } from "./file_name.ts";
import type { PieceCheck } from "./pieces.ts";
import { type Representation, type ResumePoint, resumePointOf, Tail } from "./resume.ts";

/**
 * Where a whole file is: under its own name, under the one that was proposed, or nowhere, since its
 * own is `taken` by a file that is to stay.
 */
export type Placed = "own" | "proposed" | "taken";

/** Where the content of a download goes. */
export interface Output {
  /** The file that keeps what has come until all has; undefined where there is none. */
  readonly partName?: string | undefined;
  /** Whether its length is usually not said, as of a listing: then that is no news. */
  readonly isOfAnyLength?: boolean;
  /** How many bytes of the content are there, from its start. */
  readonly position: number;
  /** How many are there in all: more than `position` when some are missing between others. */
  readonly received: number;
  /** From where the rest can be asked for; undefined when it cannot. */
  readonly resumePoint: ResumePoint | undefined;
  /** Whether the content can begin anew: nothing is there, or it can be taken back. */
  readonly canBegin: boolean;
  /**
   * An answer is to bring the content, or its rest.
   *
   * @throws {DownloadError} or {CodingError} if it is none that can be taken
   */
  expect?(head: ResponseHead): Promise<void>;
  /**
   * The content begins, of this representation; what was there before is of no use any more.
   *
   * @throws {DownloadError} `file`; or `network`, when what was written cannot be taken back
   */
  begin(representation: Representation): void;
  /**
   * Writes all of the bytes.
   *
   * @returns undefined when there is nothing to wait for
   * @throws {DownloadError} `file`
   * @throws {PieceError} if they complete a piece that is not what it should be
   */
  write(bytes: Uint8Array): Promise<void> | undefined;
  /** The last of the bytes from the start, as many as a joint is compared over. */
  tail(): Uint8Array;
  /** What is there of its start, from a position on; undefined where it cannot be read. */
  content(from?: number): AsyncIterable<Uint8Array> | undefined;
  /**
   * The content is whole. When it is `taken`, it is still to be abandoned.
   *
   * @param modifiedAt when the content was made, in seconds since 1970; undefined for now
   * @param proposed what a file is to be called in place of its own name, unless something is
   * @throws {DownloadError} `file`
   */
  complete(modifiedAt?: number, proposed?: string): Promise<Placed>;
  /**
   * The download has failed. What can be gone on with stays. Synchronous, for a process that is to
   * end at once. Never throws.
   *
   * @param mustStay whether to keep also what cannot be gone on with
   * @returns what is left
   */
  abandon(mustStay?: boolean): Leftover;
}

/** What a file was before its content is replaced. */
export interface Replaced extends Readonly<Pick<Deno.FileInfo, "mode" | "uid" | "gid">> {
  readonly isMountPoint: boolean;
}

/** How an output is opened. */
export interface OutputOptions {
  /** The URL as typed, by which a part file knows what it is part of. */
  readonly url: string;
  /** Whether to go on with what an earlier download left. */
  readonly mayContinue: boolean;
  /** Whether a file that is there in the end stays as it is. */
  readonly keepsExisting?: boolean;
  readonly replaced?: Replaced | undefined;
  /** The names of this run; undefined where it writes one file under its own name. */
  readonly claims?: NameClaims | undefined;
  readonly onNotice?: ((text: string) => void) | undefined;
  /** What the content is known by beforehand, as a record of a part holds it. */
  readonly identity?: string | undefined;
  /** Checks its pieces. */
  readonly pieces?: PieceCheck | undefined;
}

/** Why a part cannot be resumed; undefined if it can. */
type Obstacle = string | undefined;

/**
 * What a download leaves that did not come to its end:
 *
 * - `nothing`: what was there before is as it was
 * - `part`: a part file, which cannot be resumed if there is an obstacle
 * - `overwritten`: the file itself, partly overwritten; with a part file where all of the content is
 * - `whole`: the file itself, or one of a proposed name, with all of the content
 */
export type Leftover =
  | { readonly kind: "nothing" }
  | { readonly kind: "part"; readonly obstacle: Obstacle }
  | { readonly kind: "overwritten"; readonly hasPart: boolean; readonly obstacle?: Obstacle }
  | { readonly kind: "whole"; readonly proposed?: string | undefined };

/** Nothing is left. */
export const NOTHING: Leftover = { kind: "nothing" };

/**
 * The message about a leftover, in one line; undefined when nothing is left.
 */
export function leftoverLine(
  name: string,
  partName: string | undefined,
  received: number,
  leftover: Leftover,
): string | undefined {
  if (leftover.kind === "nothing") return undefined;
  if (leftover.kind === "whole") return `${leftover.proposed ?? name} is whole: ${received} bytes`;
  const { obstacle } = leftover;
  const part = shownPart(name, partName);
  const how = obstacle === undefined
    ? "the same command with --continue goes on with it"
    : `${obstacle}, so it cannot be gone on with`;
  if (leftover.kind === "part") return `${part} is kept, ${received} bytes: ${how}`;
  return leftover.hasPart
    ? `${name} is overwritten in part; ${part} is kept, all ${received} bytes: ${how}`
    : `${name} is overwritten in part, ${received} bytes: the same command begins anew`;
}

/** The path of a part file as messages show it, for a file that is named `name`. */
export function shownPart(name: string, partName: string | undefined): string {
  if (partName === undefined) return `${name}.part`;
  const [directory, fileName] = splitPath(name);
  const [, part] = splitPath(partName);
  return part.startsWith(fileName) ? directory + part : partName;
}

/** An output that takes bytes in their order alone, and cannot be read. */
export abstract class SequentialOutput implements Output {
  #representation: Representation | undefined;
  #position = 0;
  #tail = new Tail();

  /** `name` is what it is called in messages. */
  constructor(protected readonly name: string) {}

  get position(): number {
    return this.#position;
  }

  get received(): number {
    return this.#position;
  }

  get resumePoint(): ResumePoint | undefined {
    return resumePointOf(this.#representation, this.#position);
  }

  tail(): Uint8Array {
    return this.#tail.bytes;
  }

  content(): undefined {}

  expect(_head: ResponseHead): Promise<void> {
    return Promise.resolve();
  }

  begin(representation: Representation): void {
    this.#representation = representation;
    this.#position = 0;
    this.#tail = new Tail();
  }

  abstract readonly canBegin: boolean;
  abstract write(bytes: Uint8Array): Promise<void> | undefined;
  abstract complete(modifiedAt?: number): Promise<Placed>;
  abstract abandon(): Leftover;

  /** These were written. */
  protected note(bytes: Uint8Array): void {
    this.#position += bytes.length;
    this.#tail.add(bytes);
  }
}

/** Standard output, a device or a pipe: what is written there cannot be taken back. */
export class StreamOutput extends SequentialOutput {
  readonly #stream: { write(bytes: Uint8Array): Promise<number>; close(): void };

  constructor(name: string, stream: { write(bytes: Uint8Array): Promise<number>; close(): void }) {
    super(name);
    this.#stream = stream;
  }

  override get canBegin(): boolean {
    return this.position === 0;
  }

  override begin(representation: Representation): void {
    if (!this.canBegin) {
      throw new DownloadError(
        "network",
        `the content has changed, but ${this.name} has had ${this.position} bytes of it`,
      );
    }
    super.begin(representation);
  }

  override async write(bytes: Uint8Array): Promise<void> {
    await fileErrors(this.name, async () => {
      for (let rest = bytes; rest.length > 0;) {
        const written = await this.#stream.write(rest);
        this.note(rest.subarray(0, written));
        rest = rest.subarray(written);
      }
    });
  }

  override complete(): Promise<Placed> {
    this.abandon();
    return Promise.resolve("own");
  }

  override abandon(): Leftover {
    if (this.#stream !== Deno.stdout) this.#stream.close();
    return NOTHING;
  }
}

/**
 * A file whose directory may not be written: the content goes straight into it. What was there is
 * gone when content arrives, and nothing says later how far it went.
 */
export class InPlaceFile extends SequentialOutput {
  readonly #file: Deno.FsFile;
  #hasBegun = false;
  #isWhole = false;
  override readonly canBegin = true;

  constructor(name: string, file: Deno.FsFile) {
    super(name);
    this.#file = file;
  }

  override begin(representation: Representation): void {
    fileErrorsSync(this.name, () => {
      this.#hasBegun = true;
      this.#file.truncateSync(0);
      this.#file.seekSync(0, Deno.SeekMode.Start);
    });
    super.begin(representation);
  }

  override write(bytes: Uint8Array): undefined {
    fileErrorsSync(this.name, () => {
      for (let rest = bytes; rest.length > 0;) {
        const written = this.#file.writeSync(rest);
        this.note(rest.subarray(0, written));
        rest = rest.subarray(written);
      }
    });
  }

  override async complete(modifiedAt?: number): Promise<Placed> {
    this.#isWhole = true;
    await fileErrors(this.name, async () => {
      if (modifiedAt !== undefined) await attempt(() => this.#file.utime(modifiedAt, modifiedAt));
      await attempt(() => this.#file.sync());
    });
    this.#file.close();
    return "own";
  }

  override abandon(): Leftover {
    this.#file.close();
    if (this.#isWhole) return { kind: "whole" };
    return this.#hasBegun ? { kind: "overwritten", hasPart: false } : NOTHING;
  }
}
