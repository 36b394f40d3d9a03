import { join } from "@std/path";
import { PROJECT } from "./role.ts";
import { TemporaryDirectory } from "./temporary_directory.ts";

/** The balancer and what it needs, in a directory where a servers.txt may lie beside it. */
export async function copyOfProject(
  files: Readonly<Record<string, string>> = {},
): Promise<TemporaryDirectory> {
  const copy = await TemporaryDirectory.with(files);
  const copyAll = async (name: string): Promise<void> => {
    const path = join(PROJECT, name);
    if ((await Deno.stat(path)).isFile) return await copy.write(name, await Deno.readFile(path));
    for await (const entry of Deno.readDir(path)) await copyAll(join(name, entry.name));
  };
  for (const name of ["balancer.ts", "deno.json", "deno.lock", "lib"]) await copyAll(name);
  return copy;
}
