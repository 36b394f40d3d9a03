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
import { dirname, join } from "@std/path";
import { TICK_MS } from "./modification_time.ts";
import { OpenFile } from "./open_file.ts";

/** A name that led to something else each time that it was looked at; 503 for a client. */
export class UnsteadyPathError extends Error {
  /** For logs. */
  override readonly name = "UnsteadyPathError";
}

/** A file or directory that was found under a name. */
export type Found = FoundDirectory | { readonly kind: "file"; readonly file: OpenFile };

/** A directory below the root. */
export interface FoundDirectory {
  /** Distinguishes it from a file. */
  readonly kind: "directory";
  /** Its real path. */
  readonly path: string;
  /** A moment before it was looked for, in ms since 1970. */
  readonly since: number;
}

/**
 * Never waits for the other end of a pipe. A link that was put in the last place is not followed, but
 * only where all is allowed: otherwise Deno itself resolves a path to see whether it may be opened.
 */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;

/**
 * How often a name is looked at that leads to something else each time. The pauses between, 1 ms and
 * each twice the one before, add up to more than a tick, after which `verifyContainment` needs no
 * luck unless a directory above is changed on and on.
 */
const MOST_LOOKS = 12;

/** The same for an entry of a listing, of which there are many. */
const MOST_LISTED_LOOKS = 6;

/** The codes for a name that has just been changed. */
const PASSING = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ESTALE"]);

/** The result of a look at a name that was changed meanwhile. */
const CHANGED = Symbol();

/** A directory below which files are found, and nothing else. */
export class Root {
  readonly #path: string;
  readonly #pause: (ms: number) => Promise<void>;

  /**
   * The real path of a directory: no part of it is a symbolic link.
   *
   * @param pause waits; a parameter for tests
   */
  constructor(path: string, pause: (ms: number) => Promise<void> = pauseOf) {
    this.#path = path;
    this.#pause = pause;
  }

