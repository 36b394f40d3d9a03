import { attempt, codeOf, ignoreNotFound, isRefusal } from "./file_error.ts";
import { splitPath } from "./file_name.ts";
import type { OutputOptions, Placed, Replaced } from "./output.ts";

/** Whether a file is a mount point: nothing can be linked from one mount into another. */
export async function isMountPoint(path: string): Promise<boolean> {
  // The name is short whatever the file's: one that is too long would be refused before all else.
  const [directory] = splitPath(path);
  const probe = `${directory}.${crypto.randomUUID()}`;
  try {
    await Deno.link(path, probe);
  } catch (error) {
    return codeOf(error) === "EXDEV";
  }
  await Deno.remove(probe);
  return false;
}

/**
 * Moves a file to a name that nothing has.
 *
 * @returns false when something has it: both stay as they are
 */
export async function moveToNew(from: string, to: string): Promise<boolean> {
  try {
    await Deno.link(from, to);
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    if (!isRefusal(error)) throw error;
    return moveWithoutLink(from, to);
  }
  await Deno.remove(from).catch(() => {}); // It is there under its new name, whatever becomes of this.
  return true;
}

/**
 * For file systems without hard links: an empty file that only one can make holds the name. At once,
 * so that no signal to end leaves that.
 */
function moveWithoutLink(from: string, to: string): boolean {
  try {
    Deno.openSync(to, { write: true, createNew: true }).close();
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    throw error;
  }
  try {
    Deno.renameSync(from, to);
  } catch (error) {
    Deno.removeSync(to);
    throw error;
  }
  return true;
}

/**
 * Moves a file to a name, in place of what has it. Where that cannot be replaced, a mount point for
 * one, or another user's file in a directory such as /tmp, its content is overwritten.
 *
 * @param mustOverwrite whether that is known
 * @param onOverwrite called before that begins
 * @returns whether it was overwritten
 */
export async function moveOver(
  from: string,
  to: string,
  mustOverwrite: boolean,
  onOverwrite: () => void = () => {},
): Promise<boolean> {
  if (!mustOverwrite) {
    try {
      await Deno.rename(from, to);
      return false;
    } catch (error) {
      const found = await Deno.stat(to).catch(ignoreNotFound);
      if (!found?.isFile || !(codeOf(error) === "EBUSY" || isRefusal(error))) throw error;
    }
  }
  onOverwrite();
  await overwrite(from, to);
  await Deno.remove(from);
  return true;
}

async function overwrite(from: string, to: string): Promise<void> {
  using source = await Deno.open(from);
  using target = await Deno.open(to, { write: true });
  const buffer = new Uint8Array(512 * 1024);
  let length = 0;
  for (let count; (count = await source.read(buffer)) !== null; length += count) {
    for (let rest = buffer.subarray(0, count); rest.length > 0;) {
      rest = rest.subarray(await target.write(rest));
    }
  }
  await target.truncate(length);
  const { atime, mtime } = await source.stat();
  await attempt(() => target.sync());
  if (atime && mtime) await attempt(() => target.utime(atime, mtime));
}

/** Gives a file the permissions and the owner of the one it replaces, as far as the system lets. */
async function takeAfter(path: string, { mode, uid, gid }: Replaced): Promise<void> {
  if (Deno.build.os === "windows" || mode === null) return;
  const own = await Deno.stat(path);
  if ((uid !== own.uid || gid !== own.gid) && uid !== null && gid !== null) {
    if (await attempt(() => Deno.chown(path, uid, gid))) {
      await attempt(() => Deno.chown(path, null, gid));
    }
  }
  // As when it is written into: rights to run as its owner end with its content.
  if ((own.mode ?? 0) % 0o1000 !== mode % 0o1000) await Deno.chmod(path, mode % 0o1000);
}

/** How far a part file has come on the way to its name. */
interface PlacementProgress {
  /** Whether it may have the name already. */
  hasBegun: boolean;
  /** Whether a file is being overwritten with it. */
  isOverwriting: boolean;
  /** The proposed name that it gets, or has got; undefined for its own. */
  proposed?: string | undefined;
}

/** Gives a part file that is whole the name of its file, and knows how far that has come. */
export class Placement {
  readonly #name: string;
  readonly #partName: string;
  readonly #options: OutputOptions;
  /** What is good to have, and the file system has not. */
  readonly #lacks: string[] = [];
  readonly #progress: PlacementProgress = { hasBegun: false, isOverwriting: false };

  constructor(name: string, partName: string, options: OutputOptions) {
    this.#name = name;
    this.#partName = partName;
    this.#options = options;
  }

  get progress(): Readonly<PlacementProgress> {
    return this.#progress;
  }

  /** Tries what is good to have, and no condition; `what` it would have then. */
  async attempt(what: string, operation: () => Promise<unknown> | unknown): Promise<void> {
    if (await attempt(operation)) this.#lacks.push(what);
  }

  /** The file system does not let the part file have this. */
  lack(what: string): void {
    this.#lacks.push(what);
  }

  /**
   * Gives it the proposed name, if it is free, or its own; and takes away no other file that is to
   * stay.
   */
  async place(proposed: string | undefined): Promise<Placed> {
    const { keepsExisting, replaced, onNotice } = this.#options;
    this.#progress.hasBegun = true;
    if (proposed !== undefined && proposed !== this.#name) {
      this.#progress.proposed = proposed;
      if (await moveToNew(this.#partName, proposed)) return "proposed";
      this.#progress.proposed = undefined;
      onNotice?.(`${proposed} is there by now: it stays as it is`);
    }
    if (keepsExisting) return await moveToNew(this.#partName, this.#name) ? "own" : "taken";
    if (replaced !== undefined) {
      await this.attempt("its mode", () => takeAfter(this.#partName, replaced));
    }
    const isKnown = replaced?.isMountPoint === true;
    const onOverwrite = () => {
      this.#progress.isOverwriting = true;
    };
    if (await moveOver(this.#partName, this.#name, isKnown, onOverwrite) && !isKnown) {
      onNotice?.(`${this.#name} cannot be replaced: its content was overwritten`);
    }
    return "own";
  }

  /** Tells of all that the file system has not, in one line. */
  tellLacks(): void {
    if (this.#lacks.length === 0) return;
    this.#options.onNotice?.(`the file system does not let it have ${this.#lacks.join(", ")}`);
  }
}
