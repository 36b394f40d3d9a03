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
