import type { NameClaims } from "./file_name.ts";
import type { Representation, ResumePoint } from "./resume.ts";

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
  readonly kept: ResumePoint | undefined;
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

/** What a file was before its content is replaced. */
export interface Replaced {
  /** Its permissions; null where the system has no such. */
  readonly mode: number | null;
  /** Its owner. */
  readonly uid: number | null;
  /** Its group. */
  readonly gid: number | null;
  /** Whether it is a mount point, which no rename can replace. */
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
  /** What will be replaced; undefined where nothing is. */
  readonly replaced?: Replaced | undefined;
  /** The names of this run; undefined where it writes one file under its own name. */
  readonly claims?: NameClaims | undefined;
  /** Told what a person may want to know. */
  readonly onNotice?: ((text: string) => void) | undefined;
}

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
  | { readonly kind: "part"; readonly obstacle: string | undefined }
  | {
    readonly kind: "overwritten";
    readonly hasPart: boolean;
    readonly obstacle?: string | undefined;
  }
  | { readonly kind: "whole"; readonly proposed?: string | undefined };

/** Nothing is left. */
export const NOTHING: Leftover = { kind: "nothing" };

/**
 * What a person is told of it, in one line; undefined where there is nothing to tell.
 *
 * @param name of the file
 * @param received how many octets there are
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
  const [start, partStart] = [name, partName ?? ""].map((it) =>
    Math.max(it.lastIndexOf("/"), it.lastIndexOf("\\")) + 1
  ) as [number, number];
  const isBeside = partName?.slice(partStart).startsWith(name.slice(start));
  if (isBeside) return name.slice(0, start) + partName!.slice(partStart);
  return partName ?? `${name}.part`;
}
