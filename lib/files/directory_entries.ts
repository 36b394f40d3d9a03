import { isServable } from "./file_path.ts";
import type { ListingEntry } from "./listing.ts";
import type { FoundDirectory, Root } from "./root.ts";

/** How many entries are looked at together, in other threads. */
const BATCH_SIZE = 128;

/**
 * What stands in a directory, as far as it would be served: no hidden names, nothing but files and
 * directories, no links that lead out of the root. It is read while it is asked for, a batch at a
 * time, so that a directory of any size needs no more memory than a small one.
 *
 * @param names of the directory, from the root down
 * @throws what the system says when the directory cannot be read
 */
export async function* directoryEntries(
  root: Root,
  directory: FoundDirectory,
  names: readonly string[],
): AsyncGenerator<ListingEntry[], void> {
  let batch: Deno.DirEntry[] = [];
  for await (const entry of Deno.readDir(directory.path)) {
    if (!isServable(entry.name, names.length)) continue;
    batch.push(entry);
    if (batch.length < BATCH_SIZE) continue;
    yield await described(root, directory, names, batch);
    batch = [];
  }
  yield await described(root, directory, names, batch);
}

async function described(
  root: Root,
  directory: FoundDirectory,
  names: readonly string[],
  batch: readonly Deno.DirEntry[],
): Promise<ListingEntry[]> {
  const look = async ({ name, isSymlink }: Deno.DirEntry) => {
    const info = isSymlink ? undefined : await Deno.lstat(`${directory.path}/${name}`);
    return info === undefined || info.isSymlink ? await root.describe([...names, name]) : info;
  };
  let infos = await Promise.all(batch.map((entry) => look(entry).catch(() => undefined)));
  if (!root.isSettled(directory)) {
    // It may be another directory that was read: each name has to show that it belongs here.
    infos = [];
    for (const { name } of batch) {
      infos.push(await root.describe([...names, name]).catch(() => undefined));
    }
  }
  return batch.flatMap(({ name }, index) => entryOf(name, infos[index]));
}

function entryOf(name: string, info: Deno.FileInfo | undefined): ListingEntry[] {
  const modifiedMs = info?.mtime?.getTime() ?? 0;
  if (info?.isDirectory) return [{ kind: "directory", name, modifiedMs }];
  if (info?.isFile) return [{ kind: "file", name, size: info.size, modifiedMs }];
  return [];
}
