import { DownloadError } from "./download_error.ts";

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