  /**
   * Finds a file or directory. Symbolic links are followed as long as they end below the root.
   *
   * What may be given is judged by what was opened, which is nothing but a regular file:
   * `verifyContainment` says that it stood below the root when it was. A file that is replaced by a
   * rename is found.
   *
   * @param names from the root down; none holds a separator
   * @returns a file, which the caller closes, or a directory; undefined for anything else
   * @throws {UnsteadyPathError} when the name means something else each time
   * @throws what the system says, with its `code`: ENOENT, EACCES, EMFILE and others
   */
  async open(names: readonly string[]): Promise<Found | undefined> {
    let isFirst = true;
    return await this.#find<Found>(names, MOST_LOOKS, async (path, since) => {
      const named = await Deno.lstat(path);
      if (named.isDirectory) return { kind: "directory", path, since };
      if (named.isSymlink) return CHANGED;
      if (!named.isFile) return undefined;
      // In another thread it delays no other client, but a file that is replaced on and on is gone
      // by the time that it is looked at.
      const fd = isFirst ? await openElsewhere(path) : openSync(path, OPEN_FLAGS);
      isFirst = false;
      const file = this.#openedFile(fd, path, since);
      return file === undefined ? CHANGED : { kind: "file", file };
    });
  }

  /**
   * The identity that a file under this name would have; see `OpenFile.identity`.
   *
   * @throws as `open`
   */
  async identify(names: readonly string[]): Promise<string | undefined> {
    return await this.#find(names, MOST_LOOKS, (path) => {
      const info = lstatSync(path); // It is in the kernel's memory, now that it was resolved.
      if (info.isSymbolicLink()) return CHANGED;
      return info.isFile() ? identityOf(info) : undefined;
    });
  }

  /** Whether something seems to stand under a name, unverified: not to be sent. It takes 1 us. */
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
    return await this.#find(names, MOST_LISTED_LOOKS, (path, since) => {
      // As in identify(). The first look is what is given.
      let info: Deno.FileInfo | undefined;
      const isThere = () => {
        const seen = Deno.lstatSync(path);
        info ??= seen;
        return isSame(info, seen);
      };
      if (!verifyContainment(this.#path, path, since, isThere) || info === undefined) {
        return CHANGED;
      }
      if (info.isSymlink) return CHANGED;
      return info.isFile || info.isDirectory ? info : undefined;
    });
  }

  /** Whether a directory that was found can have been nothing else until now. */
  isSettled({ path, since }: FoundDirectory): boolean {
    return isSettled(this.#path, path, since);
  }

  /**
   * Looks at where a name leads, and again when that has changed meanwhile. A name is missing only
   * if it is missing at the next look as well.
   *
   * @param look at a real path that was resolved after `since`
   */
  async #find<T>(
    names: readonly string[],
    most: number,
    look: (path: string, since: number) => Look<T> | Promise<Look<T>>,
  ): Promise<T | undefined> {
    for (let count = 1;; count++) {
      const since = Date.now();
      try {
        const path = await this.#realPath(names);
        if (path === undefined) return undefined;
        const found = await look(path, since);
        if (found !== CHANGED) return found;
      } catch (error) {
        if (!isPassing(error) || !this.mayHave(names)) throw error;
      }
      if (count === most) throw new UnsteadyPathError(`${names.join("/")} changes all the time.`);
      await this.#pause(2 ** (count - 1));
    }
  }

  /** The file, if it is verified to stand below the root; if not, it is closed. */
  #openedFile(fd: number, path: string, since: number): OpenFile | undefined {
    let file: OpenFile | undefined;
    try {
      // All of this is in the kernel's memory by now: a synchronous look takes a tenth of the time.
      const opened = fstatSync(fd);
      const isThere = () => isSame(opened, Deno.lstatSync(path));
      if (opened.isFile() && verifyContainment(this.#path, path, since, isThere)) {
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

function pauseOf(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function isPassing(error: unknown): boolean {
  if (error instanceof Deno.errors.NotFound) return true;
  return error instanceof Error && "code" in error && PASSING.has(String(error.code));
}

/** Which file or directory it is. */
type Inode = Pick<Stats | Deno.FileInfo, "dev" | "ino">;

function isSame(one: Inode, other: Inode): boolean {
  return one.ino === other.ino && one.dev === other.dev;
}

/** With what chmod and a time that was set back change as well. */
function identityOf({ dev, ino, size, mtimeMs, ctimeMs, mode }: Stats): string {
  return `${dev} ${ino} ${size} ${mtimeMs} ${ctimeMs} ${mode}`;
}

/** How many checks a path has to pass, each the toss of a coin. */
const CHECKS = 32;

/**
 * Whether what was taken from a path stands below the root, or did so when it was looked at, with no
 * link on the way: another process may swap a file or a directory for a link to outside and back as
 * often as it likes.
 *
 * How it was taken proves nothing: Deno resolves a path anew before it opens it, unless all is
 * allowed. What proves it is that it is seen in its place afterwards. `isThere` looks at the last
 * name without following it, so what it sees stands in the directory to which the rest of the path
 * leads; what was taken is held, so that its inode number is no other's. Where no directory above
 * that one has changed since before the path was resolved, the rest of the path led to that
 * directory all the time, and one look is enough, whatever happens in the directory itself: what is
 * replaced after the look was there. In the root itself there is nothing above to have changed.
 *
 * Where a directory above has changed, which any new file in it does, a coin decides over and over
 * whether the way is looked at or its end: a process that shows a real directory to the one and a
 * link to the other has to guess all of them.
 *
 * What is replaced before the checks are over is not verified, and has to be taken anew.
 *
 * @param root a real path; what is above it is trusted
 * @param path a real path below it, resolved after `since`
 * @param since a moment before the path was first looked at, in ms since 1970
 * @param isThere whether the path leads to what was taken now, its last name not followed
 * @throws what the system says when there is nothing any more
 */
export function verifyContainment(
  root: string,
  path: string,
  since: number,
  isThere: () => boolean,
): boolean {
  if (!isThere()) return false;
  if (path === root || isSettled(root, dirname(path), since)) return true;
  let [coins = 0] = crypto.getRandomValues(new Uint32Array(1));
  for (let check = 0; check < CHECKS; check++) {
    const isAsBefore = coins & 1 ? isThere() : Deno.realPathSync(path) === path;
    if (!isAsBefore) return false;
    coins >>>= 1;
  }
  return true;
}

/**
 * Whether no name from the root down to a directory can have changed its meaning since a moment: no
 * directory above it has changed, by the file system's clock, within a tick before that or later.
 * The deepest is looked at first, so that the look at each is vouched for by those that follow.
 */
export function isSettled(root: string, directory: string, since: number): boolean {
  for (let above = directory; above !== root;) {
    above = dirname(above);
    const changed = Deno.lstatSync(above).ctime?.getTime() ?? Infinity;
    if (changed + TICK_MS > since) return false;
  }
  return true;
}
