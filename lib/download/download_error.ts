import type { Fields } from "../http/fields.ts";

/**
 * What kept a download from its end:
 *
 * - `url`: the URL is none that can be asked for
 * - `answer`: the server answered with an error
 * - `network`: a connection failed, or did not bring what it should
 * - `protocol`: an answer is none of HTTP, or none that suits the request
 * - `file`: the file cannot be written
 * - `redirect`: redirects have no end, or go round in a loop
 * - `checksum`: the content is not the one that was promised
 */
export type DownloadFailure =
  | "url"
  | "answer"
  | "network"
  | "protocol"
  | "file"
  | "redirect"
  | "checksum";

/** A download that failed; the message is one line for people. */
export class DownloadError extends Error {
  override readonly name: string = "DownloadError";

  /** The message says what failed; `failure` what kind that is. */
  constructor(readonly failure: DownloadFailure, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** What is known of a try that failed, beside the kind of failure. */
export interface TryDetails extends ErrorOptions {
  /** What the message begins with; the server by default. */
  readonly subject?: string;
  /** Of an answer. */
  readonly statusCode?: number;
  /** Those of the answer. */
  readonly fields?: Fields;
  /** Whether it came of asking for a part: the whole may come all the same. */
  readonly isOfRange?: boolean;
  /** Whether it was given up for its speed, whatever it brought. */
  readonly isTooSlow?: boolean;
  /** Whether another try would end no better; undefined where the kind of failure decides it. */
  readonly isFinal?: boolean | undefined;
}

/** One try that a server brought to nothing. Another server, or the same one later, may do better. */
export class TryError extends DownloadError {
  override readonly name: string = "TryError";

  /** `server` is the authority of who failed; `reason` says how, as the end of a line. */
  constructor(
    failure: DownloadFailure,
    readonly server: string,
    readonly reason: string,
    readonly details: TryDetails = {},
  ) {
    super(failure, `${details.subject ?? server}: ${reason}`, details);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EDQUOT: "the disk quota is used up",
  EFBIG: "the file is too large for the file system",
  EISDIR: "it is a directory",
  ENAMETOOLONG: "the name is too long",
  ENOENT: "there is no such directory",
  ENOSPC: "no space left on the disk",
  ENOTDIR: "a part of its path is no directory",
  EPERM: "permission denied",
  EPIPE: "its reader has gone away",
  EROFS: "the file system is read-only",
};

/**
 * Runs an operation on a file.
 *
 * @throws {DownloadError} `file`, for whatever Deno throws
 */
export async function fileErrors<T>(name: string, operation: () => T | Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw fileError(name, error);
  }
}

/**
 * Runs a synchronous operation on a file.
 *
 * @throws {DownloadError} `file`, for whatever Deno throws
 */
export function fileErrorsSync<T>(name: string, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    throw fileError(name, error);
  }
}

/** What an operation on a file gives; undefined where the file is not there. */
export function ifFound<T>(operation: () => T): T | undefined {
  try {
    return operation();
  } catch (error) {
    return ignoreNotFound(error);
  }
}

/** Lets a file that is not there pass, as undefined. */
export function ignoreNotFound(error: unknown): undefined {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

function fileError(name: string, error: unknown): DownloadError {
  if (error instanceof DownloadError) return error;
  return new DownloadError("file", `cannot write ${name}: ${reasonOf(error)}`, { cause: error });
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotCapable) {
    return "Deno was not given --allow-read and --allow-write for it";
  }
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return REASONS[code] ?? (error instanceof Error ? error.message : String(error));
}
