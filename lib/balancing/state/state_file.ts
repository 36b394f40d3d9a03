/**
 * The file of a state: whose it is, and how it is read and replaced. Beside it stand a lock,
 * `FILE.lock`, which the process has that keeps the file, and for a moment its successor, `FILE.new`.
 *
 * @module
 */

import { dirname } from "@std/path";
import { CommandError, UsageError } from "../../cli/command.ts";
import { StateError } from "./state_text.ts";

/** More than the state of 10,000 servers. */
const MOST_BYTES = 64 * 1024 * 1024;

/** Only its user may read and write it. */
const MODE = 0o600;

/** A file that one process at a time keeps. */
export class StateFile {
  readonly path: string;
  #lock: Deno.FsFile | undefined;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Checks that there may be such a file; reads and locks nothing.
   *
   * @throws {UsageError} if its directory does not exist, or Deno may not use it
   */
  static async open(path: string): Promise<StateFile> {
    const directory = dirname(path);
    const refuse = (reason: string, cause?: unknown): never => {
      throw new UsageError(`--state=${path}: ${reason}`, { cause });
    };
    for (const name of ["read", "write"] as const) {
      if ((await Deno.permissions.query({ name, path: directory })).state === "granted") continue;
      refuse(`run it with --allow-read=${directory} and --allow-write=${directory} as well`);
    }
    try {
      if (!(await Deno.stat(directory)).isDirectory) refuse(`${directory} is no directory`);
    } catch (error) {
      if (error instanceof CommandError) throw error;
      refuse(`the directory ${directory} does not exist or is not accessible`, error);
    }
    return new StateFile(path);
  }

  /** Whether this process has the lock. */
  get isLocked(): boolean {
    return this.#lock !== undefined;
  }

  /**
   * Takes the lock, which the system gives back when the process ends, however it does.
   *
   * @returns false if another process has it
   * @throws if that is not possible
   */
  async lock(): Promise<boolean> {
    if (this.#lock !== undefined) return true;
    const file = await Deno.open(`${this.path}.lock`, { write: true, create: true, mode: MODE });
    try {
      if (await file.tryLock(true)) this.#lock = file;
    } finally {
      if (this.#lock === undefined) file.close();
    }
    return this.isLocked;
  }

  unlock(): void {
    this.#lock?.close();
    this.#lock = undefined;
  }

  /**
   * Reads the file.
   *
   * @returns undefined if it does not exist
   * @throws {StateError} if it is another user's, is not regular, or is too large
   * @throws if it cannot be read
   */
  async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    try {
      const { isFile, isDirectory, size, uid } = await Deno.stat(this.path);
      if (isDirectory) throw new StateError("is a directory", true);
      if (!isFile) throw new StateError("is no regular file", true);
      if (size > MOST_BYTES) throw new StateError("is too large for a state", true);
      if (uid !== await this.#ownUid()) throw new StateError("belongs to another user");
      return await Deno.readFile(this.path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  /**
   * Replaces the file at once: whoever reads it, whenever this process or the machine ends, finds
   * the old content or the new one.
   *
   * @throws if that is not possible; then the old content stays
   */
  async replace(bytes: Uint8Array): Promise<void> {
    const successor = `${this.path}.new`;
    // Created anew, so that no link of another user is followed.
    await Deno.remove(successor).catch(ignoreMissing);
    const file = await Deno.open(successor, { write: true, createNew: true, mode: MODE });
    try {
      for (let written = 0; written < bytes.length;) {
        written += await file.write(bytes.subarray(written));
      }
      await file.sync();
      await Deno.rename(successor, this.path);
    } catch (error) {
      await Deno.remove(successor).catch(() => {}); // A full disk has better use for the space.
      throw error;
    } finally {
      file.close();
    }
  }

  /** The user id of new files: `Deno.uid()` would need a permission. */
  async #ownUid(): Promise<number | null> {
    const path = await Deno.makeTempFile({ dir: dirname(this.path), prefix: ".state" });
    try {
      return (await Deno.stat(path)).uid;
    } finally {
      await Deno.remove(path);
    }
  }
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
