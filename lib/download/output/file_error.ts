import { DownloadError } from "../download_error.ts";

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EDQUOT: "the disk quota is used up",
  EEXIST: "there is a file of that name",
  EFBIG: "the file is too large for the file system",
  EISDIR: "it is a directory",
  ELOOP: "its symbolic links go round in a circle",
  ENAMETOOLONG: "the name is too long",
  ENOENT: "there is no such directory",
  ENOSPC: "no space left on the disk",
  ENOTDIR: "a part of its path is no directory",
  ENXIO: "nothing is at its other end",
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

/** The system's code of an error, such as `ENOENT`; "" where it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

function fileError(name: string, error: unknown): DownloadError {
  if (error instanceof DownloadError) return error;
  return new DownloadError("file", `cannot write ${name}: ${reasonOf(error)}`, { cause: error });
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Deno.errors.NotCapable) {
    // Such as devices, whatever else is permitted.
    return message.includes("all access")
      ? "Deno lets it be written with --allow-all alone"
      : "Deno was not given --allow-read and --allow-write for it";
  }
  const [, text = message, number = ""] = /^(.*?) \(os error (\d+)\)/.exec(message) ?? [];
  return REASONS[codeOf(error) || (CODES[number] ?? "")] ?? text;
}

/** Codes that Deno does not give, by their numbers. */
const CODES: Readonly<Record<string, string>> = { "6": "ENXIO", "27": "EFBIG" };

/** Codes by which a file system says that it cannot do something, or a user may not. */
const REFUSALS: ReadonlySet<string> = new Set(
  ["EACCES", "EINVAL", "ENOLCK", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EPERM"],
);

/** The same as numbers, for those that Deno gives no code: of Linux, and of macOS. */
const REFUSAL_NUMBERS = /\(os error (?:1|13|22|37|38|45|77|78|95|102)\)/;

/** Whether the system refused to do something that it may not have. */
export function isRefusal(error: unknown): boolean {
  if (error instanceof Deno.errors.NotCapable) return true;
  if (!(error instanceof Error)) return false;
  return REFUSALS.has(codeOf(error)) || REFUSAL_NUMBERS.test(error.message);
}

/**
 * Tries what is good to have, and no condition.
 *
 * @returns whether the system refused; any other error is thrown
 */
export async function attempt(operation: () => Promise<unknown> | unknown): Promise<boolean> {
  try {
    await operation();
    return false;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return true;
  }
}
