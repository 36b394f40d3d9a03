import {
  close,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  open,
  openSync,
  type Stats,
} from "node:fs";
import { delay } from "@std/async/delay";
import { dirname, join } from "@std/path";
import { OpenFile, TICK_MS } from "./open_file.ts";

/** A name led to something else at each look; 503 for a client. */
export class UnsteadyPathError extends Error {
  override readonly name = "UnsteadyPathError";
}

/** A file or directory that was found under a name. */
export type Found = FoundDirectory | { readonly kind: "file"; readonly file: OpenFile };

/** A directory below the root. */
export interface FoundDirectory {
  readonly kind: "directory";
  /** Real. */
  readonly path: string;
  /** A moment before it was looked for, in ms since 1970. */
  readonly sinceMs: number;
}

/**
 * Does not wait for the other end of a pipe, and does not follow a link in the last place; except
 * that Deno resolves the path itself unless all is allowed.
 */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;

/**
 * The most looks at a name that changes. The pauses between, from 1 ms doubled each time, add up to
 * more than a tick; after that `verifyContainment` needs no luck, unless a directory above is changed
 * again and again.
 */
const MOST_LOOKS = 12;

/** The same for an entry of a listing, of which there are many. */
const MOST_LISTED_LOOKS = 6;

/** The error codes for a name that has just been changed. */
const PASSING = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ESTALE"]);

/** The result of a look at a name that was changed meanwhile. */
const CHANGED = Symbol();

/** A directory, outside of which no file is found. */
export class Root {
  readonly #path: string;
  readonly #pause: (ms: number) => Promise<void>;

  /**
   * @param path real: no part of it is a symbolic link
   * @param pause waits for so many ms; a parameter for tests
   */
  constructor(path: string, pause: (ms: number) => Promise<void> = delay) {
    this.#path = path;
    this.#pause = pause ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms)));
  }

