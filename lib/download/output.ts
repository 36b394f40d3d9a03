import type { Leftover } from "./leftover.ts";
import type { NameClaims } from "./name_claims.ts";
import type { Replaced } from "./place_file.ts";
import type { Kept, Representation } from "./representation.ts";

/**
 * Where a whole file is: under its own name, under the one that was proposed, or nowhere, since its
 * own is `taken` by a file that is to stay.
 */
export type Placed = "own" | "proposed" | "taken";

/** Where the content of a download goes. */
export interface Output {
  /** The file that keeps what has come until all has; undefined where there is none. */
  readonly partName?: string;
  /** How many octets of the content are there, from its start. */
  readonly position: number;
  /** How many are there in all: more than `position` when some are missing between others. */
  readonly received: number;
  /** What is there, if the rest of it can be asked for. */
  readonly kept: Kept | undefined;
  /** Whether the content can begin anew: nothing is there, or it can be taken back. */
  readonly canBegin: boolean;
  /**
   * The content begins, of this representation; what was there before is of no use any more.
   *
   * @throws {DownloadError} `file`; or `network`, when what was written cannot be taken back
   */
  begin(representation: Representation): void;
  /**
   * Writes all of the octets.
   *
   * @returns undefined when there is nothing to wait for
   * @throws {DownloadError} `file`
   */
  write(octets: Uint8Array): Promise<void> | undefined;
  /** The last of the octets from the start, as many as a joint is compared over. */
  tail(): Uint8Array;
  /** All that is there, from its start; undefined where it cannot be read. */
  octets(): AsyncIterable<Uint8Array> | undefined;
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

/** How an output is opened. */
export interface OutputOptions {
  /** The URL as typed, by which a part file knows what it is part of. */
  readonly url: string;
  /** Whether to go on with what an earlier download left. */
  readonly mayContinue: boolean;
  /** Whether a file that is there in the end stays as it is. */
  readonly keepsExisting?: boolean;
  /** What will be replaced; undefined where nothing is. */
  readonly replaced?: Replaced | undefined;
  /** The names of this run; undefined where it writes one file under its own name. */
  readonly claims?: NameClaims | undefined;
  /** Told what a person may want to know. */
  readonly onNotice?: ((text: string) => void) | undefined;
}
