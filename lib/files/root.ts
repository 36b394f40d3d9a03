import { constants, fstatSync, lstatSync, type Stats } from "node:fs";
import { type FileHandle, lstat, open } from "node:fs/promises";
import { join } from "@std/path";
import { OpenFile } from "./open_file.ts";

/** What stands under a name. */
export type Found =
  | { readonly kind: "directory" }
  | { readonly kind: "file"; readonly file: OpenFile };

/** Never waits for the other end of a pipe, and never follows a link that was put in its place. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;

/** How often a file may be replaced while we open it, before we give up. */
const MOST_ATTEMPTS = 5;

/** A directory below which files are found, and nothing else. */
export class Root {
  readonly #path: string;

  /** The real path of a directory: no part of it is a symbolic link. */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Finds what stands under a name. Symbolic links are followed as long as they end below the root.
   *
   * What may be given is judged by what was opened: its inode has to be the one that the name, with
   * no link on the way, has before and after. Nothing but a regular file is ever opened.
   *
   * @param names from the root down; none holds a separator
   * @returns a file, which the caller closes, or a directory; undefined for anything else
   * @throws what the system says, with its `code`: ENOENT, EACCES, EMFILE and others
   */
  async open(names: readonly string[]): Promise<Found | undefined> {
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
      const path = await this.#realPath(names);
      if (path === undefined) return undefined;
      const named = await lstat(path);
      if (named.isDirectory()) return { kind: "directory" };
      if (named.isSymbolicLink()) continue; // It was put there just now.
      if (!named.isFile()) return undefined;
      const file = openedFile(await open(path, OPEN_FLAGS), path, named);
      if (file !== undefined) return { kind: "file", file };
    }
    return undefined;
  }

  /**
   * The identity that a file under this name would have; see `OpenFile.identity`.
   *
   * @throws as `open`
   */
  async identify(names: readonly string[]): Promise<string | undefined> {
    const path = await this.#realPath(names);
    return path === undefined ? undefined : identityOf(await lstat(path));
  }

  /** Where a name leads; undefined when that is outside. */
  async #realPath(names: readonly string[]): Promise<string | undefined> {
    const root = this.#path;
    const path = await Deno.realPath(join(root, ...names));
    const isWithin = path === root || path.startsWith(root.endsWith("/") ? root : `${root}/`);
    return isWithin ? path : undefined;
  }
}

/** The file, if it is the one that was named, and still is. If not, it is closed. */
function openedFile(handle: FileHandle, path: string, named: Stats): OpenFile | undefined {
  let file: OpenFile | undefined;
  try {
    const opened = fstatSync(handle.fd);
    // All of this is in the kernel's memory by now: asked at once it takes 10 us, elsewhere 100.
    const isNamed = isSame(opened, named) && Deno.realPathSync(path) === path;
    if (isNamed && isSame(opened, lstatSync(path))) {
      file = new OpenFile(handle, opened.size, opened.mtimeMs, identityOf(opened));
    }
  } finally {
    if (file === undefined) handle.close().catch(() => {});
  }
  return file;
}

function isSame(one: Stats, other: Stats): boolean {
  return one.ino === other.ino && one.dev === other.dev;
}

function identityOf({ dev, ino, size, mtimeMs }: Stats): string {
  return `${dev} ${ino} ${size} ${mtimeMs}`;
}