  /**
   * Finds a file or directory. Symbolic links are followed as long as they end below the root.
   *
   * A file is opened first, if it is a regular one; then `verifyContainment` says whether it stood
   * below the root. A file that is replaced by a rename is found.
   *
   * @param names from the root down; none holds a separator
   * @returns a file, which the caller closes, or a directory; undefined for anything else
   * @throws {UnsteadyPathError} if the name leads to something else at each look
   * @throws the system's error, with its `code`: ENOENT, EACCES, EMFILE and others
   */
  async open(names: readonly string[]): Promise<Found | undefined> {
    let isFirst = true;
    return await this.#find<Found>(names, MOST_LOOKS, async (path, sinceMs) => {
      const named = await Deno.lstat(path);
      if (named.isDirectory) return { kind: "directory", path, sinceMs };
      if (named.isSymlink) return CHANGED;
      if (!named.isFile) return undefined;
      // Another thread delays no client, but a file that is replaced again and again is gone by then.
      const fd = isFirst ? await openElsewhere(path) : openSync(path, OPEN_FLAGS);
      isFirst = false;
      const file = this.#openedFile(fd, path, sinceMs);
      return file === undefined ? CHANGED : { kind: "file", file };
    });
  }

  /** The identity of the file of this name, as `OpenFile.identity`. @throws as `open` */
  async identify(names: readonly string[]): Promise<string | undefined> {
    return await this.#find(names, MOST_LOOKS, (path) => {
      const info = lstatSync(path); // It is in the kernel's memory, now that it was resolved.
      if (info.isSymbolicLink()) return CHANGED;
      return info.isFile() ? identityOf(info) : undefined;
    });
  }

  /** Whether there seems to be something of this name, unverified. Takes 1 us. */
  mayHave(names: readonly string[]): boolean {
    return existsSync(join(this.#path, ...names));
  }

  /**
   * Describes a file or directory without opening it. Links are followed as by `open`.
   *
   * @returns undefined for anything else
   * @throws as `open`
   */
  async describe(names: readonly string[]): Promise<Deno.FileInfo | undefined> {
    return await this.#find(names, MOST_LISTED_LOOKS, (path, sinceMs) => {
      let info: Deno.FileInfo | undefined;
      const isThere = () => {
        const seen = Deno.lstatSync(path);
        info ??= seen;
        return isSame(info, seen);
      };
      if (!verifyContainment(this.#path, path, sinceMs, isThere) || info === undefined) {
        return CHANGED;
      }
      if (info.isSymlink) return CHANGED;
      return info.isFile || info.isDirectory ? info : undefined;
    });
  }

  /** Whether no directory can have taken the place of this one since it was found. */
  isSettled({ path, sinceMs }: FoundDirectory): boolean {
    return isSettled(this.#path, path, sinceMs);
  }

  /**
   * Looks at where a name leads, and again if that has changed meanwhile. A name is missing only if
   * it is missing at the next look as well.
   *
   * @param look at a real path that was resolved after `sinceMs`
   */
  async #find<T>(
    names: readonly string[],
    most: number,
    look: (path: string, sinceMs: number) => Look<T> | Promise<Look<T>>,
  ): Promise<T | undefined> {
    for (let count = 1;; count++) {
      const sinceMs = Date.now();
      try {
        const path = await this.#realPath(names);
        if (path === undefined) return undefined;
        const found = await look(path, sinceMs);
        if (found !== CHANGED) return found;
      } catch (error) {
        if (!isPassing(error) || !this.mayHave(names)) throw error;
      }
      if (count === most) throw new UnsteadyPathError(`${names.join("/")} changes all the time.`);
      await this.#pause(2 ** (count - 1));
    }
  }

  /** The file, if it is verified to stand below the root; if not, closes it. */
  #openedFile(fd: number, path: string, sinceMs: number): OpenFile | undefined {
    let file: OpenFile | undefined;
    try {
      // The kernel has all of this in memory by now: a synchronous call takes a tenth of the time.
      const opened = fstatSync(fd);
      const isThere = () => isSame(opened, Deno.lstatSync(path));
      if (opened.isFile() && verifyContainment(this.#path, path, sinceMs, isThere)) {
        file = new OpenFile(fd, path, opened.size, opened.mtimeMs, identityOf(opened));
      }
    } finally {
      if (file === undefined) close(fd, () => {});
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

type Look<T> = T | typeof CHANGED | undefined;

function openElsewhere(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    open(path, OPEN_FLAGS, (error, fd) => error ? reject(error) : resolve(fd!));
  });
}

function isPassing(error: unknown): boolean {
  if (error instanceof Deno.errors.NotFound) return true;
  return error instanceof Error && "code" in error && PASSING.has(String(error.code));
}

type Inode = Pick<Stats | Deno.FileInfo, "dev" | "ino">;

function isSame(one: Inode, other: Inode): boolean {
  return one.ino === other.ino && one.dev === other.dev;
}

/** Also changes with chmod and with a time that is set back. */
function identityOf({ dev, ino, size, mtimeMs, ctimeMs, mode }: Stats): string {
  return `${dev} ${ino} ${size} ${mtimeMs} ${ctimeMs} ${mode}`;
}

/** How many checks a path has to pass, each chosen at random. */
const CHECKS = 32;

/**
 * Whether a file that was opened at a path stands below the root, or did so at a look, with no link
 * on the way, even if another process keeps swapping a file or a directory for a link to outside.
 *
 * How it was opened proves nothing: Deno resolves a path again before it opens it, unless all is
 * allowed. Its inode must be found at the path afterwards. `isThere` does not follow the last name,
 * so what it finds stands in the directory to which the rest of the path leads; the file is open, so
 * no other has its inode number. If no directory above that one has changed since before the path
 * was resolved, the rest of the path led there all the time, and one look is enough, whatever happens
 * in the directory itself. Above the root itself nothing counts.
 *
 * If a directory above has changed, as by any new file in it, a random bit decides at each check
 * whether to look at the way or at its end: a process that shows a real directory to the one and a
 * link to the other has to guess all bits.
 *
 * A file that is replaced before the checks are over is not verified, and has to be opened again.
 *
 * @param root a real path; what is above it is trusted
 * @param path a real path below it, resolved after `sinceMs`
 * @param sinceMs a moment before the path was first looked at, in ms since 1970
 * @param isThere whether the path leads to the file now, its last name not followed
 * @throws the system's error if there is nothing any more
 */
export function verifyContainment(
  root: string,
  path: string,
  sinceMs: number,
  isThere: () => boolean,
): boolean {
  if (!isThere()) return false;
  if (path === root || isSettled(root, dirname(path), sinceMs)) return true;
  let [bits = 0] = crypto.getRandomValues(new Uint32Array(1));
  for (let check = 0; check < CHECKS; check++) {
    const isAsBefore = bits & 1 ? isThere() : Deno.realPathSync(path) === path;
    if (!isAsBefore) return false;
    bits >>>= 1;
  }
  return true;
}

/**
 * Whether no name from the root down to a directory can have changed its meaning since a moment: no
 * directory above it has changed, by the file system's clock, within a tick before that or later.
 * Looks at the deepest first, so that later looks verify the earlier ones.
 */
export function isSettled(root: string, directory: string, sinceMs: number): boolean {
  for (let above = directory; above !== root;) {
    above = dirname(above);
    const changed = Deno.lstatSync(above).ctime?.getTime() ?? Infinity;
    if (changed + TICK_MS > sinceMs) return false;
  }
  return true;
}
