import { dirname, join } from "@std/path";
import { DownloadError } from "../download_error.ts";
import { codeOf, fileErrors, ignoreNotFound } from "../output/file_error.ts";
import type { ListedEntry } from "./listing.ts";
import { foldedName, localName, type PathFilter } from "./tree_path.ts";

const IS_WINDOWS = Deno.build.os === "windows";

/**
 * The directory that a run writes into, and all below it. Paths are relative to it, with slashes, and
 * "" is itself. Nothing is made, written or removed outside, whatever symbolic links are there; they
 * are looked at right before each file, so nothing else may change them meanwhile.
 */
export class LocalTree {
  readonly #root: string;
  readonly #realRoot: string;
  #ignoresCase: boolean | undefined;

  private constructor(root: string, realRoot: string) {
    this.#root = root;
    this.#realRoot = realRoot;
  }

  /**
   * Makes the directory if it is missing.
   *
   * @throws {DownloadError} `file`
   */
  static async open(root: string): Promise<LocalTree> {
    return await fileErrors(root, async () => {
      await Deno.mkdir(root, { recursive: true });
      return new LocalTree(root, await Deno.realPath(root));
    });
  }

  /** The path of an entry from the working directory; never `-`, which means standard output. */
  pathOf(path: string): string {
    const whole = join(this.#root, path);
    return whole === "-" ? "./-" : whole;
  }

  /**
   * Makes a directory and those above it.
   *
   * @throws {DownloadError} `file`, also if a symbolic link on the way leads out, or a file is there
   */
  async makeDirectory(path: string): Promise<void> {
    const whole = this.pathOf(path);
    await fileErrors(whole, async () => {
      if (path !== "" && await realPath(whole) === undefined) {
        await this.makeDirectory(parentOf(path));
        await Deno.mkdir(whole).catch((error) => {
          if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
        });
      }
      await this.#verifyInside(whole);
      if ((await Deno.stat(whole)).isDirectory) return;
      throw new DownloadError("file", `${whole} is no directory: a file is in its place`);
    });
  }

  /**
   * Makes the directory of a file.
   *
   * @throws {DownloadError} `file`, also if something else than a file is in its place
   */
  async makeWayFor(path: string): Promise<void> {
    await this.makeDirectory(parentOf(path));
    const whole = this.pathOf(path);
    await fileErrors(whole, async () => {
      const found = await Deno.lstat(whole).catch(ignoreNotFound);
      if (found === undefined || found.isFile) return;
      const what = found.isSymlink
        ? "a symbolic link, which is left as it is"
        : found.isDirectory
        ? "a directory"
        : "no file";
      throw new DownloadError("file", `${whole} is ${what}`);
    });
  }

  async #verifyInside(whole: string): Promise<void> {
    const real = await realPath(whole);
    if (real !== undefined && isInside(real, this.#realRoot)) return;
    const where = real === undefined ? "nowhere" : `out of ${this.#root}`;
    throw new DownloadError("file", `${whole} is a symbolic link that leads ${where}`);
  }

  /** Whether the file system takes names for one that differ only in case. Tried out, once. */
  async ignoresCase(): Promise<boolean> {
    return this.#ignoresCase ??= await this.#tryCase();
  }

  async #tryCase(): Promise<boolean> {
    const name = `.case-${crypto.randomUUID()}`;
    const [lower, upper] = [this.pathOf(name), this.pathOf(name.toUpperCase())];
    return await fileErrors(lower, async () => {
      (await Deno.open(lower, { write: true, createNew: true })).close();
      const found = await Deno.lstat(upper).catch(ignoreNotFound);
      await Deno.remove(lower);
      return found !== undefined;
    });
  }

  /**
   * The paths of what is in a directory besides these entries; a file in the place of a directory is
   * another, and so is a directory in that of a file. Symbolic links are left out, and so is all
   * behind them.
   *
   * @param kinds by the names of the entries
   * @throws {DownloadError} `file`, when it cannot be read
   */
  async others(path: string, kinds: ReadonlyMap<string, ListedEntry["kind"]>): Promise<string[]> {
    const whole = this.pathOf(path);
    return await fileErrors(whole, async () => {
      if (!await this.#isItself(path)) return [];
      const folded = new Set([...kinds.keys()].map(foldedName));
      const others: string[] = [];
      for await (const { name, isSymlink, isDirectory } of Deno.readDir(whole)) {
        const kind = kinds.get(name);
        if (isSymlink || kind === (isDirectory ? "directory" : "file")) continue;
        const isUnlisted = kind === undefined && folded.has(foldedName(name));
        if (isUnlisted && await this.ignoresCase()) continue;
        others.push(pathIn(path, name));
      }
      return others;
    });
  }

  /** Whether a path leads to where it seems to, through no symbolic link below the root. */
  async #isItself(path: string): Promise<boolean> {
    return await realPath(this.pathOf(path)) === join(this.#realRoot, path);
  }

  /**
   * Removes a file, or all files below a directory, as far as they are wanted by a filter and have
   * names that downloads give; then directories that are empty. Symbolic links stay, and what they
   * lead to.
   *
   * @returns the paths of what was removed, as they go, those of directories with a slash at the end
   * @throws {DownloadError} `file`
   */
  async *remove(path: string, filter: PathFilter): AsyncGenerator<string, void> {
    const whole = this.pathOf(path);
    const found = await fileErrors(whole, () => Deno.lstat(whole).catch(ignoreNotFound));
    const isItself = found !== undefined && await this.#isItself(path);
    if (!isItself || found.isSymlink) return;
    if (found.isFile) {
      if (!filter.takes(path) || !isOurName(path)) return;
      await fileErrors(whole, () => Deno.remove(whole));
      yield whole;
    } else if (found.isDirectory && filter.enters(path)) {
      for (const other of await this.others(path, new Map())) yield* this.remove(other, filter);
      if (await fileErrors(whole, () => removeIfEmpty(whole))) yield `${whole}/`;
    }
  }
}

/** The path of a name in a directory. */
export function pathIn(directory: string, name: string): string {
  return directory === "" ? name : `${directory}/${name}`;
}

function parentOf(path: string): string {
  return path.includes("/") ? dirname(path) : "";
}

/** Whether a download could have made the last name of a path. */
function isOurName(path: string): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return localName(encodeURIComponent(name.toWellFormed()), IS_WINDOWS) === name;
}

function isInside(real: string, root: string): boolean {
  return real === root || real.startsWith(join(root, "/"));
}

/** Undefined where nothing is there, or a symbolic link leads to nothing. */
async function realPath(path: string): Promise<string | undefined> {
  return await Deno.realPath(path).catch(ignoreNotFound);
}

async function removeIfEmpty(path: string): Promise<boolean> {
  try {
    await Deno.remove(path);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOTEMPTY" || codeOf(error) === "EEXIST") return false;
    throw error;
  }
}
