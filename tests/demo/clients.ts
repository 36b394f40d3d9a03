import { join } from "@std/path";
import type { Process } from "../support/process.ts";
import { startRole } from "../support/role.ts";
import type { Stage } from "./stage.ts";

/** One client.ts at work. */
export interface Client {
  readonly process: Process;
  /** The directory that it saves in. */
  readonly directory: string;
}

/** What clients came back with. */
export interface Harvest {
  /** Files that arrived, each the same to the last byte. */
  readonly saved: number;
  /** Files that did not arrive. */
  readonly missing: number;
  /** The size of those that did. */
  readonly bytes: number;
  /** By server, how often a client was sent there. */
  readonly visits: ReadonlyMap<string, number>;
}

/** Starts clients, each of which downloads all of the files into a directory of its own. */
export async function startClients(
  stage: Stage,
  count: number,
  urls: readonly string[],
  parent: string,
): Promise<Client[]> {
  const clients: Client[] = [];
  for (let i = 0; i < count; i++) {
    const directory = await Deno.makeTempDir({ dir: parent, prefix: "client-" });
    const process = stage.place(() => startRole("client", urls, { cwd: directory }));
    clients.push({ process, directory });
  }
  return clients;
}

/**
 * Waits for clients and compares every byte that they saved with the files.
 *
 * @throws {Error} when something is wrong that no dying server excuses
 */
export async function harvest(
  clients: readonly Client[],
  files: Readonly<Record<string, Uint8Array>>,
): Promise<Harvest> {
  const total = { saved: 0, missing: 0, bytes: 0 };
  const visits = new Map<string, number>();
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
      visits.set(server!, (visits.get(server!) ?? 0) + 1);
    }
  }
  return { ...total, visits };
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
