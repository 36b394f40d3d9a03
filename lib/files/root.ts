import { constants, existsSync, fstatSync, lstatSync, type Stats } from "node:fs";
import { type FileHandle, lstat, open } from "node:fs/promises";
import { join } from "@std/path";
import { OpenFile } from "./open_file.ts";
import { isProven, isSettled } from "./path_proof.ts";

/** What stands under a name. */
export type Found = FoundDirectory | { readonly kind: "file"; readonly file: OpenFile };

/** A directory below the root. */
export interface FoundDirectory {
  /** Tells it from a file. */
  readonly kind: "directory";
  /** Its real path. */
  readonly path: string;
  /** A moment before it was looked for, in ms since 1970. */
  readonly since: number;
}

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
      const since = Date.now();
      const path = await this.#realPath(names);
      if (path === undefined) return undefined;
      const named = await lstat(path);
      if (named.isDirectory()) return { kind: "directory", path, since };
      if (named.isSymbolicLink()) continue; // It was put there just now.
      if (!named.isFile()) return undefined;
      const file = this.#openedFile(await open(path, OPEN_FLAGS), path, named, since);
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
    if (path === undefined) return undefined;
    const info = await lstat(path);
    return info.isFile() ? identityOf(info) : undefined;
  }

  /** Whether something seems to stand under a name: not to be told to anybody. It takes 1 us. */
  mayHave(names: readonly string[]): boolean {
    return existsSync(join(this.#path, ...names));
  }

  /**
   * What is known of a file or directory, links followed as by `open`, without opening it.
   *
   * @returns undefined for what could not be given
   * @throws as `open`
   */
  async describe(names: readonly string[]): Promise<Deno.FileInfo | undefined> {
    const since = Date.now();
    const path = await this.#realPath(names);
    if (path === undefined) return undefined;
    const info = await Deno.lstat(path);
    if (!info.isFile && !info.isDirectory) return undefined;
    const isThere = () => {
      const { ino, dev } = Deno.lstatSync(path);
      return ino === info.ino && dev === info.dev;
    };
    return isProven(this.#path, path, since, isThere) ? info : undefined;
  }

  /** Whether a directory that was found can have been nothing else until now. */
  isSettled({ path, since }: FoundDirectory): boolean {
    return isSettled(this.#path, path, since);
  }

  /** The file, if it is the one that was named, all the time. If not, it is closed. */
  #openedFile(
    handle: FileHandle,
    path: string,
    named: Stats,
    since: number,
  ): OpenFile | undefined {
    let file: OpenFile | undefined;
    try {
      const opened = fstatSync(handle.fd);
      // All of this is in the kernel's memory by now: asked at once it takes a tenth of the time.
      const isThere = () => isSame(opened, lstatSync(path));
      if (isSame(opened, named) && isProven(this.#path, path, since, isThere)) {
        file = new OpenFile(handle, opened.size, opened.mtimeMs, identityOf(opened));
      }
    } finally {
      if (file === undefined) handle.close().catch(() => {});
    }
    return file;
  }

  /** Where a name leads; undefined when that is outside. */
  async #realPath(names: readonly string[]): Promise<string | undefined> {
    const root = this.#path;
    const path = await Deno.realPath(join(root, ...names));
    const isWithin = path === root || path.startsWith(root.endsWith("/") ? root : `${root}/`);
    return isWithin ? path : undefined;
  }
}

function isSame(one: Stats, other: Stats): boolean {
  return one.ino === other.ino && one.dev === other.dev;
}

/** With what chmod and a time that was set back change as well. */
function identityOf({ dev, ino, size, mtimeMs, ctimeMs, mode }: Stats): string {
  return `${dev} ${ino} ${size} ${mtimeMs} ${ctimeMs} ${mode}`;
}
