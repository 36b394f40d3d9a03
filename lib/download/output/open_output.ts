import { DownloadError } from "../download_error.ts";
import { attempt, codeOf, fileErrors, ifFound, ignoreNotFound, isRefusal } from "./file_error.ts";
import { cutToBytes, LONGEST_NAME, splitPath } from "./file_name.ts";
import { InPlaceFile, type Output, type OutputOptions, StreamOutput } from "./output.ts";
import { type OpenPart, PartFile } from "./part_file.ts";
import { recordOwner } from "./part_record.ts";
import { isMountPoint } from "./place_file.ts";

/** A descriptor that this process was started with: what it leads to is to be written to as it stands. */
const DESCRIPTOR = /^\/(?:dev\/(?:fd\/[0-9]+|stderr)|proc\/self\/fd\/[0-9]+)$/;

/** How many names are tried. */
const MOST_NAMES = 20;

/**
 * The output that a name means: `-` is standard output, a device or a pipe is written to as it
 * stands, anything else becomes a file by way of a part file.
 *
 * @throws {DownloadError} `file`, when it cannot be written
 */
export async function openOutput(name: string, options: OutputOptions): Promise<Output> {
  if (name === "-") return new StreamOutput("standard output", Deno.stdout);
  if (DESCRIPTOR.test(name)) {
    const file = await fileErrors(name, () => Deno.open(name, { append: true }));
    return new StreamOutput(name, file);
  }
  const found = await fileErrors(name, () => Deno.stat(name).catch(ignoreNotFound));
  if (found?.isDirectory) throw new DownloadError("file", `${name} is a directory`);
  if (found && !found.isFile) {
    const device = await fileErrors(name, () => Deno.open(name, { write: true }));
    return new StreamOutput(name, device);
  }
  // Renaming would replace a file that may not be written, so it is asked for first.
  if (found) await fileErrors(name, async () => (await Deno.open(name, { write: true })).close());
  // Through a symbolic link the file behind it is replaced, or made, not the link.
  const path = await fileErrors(name, () => found ? Deno.realPath(name) : behindLinks(name));
  return found ? await openOver(path, found, options) : await openPartFile(path, options);
}

/**
 * Removes the record of a download that was killed when its part had just become the file of that
 * name. Where that may not be, it stays: the next download of the name takes it.
 */
export async function forgetKilled(name: string): Promise<void> {
  await attempt(async () => {
    const partName = nameOf(await Deno.realPath(name), 1);
    if (recordOwner(partName) !== "ours" || ifFound(() => Deno.lstatSync(partName))) return;
    Deno.removeSync(`${partName}.json`);
  });
}

/** The output that replaces a file. */
async function openOver(
  path: string,
  { mode, uid, gid }: Deno.FileInfo,
  options: OutputOptions,
): Promise<Output> {
  const tell = (text: string) => options.onNotice?.(text);
  const isMounted = await fileErrors(path, () => isMountPoint(path));
  try {
    const replaced = { mode, uid, gid, isMountPoint: isMounted };
    const output = await openPartFile(path, { ...options, replaced });
    if (isMounted) tell(`${path} is a mount point: its content will be overwritten`);
    return output;
  } catch (error) {
    const isUnwritable = error instanceof DownloadError &&
      (isRefusal(error.cause) || codeOf(error.cause) === "EROFS");
    if (!isUnwritable) throw error;
  }
  tell(
    `${path} will be written in place, and what is there lost: its directory may not be written`,
  );
  return new InPlaceFile(path, await fileErrors(path, () => Deno.open(path, { write: true })));
}

/** The path that a name leads to where symbolic links lead to nothing yet. */
async function behindLinks(name: string): Promise<string> {
  let path = name;
  while ((await Deno.lstat(path).catch(ignoreNotFound))?.isSymlink) {
    const target = await Deno.readLink(path);
    const [directory] = splitPath(path);
    path = /^(?:[/\\]|[A-Za-z]:)/.test(target) ? target : directory + target;
  }
  return path;
}

