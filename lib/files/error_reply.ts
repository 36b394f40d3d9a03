import { htmlReply, type Reply } from "../net/handler.ts";
import { UnsteadyPathError } from "./root.ts";

/** The status codes of replies without a file. */
export type ErrorStatus = 400 | 403 | 404 | 503;

const SENTENCES: Readonly<Record<ErrorStatus, string>> = {
  400: "The path is not correctly encoded.",
  403: "This file may not be read.",
  404: "There is no such file here.",
  503: "Too much is going on here. Please try again.",
};

/** A page that does not tell more than its status. */
export function errorReply(statusCode: ErrorStatus): Reply {
  const fieldLines = statusCode === 503 ? [["Retry-After", "1"] as const] : [];
  return htmlReply(statusCode, SENTENCES[statusCode], fieldLines);
}

/** By the error codes of the system. */
const STATUSES: Readonly<Record<string, ErrorStatus>> = {
  ENOENT: 404,
  ENOTDIR: 404,
  ELOOP: 404,
  ENAMETOOLONG: 404,
  EACCES: 403,
  EPERM: 403,
  EMFILE: 503,
  ENFILE: 503,
};

/**
 * The reply to a request whose file could not be opened or read.
 *
 * @throws the error, unless a request can have caused it
 */
export function errorReplyFor(error: unknown): Reply {
  const statusCode = statusOf(error);
  if (statusCode === undefined) throw error;
  return errorReply(statusCode);
}

/** Whether an error says that there is no file or directory of that name. */
export function isMissing(error: unknown): boolean {
  return statusOf(error) === 404;
}

function statusOf(error: unknown): ErrorStatus | undefined {
  if (error instanceof Deno.errors.NotCapable) return 403;
  if (error instanceof Deno.errors.PermissionDenied) return 403;
  if (error instanceof Deno.errors.NotFound) return 404;
  if (error instanceof Deno.errors.InvalidData) return 404; // A link to a name that is no UTF-8.
  if (error instanceof UnsteadyPathError) return 503;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return STATUSES[code];
}
