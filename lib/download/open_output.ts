import { DownloadError } from "./download_error.ts";
import { fileErrors, ignoreNotFound } from "./file_error.ts";
import type { Output, OutputOptions } from "./output.ts";
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
  // Through a symbolic link the file behind it is replaced, not the link.
  const path = found ? await fileErrors(name, () => Deno.realPath(name)) : name;
  return await PartFile.open(path, options);
}

/** Most outputs are files: what the others need is loaded for them alone. */
async function streamOutput(
  name: string,
  stream: Deno.FsFile | typeof Deno.stdout,
): Promise<Output> {
  const { StreamOutput } = await import("./stream_output.ts");
  return new StreamOutput(name, stream);
}
