import { DownloadError, fileErrors, ignoreNotFound } from "./download_error.ts";
import type { Output, OutputOptions } from "./output.ts";
import { isMountPoint, isRefusal } from "./place_file.ts";
import { PartFile } from "./part_file.ts";

/**
 * The output that a name means: `-` is standard output, a device or a pipe is written to as it
 * stands, anything else becomes a file by way of a part file.
 *
 * @throws {DownloadError} `file`, when it cannot be written
 */
export async function openOutput(name: string, options: OutputOptions): Promise<Output> {
  if (name === "-") return await streamOutput("standard output", Deno.stdout);
  const found = await fileErrors(name, () => Deno.stat(name).catch(ignoreNotFound));
  if (found?.isDirectory) throw new DownloadError("file", `${name} is a directory`);
  if (found && !found.isFile) {
    const device = await fileErrors(name, () => Deno.open(name, { write: true }));
    return await streamOutput(name, device);
  }
  // Renaming would replace a file that may not be written, so it is asked for first.
  if (found) await fileErrors(name, async () => (await Deno.open(name, { write: true })).close());
  // Through a symbolic link the file behind it is replaced, or made, not the link.
  const path = await fileErrors(name, () => found ? Deno.realPath(name) : behindLinks(name));
  return found ? await openOver(path, found, options) : await PartFile.open(path, options);
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
    const output = await PartFile.open(path, { ...options, replaced });
    if (isMounted) tell(`${path} is a mount point: its content will be overwritten`);
    return output;
  } catch (error) {
    if (!(error instanceof DownloadError) || !isUnwritable(error.cause)) throw error;
  }
  tell(
    `${path} will be written in place, and what is there lost: its directory may not be written`,
  );
  const { InPlaceFile } = await import("./sequential_output.ts");
  return new InPlaceFile(path, await fileErrors(path, () => Deno.open(path, { write: true })));
}

/** Whether a directory takes no new file. */
function isUnwritable(error: unknown): boolean {
  return isRefusal(error) ||
    (error instanceof Error && "code" in error && error.code === "EROFS");
}

/** The path that a name leads to where symbolic links lead to nothing yet. */
async function behindLinks(name: string): Promise<string> {
  let path = name;
  while ((await Deno.lstat(path).catch(ignoreNotFound))?.isSymlink) {
    const target = await Deno.readLink(path);
    const directory = path.slice(0, Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
    path = /^(?:[/\\]|[A-Za-z]:)/.test(target) ? target : directory + target;
  }
  return path;
}

/** Most outputs are files: what the others need is loaded for them alone. */
async function streamOutput(
  name: string,
  stream: Deno.FsFile | typeof Deno.stdout,
): Promise<Output> {
  const { StreamOutput } = await import("./sequential_output.ts");
  return new StreamOutput(name, stream);
}
