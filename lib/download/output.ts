import { DownloadError } from "./download_error.ts";

/** Where the content of a download goes. */
export interface Output {
  /**
   * Writes all of the octets.
   *
   * @throws {DownloadError} `file`
   */
  write(octets: Uint8Array): Promise<void>;
  /**
   * The content is whole.
   *
   * @throws {DownloadError} `file`
   */
  complete(): Promise<void>;
  /** The content failed: nothing of it is to stay. Never throws. */
  abandon(): Promise<void>;
}

/**
 * The output that a name means: `-` is standard output, a device or a pipe is written to as it
 * stands, anything else becomes a file by way of a part file.
 *
 * @throws {DownloadError} `file`, when it cannot be written
 */
export async function openOutput(name: string): Promise<Output> {
  if (name === "-") return new StreamOutput("standard output", Deno.stdout);
  const found = await fileErrors(name, () => Deno.stat(name).catch(ignoreNotFound));
  if (found?.isDirectory) throw new DownloadError("file", `${name} is a directory`);
  if (found && !found.isFile) {
    const device = await fileErrors(name, () => Deno.open(name, { write: true }));
    return new StreamOutput(name, device);
  }
  // Renaming would replace a file that may not be written, so it is asked for first.
  if (found) await fileErrors(name, async () => (await Deno.open(name, { write: true })).close());
  // Through a symbolic link the file behind it is replaced, not the link.
  const path = found ? await fileErrors(name, () => Deno.realPath(name)) : name;
  return await PartFile.open(path);
}

/** Standard output, a device or a pipe: what is written there cannot be taken back. */
class StreamOutput implements Output {
  readonly #name: string;
  readonly #stream: { write(octets: Uint8Array): Promise<number>; close(): void };

  constructor(name: string, stream: { write(octets: Uint8Array): Promise<number>; close(): void }) {
    this.#name = name;
    this.#stream = stream;
  }

  async write(octets: Uint8Array): Promise<void> {
    await fileErrors(this.#name, () => writeAll(this.#stream, octets));
  }

  complete(): Promise<void> {
    return this.abandon();
  }

  abandon(): Promise<void> {
    if (this.#stream !== Deno.stdout) this.#stream.close();
    return Promise.resolve();
  }
}

/**
 * A file that appears under its name only when it is whole: until then it grows as `NAME.part`
 * beside it, locked against a second download of the same name.
 */
class PartFile implements Output {
  readonly #name: string;
  readonly #partName: string;
  readonly #file: Deno.FsFile;

  private constructor(name: string, partName: string, file: Deno.FsFile) {
    this.#name = name;
    this.#partName = partName;
    this.#file = file;
  }

  static async open(name: string): Promise<PartFile> {
    const partName = `${name}.part`;
    return await fileErrors(partName, async () => {
      const found = await Deno.lstat(partName).catch(ignoreNotFound);
      if (found && !found.isFile) {
        throw new DownloadError("file", `${partName} is in the way: it is no regular file`);
      }
      const file = await Deno.open(partName, { write: true, create: true });
      try {
        if (!(await file.tryLock(true)) || !(await isStill(partName, file))) {
          throw new DownloadError("file", `${partName} is being written by another download`);
        }
        await file.truncate(0);
        return new PartFile(name, partName, file);
      } catch (error) {
        file.close();
        throw error;
      }
    });
  }

  /**
   * Synchronously, so that no octet goes by way of a thread: 1 GiB took 16 % less time. Only a
   * file is written so, for it never waits on a reader, and a piece is no more than one read brought.
   */
  async write(octets: Uint8Array): Promise<void> {
    await fileErrors(this.#partName, () => {
      for (let rest = octets; rest.length > 0;) rest = rest.subarray(this.#file.writeSync(rest));
    });
  }

  async complete(): Promise<void> {
    await fileErrors(this.#name, () => Deno.rename(this.#partName, this.#name));
    this.#file.close();
  }

  async abandon(): Promise<void> {
    await Deno.remove(this.#partName).catch(() => {});
    this.#file.close();
  }
}

/** Whether the path still means the file that was opened, and not one that took its place. */
async function isStill(path: string, file: Deno.FsFile): Promise<boolean> {
  const [opened, found] = await Promise.all([file.stat(), Deno.stat(path).catch(ignoreNotFound)]);
  return found !== undefined && found.ino === opened.ino && found.dev === opened.dev;
}

async function writeAll(
  stream: { write(octets: Uint8Array): Promise<number> },
  octets: Uint8Array,
): Promise<void> {
  for (let written = 0; written < octets.length;) {
    written += await stream.write(octets.subarray(written));
  }
}

function ignoreNotFound(error: unknown): undefined {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EDQUOT: "the disk quota is used up",
  EFBIG: "the file is too large for the file system",
  EISDIR: "it is a directory",
  ENAMETOOLONG: "the name is too long",
  ENOENT: "there is no such directory",
  ENOSPC: "no space left on the disk",
  ENOTDIR: "a part of its path is no directory",
  EPERM: "permission denied",
  EPIPE: "its reader has gone away",
  EROFS: "the file system is read-only",
};

/** Runs an operation on a file; what Deno throws becomes a DownloadError. */
async function fileErrors<T>(name: string, operation: () => T | Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    if (error instanceof DownloadError) throw error;
    throw new DownloadError("file", `cannot write ${name}: ${reasonOf(error)}`, { cause: error });
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotCapable) {
    return "Deno was not given --allow-read and --allow-write for it";
  }
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return REASONS[code] ?? (error instanceof Error ? error.message : String(error));
}
