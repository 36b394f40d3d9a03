import type { TargetUri } from "./target_uri.ts";

/** What a URI without a last segment is saved as. */
const NO_NAME = "index.html";

/** In octets: what file systems allow. */
export const LONGEST_NAME = 255;

/** Names that mean devices on Windows, whatever their extension, and standard output: `-`. */
const DEVICE_NAME = /^(?:-$|(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$))/i;

/**
 * The name under which a URI's content is saved: its last segment, decoded, and made safe. It
 * always names a file in the current directory: separators and control characters become `_`, and
 * a name that is too long is shortened before its extension.
 */
export function fileName({ requestTarget }: TargetUri): string {
  const [path = ""] = requestTarget.split("?", 1);
  return safeName(decoded(path.slice(path.lastIndexOf("/") + 1)));
}

/**
 * A name that is safe for a file in the current directory, whoever thought it out: separators and
 * control characters become `_`, and it is shortened where it is too long.
 */
export function safeName(text: string): string {
  // deno-lint-ignore no-control-regex -- it is them that must not come through
  const name = text.replace(/[/\\\x00-\x1f\x7f-\x9f]/g, "_");
  if (name === "" || name === "." || name === "..") return NO_NAME;
  return shortened(DEVICE_NAME.test(name) ? `_${name}` : name);
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function shortened(name: string): string {
  const [, stem = name, extension = ""] = /^(.+?)((?:\.[A-Za-z0-9]{1,10}){0,2})$/s.exec(name) ?? [];
  const characters = [...stem];
  const tooLong = () => new TextEncoder().encode(characters.join("") + extension).length;
  while (tooLong() > LONGEST_NAME) characters.pop();
  return characters.join("") + extension;
}

/**
 * The files that one run writes. A name belongs to the download that claims it first, until the run
 * ends: no file that was saved is replaced by another download of the same run.
 */
export class NameClaims {
  readonly #keys = new Set<string>();

  /**
   * Claims a path.
   *
   * @returns false when it is claimed already, under whatever spelling
   */
  claim(path: string): boolean {
    const key = keyOf(path);
    if (this.#keys.has(key)) return false;
    this.#keys.add(key);
    return true;
  }

  /** Gives up a path that was claimed and not written. */
  release(path: string): void {
    this.#keys.delete(keyOf(path));
  }
}

/** The absolute path of the file that a path means, through symbolic links. */
function keyOf(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    // It is not there: its directory is.
  }
  const start = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1;
  try {
    return `${Deno.realPathSync(path.slice(0, start) || ".")}/${path.slice(start)}`;
  } catch {
    return path;
  }
}