/**
 * Opens the part file of that name, and locks it.
 *
 * @throws {DownloadError} `file`, when it cannot be written or another download is writing it
 */
export async function openPartFile(name: string, options: OutputOptions): Promise<PartFile> {
  return await fileErrors(`${name}.part`, async () => {
    const opened = openPart(name, options);
    try {
      return await PartFile.take(name, options, opened);
    } catch (error) {
      opened.file.close();
      throw error;
    }
  });
}

/**
 * Opens `NAME.part`. Where that is another's, one with content that no record of ours stands beside,
 * or that the run is to write itself, it is `NAME.2.part`, and so on; nothing else is ever written into.
 * Synchronously, as it is written: by way of a thread for each step it took 1 ms more.
 *
 * @throws {DownloadError} `file`, when another download is writing it, or none can be had
 */
function openPart(name: string, options: OutputOptions): OpenPart {
  for (let n = 1; n <= MOST_NAMES; n++) {
    const partName = nameOf(name, n);
    const part = isFree(partName, options) ? openIfOurs(partName) : undefined;
    if (part === undefined) continue;
    if (n > 1) options.onNotice?.(`${nameOf(name, 1)} is another's file: writing ${partName}`);
    return part;
  }
  throw new DownloadError("file", `${nameOf(name, 1)} is in the way, and ${MOST_NAMES} like it`);
}

/** The path of a part file; one that would be too long is shortened, and told apart by its sum. */
function nameOf(path: string, n: number): string {
  const suffix = n === 1 ? ".part" : `.${n}.part`;
  const [directory, name] = splitPath(path);
  const bytes = new TextEncoder().encode(name);
  const room = LONGEST_NAME - suffix.length - ".json".length;
  if (bytes.length <= room) return path + suffix;
  let sum = 0x811c9dc5;
  for (const byte of bytes) sum = Math.imul(sum ^ byte, 0x01000193) >>> 0;
  const hex = sum.toString(16).padStart(8, "0");
  return `${directory}${cutToBytes(name, room - 9)}~${hex}${suffix}`;
}

/** Whether this run writes nothing else there, nor beside it. */
function isFree(partName: string, { claims }: OutputOptions): boolean {
  if (claims === undefined) return true;
  if (!claims.claim(partName)) return false;
  if (claims.claim(`${partName}.json`)) return true;
  claims.release(partName);
  return false;
}

function openIfOurs(partName: string): OpenPart | undefined {
  const side = recordOwner(partName);
  const found = ifFound(() => Deno.lstatSync(partName));
  if (side === "others" || (found && !found.isFile)) return undefined;
  // Written under another name as well, it would change there too.
  const isShared = (found?.nlink ?? 1) > 1;
  if (isShared && side === "ours") Deno.removeSync(partName);
  if (isShared && side !== "ours") return undefined;
  const how = isShared ? { createNew: true } : found ? {} : { create: true };
  const file = Deno.openSync(partName, { read: true, write: true, ...how });
  try {
    const lock = tryLock(file);
    if (lock === "taken" || !isStill(partName, file)) {
      throw new DownloadError("file", `${partName} is being written by another download`);
    }
    // One that is empty has nothing to lose: a download that was killed at its start left it.
    if (!found?.size || side === "ours") {
      return { partName, file, isOld: found !== undefined, lacksLock: lock === "none" };
    }
  } catch (error) {
    file.close();
    throw error;
  }
  file.close();
  return undefined;
}

/** Locks a file, unless it is locked already, or the file system has no locks. */
function tryLock(file: Deno.FsFile): "ours" | "taken" | "none" {
  try {
    return file.tryLockSync(true) ? "ours" : "taken";
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return "none";
  }
}

/** Whether the path still means the file that was opened, and not one that took its place. */
function isStill(path: string, file: Deno.FsFile): boolean {
  const [opened, found] = [file.statSync(), ifFound(() => Deno.statSync(path))];
  return found !== undefined && found.ino === opened.ino && found.dev === opened.dev;
}
