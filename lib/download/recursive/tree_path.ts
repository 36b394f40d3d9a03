/**
 * Paths below the directory that is downloaded: which names files get, and which paths are wanted.
 * Pure.
 *
 * @module
 */

import { globToRegExp } from "@std/path/posix/glob-to-regexp";
import { LONGEST_NAME } from "../output/file_name.ts";

/** No part of a file's name that programs could take for something else: separators and controls. */
// deno-lint-ignore no-control-regex -- it is them that must not come through
const UNSAFE = /[/\\\x00-\x1f\x7f-\x9f]/g;

/** What Windows keeps for itself: characters, blanks and dots at the end, and devices. */
const UNSAFE_ON_WINDOWS = /[<>:"|?*]|[. ]$|^(?=(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$))./gi;

/**
 * The name of a file or directory for a path segment of a URL: decoded, but for separators and
 * control characters, which stay percent-encoded, and bytes that are no UTF-8.
 *
 * @returns undefined where there is none: for `.`, `..`, an empty one, and what is longer than file
 *     systems allow
 */
export function localName(segment: string, isWindows: boolean): string | undefined {
  const decoded = decodedSegment(segment);
  const name = decoded.replace(UNSAFE, escaped);
  if (name === "" || name === "." || name === "..") return undefined;
  const safe = isWindows ? name.replace(UNSAFE_ON_WINDOWS, escaped) : name;
  return new TextEncoder().encode(safe).length > LONGEST_NAME ? undefined : safe;
}

function decodedSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function escaped(character: string): string {
  const bytes = new TextEncoder().encode(character);
  return [...bytes].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
}

/** A name as file systems see it that do not tell capitals, nor forms of one character, apart. */
export function foldedName(name: string): string {
  return name.normalize("NFC").toLowerCase().normalize("NFC");
}

/** A glob of `--include` or `--exclude`. */
interface Glob {
  readonly pattern: RegExp;
  /** Without a slash within it, it is matched against names, in whatever directory they are. */
  readonly isOfName: boolean;
  /** Ends in a slash. */
  readonly isOfDirectories: boolean;
}

/**
 * Which paths are wanted: those that a glob of `include` matches, or all without any, but for those
 * that one of `exclude` matches. A glob that matches a directory matches all below it. Paths are
 * relative to the directory that is downloaded, such as `a/b.iso`.
 */
export class PathFilter {
  readonly #include: readonly Glob[];
  readonly #exclude: readonly Glob[];

  constructor(include: readonly string[], exclude: readonly string[]) {
    this.#include = include.map(globOf);
    this.#exclude = exclude.map(globOf);
  }

  /** Whether only some files are wanted. */
  get isSelective(): boolean {
    return this.#include.length > 0;
  }

  /** Whether a directory is looked into, of which all above are. */
  enters(path: string): boolean {
    return !this.#exclude.some((glob) => isMatch(glob, path, true));
  }

  /** Whether a file is wanted in a directory that is looked into. */
  takes(path: string): boolean {
    if (this.#exclude.some((glob) => isMatch(glob, path, false))) return false;
    return !this.isSelective || this.#include.some((glob) =>
      isMatch(glob, path, false) ||
      directoriesAbove(path).some((directory) => isMatch(glob, directory, true))
    );
  }
}

function globOf(text: string): Glob {
  const path = text.replace(/^\/+|\/+$/g, "");
  return {
    pattern: globToRegExp(path, { extended: true, globstar: true }),
    isOfName: !text.replace(/\/+$/, "").includes("/"),
    isOfDirectories: text.endsWith("/"),
  };
}

function isMatch(
  { pattern, isOfName, isOfDirectories }: Glob,
  path: string,
  isDirectory: boolean,
): boolean {
  if (isOfDirectories && !isDirectory) return false;
  return pattern.test(isOfName ? path.slice(path.lastIndexOf("/") + 1) : path);
}

/** `a` and `a/b` for `a/b/c`. */
function directoriesAbove(path: string): string[] {
  const names = path.split("/");
  return names.slice(1).map((_, index) => names.slice(0, index + 1).join("/"));
}
