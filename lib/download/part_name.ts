import { LONGEST_NAME } from "./file_name.ts";
import { DownloadError, ifFound } from "./download_error.ts";
import type { OutputOptions } from "./output.ts";
import { isRefusal } from "./place_file.ts";
import { SideFile } from "./side_file.ts";

/** So many names are tried. */
const MOST_NAMES = 20;

/** A file for the first part of a content, open and locked. */
export interface OpenPart {
  /** Its path. */
  readonly partName: string;
  /** The file itself. */
  readonly file: Deno.FsFile;
  /** Whether it is left from before. */
  readonly isOld: boolean;
  /** Whether the file system has no locks. */
  readonly lacksLock: boolean;
}

/**
 * Opens `NAME.part`. Where that is another's, one with content that no record of ours stands beside,
 * or that the run is to write itself, it is `NAME.2.part`, and so on; nothing else is ever written into.
 * Synchronously, as it is written: by way of a thread for each step it took 1 ms more.
 *
 * @throws {DownloadError} `file`, when another download is writing it, or none can be had
 */
export function openPart(name: string, options: OutputOptions): OpenPart {
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
  const start = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1;
  const name = path.slice(start);
  const octets = new TextEncoder().encode(name);
  const room = LONGEST_NAME - suffix.length - ".json".length;
  if (octets.length <= room) return path + suffix;
  let sum = 0x811c9dc5;
  for (const octet of octets) sum = Math.imul(sum ^ octet, 0x01000193) >>> 0;
  const characters = [...name];
  const tooLong = () => new TextEncoder().encode(characters.join("")).length > room - 9;
  while (tooLong()) characters.pop();
  return `${path.slice(0, start)}${characters.join("")}~${
    sum.toString(16).padStart(8, "0")
  }${suffix}`;
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
  const side = new SideFile(partName).owner();
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
