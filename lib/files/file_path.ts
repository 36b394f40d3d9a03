/**
 * What the path of a request means: names below the root, or a reply that says why not.
 *
 * @module
 */

import { htmlReply, type Reply } from "../net/handler.ts";
import { UnsteadyPathError } from "./root.ts";

/** The file or directory that a path means. */
export interface FilePath {
  /** From the root down, decoded; each passes `isServable`. */
  readonly names: readonly string[];
  /** Whether the path ends in a slash. */
  readonly isDirectory: boolean;
}

/** A path that means no file. */
export interface PathRefusal {
  /** 400 for a malformed escape; 404 for names that are not served. */
  readonly refusedWith: 400 | 404;
}

/** The one name with a dot that is served, at the root (RFC 8615): ACME proves certificates there. */
const WELL_KNOWN = ".well-known";

const IS_WINDOWS = Deno.build.os === "windows";

/**
 * The names below the root that a request-target means (RFC 3986 §3.3). Empty segments are passed
 * over, as nginx and Caddy do. Each segment is decoded exactly once, and judged afterwards, so that
 * no encoding hides anything. Dot segments are not resolved: clients do that, and names that begin
 * with a dot are hidden anyway.
 *
 * @param target in origin form: begins with `/`; its query is ignored
 * @param isWindows whether a backslash separates names
 */
export function filePath(target: string, isWindows = IS_WINDOWS): FilePath | PathRefusal {
  const [path = ""] = target.split("?", 1);
  const names: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "") continue;
    const name = decodeSegment(segment);
    if (typeof name === "number") return { refusedWith: name };
    if (!isServable(name, names.length, isWindows)) return { refusedWith: 404 };
    names.push(name);
  }
  return { names, isDirectory: path.endsWith("/") };
}

/** Deno can open no name that is not UTF-8: 404 if it is correctly escaped. */
function decodeSegment(segment: string): string | PathRefusal["refusedWith"] {
  try {
    return decodeURIComponent(segment);
  } catch {
    return /%(?![0-9A-Fa-f]{2})/.test(segment) ? 400 : 404;
  }
}

/**
 * Whether a name is served: those that begin with a dot are hidden.
 *
 * @param depth how many names stand before it
 * @param isWindows whether a backslash separates names
 */
export function isServable(name: string, depth: number, isWindows = IS_WINDOWS): boolean {
  if (name === "" || (isWindows ? /[/\\\0]/ : /[/\0]/).test(name)) return false;
  return !name.startsWith(".") || (depth === 0 && name === WELL_KNOWN);
}

const SENTENCES = {
  400: "The path is not correctly encoded.",
  403: "This file may not be read.",
  404: "There is no such file here.",
  503: "The server is busy. Please try again.",
};

type ErrorStatus = keyof typeof SENTENCES;

/** A page that says no more than its status. */
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
