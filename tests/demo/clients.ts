import { join } from "@std/path";
import type { Process } from "../support/process.ts";

/** One client.ts at work. */
export interface Client {
  readonly process: Process;
  /** The directory that it saves in. */
  readonly directory: string;
}

/** What clients downloaded. */
export interface DownloadTotals {
  /** Files that arrived, each the same to the last byte. */
  readonly saved: number;
  /** Files that did not arrive. */
  readonly missing: number;
  /** The size of those that did. */
  readonly bytes: number;
  /** By server, how often a client was sent there. */
  readonly redirects: ReadonlyMap<string, number>;
}

/** Starts clients, each in a directory of its own below the parent. */
export async function startClients(
  count: number,
  parent: string,
  start: (directory: string) => Process,
): Promise<Client[]> {
  const clients: Client[] = [];
  for (let i = 0; i < count; i++) {
    const directory = await Deno.makeTempDir({ dir: parent, prefix: "client-" });
    clients.push({ process: start(directory), directory });
  }
  return clients;
}

/**
 * Waits for clients and compares every byte that they saved with the files.
 *
 * @throws {Error} when something is wrong that no dying server excuses
 */
export async function resultsOf(
  clients: readonly Client[],
  files: Readonly<Record<string, Uint8Array>>,
): Promise<DownloadTotals> {
  const total = { saved: 0, missing: 0, bytes: 0 };
  const redirects = new Map<string, number>();
  for (const { process, directory } of clients) {
    const { code } = await process.ended;
    const saved = await savedFiles(directory, files);
    const missing = Object.keys(files).length - saved.length;
    if ((code === 0) !== (missing === 0)) {
      throw new Error(`a client ended with ${code}, but missed ${missing} files`);
    }
    total.saved += saved.length;
    total.missing += missing;
    for (const name of saved) total.bytes += files[name]!.length;
    for (const [, server] of process.stderr.text.matchAll(/ → http:\/\/([^/]+)\//g)) {
      redirects.set(server!, (redirects.get(server!) ?? 0) + 1);
    }
  }
  return { ...total, redirects };
}

/** The names of the files in a directory, each of which must be the whole of its original. */
async function savedFiles(
  directory: string,
  files: Readonly<Record<string, Uint8Array>>,
): Promise<string[]> {
  const names = (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name);
  for (const name of names) {
    const expected = files[name];
    if (expected === undefined) throw new Error(`a client left ${name} behind`);
    const actual = await Deno.readFile(join(directory, name));
    const isSame = actual.length === expected.length && actual.every((it, i) => it === expected[i]);
    if (!isSame) throw new Error(`${name} arrived with other bytes`);
  }
  return names;
}
