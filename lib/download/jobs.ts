import { CommandError, UsageError } from "../cli/command.ts";
import type { ClientOptions } from "./client_options.ts";
import type { Checksums } from "./checksums.ts";
import { DownloadError, exitStatusOf } from "./download_error.ts";
import { fileErrors } from "./file_error.ts";
import { fileName } from "./file_name.ts";
import type { Listed } from "./finished_file.ts";
import { parseTypedUri, type TargetUri } from "./target_uri.ts";

/** One file to download. */
export interface Job {
  readonly uri: TargetUri;
  /** The path of the file; `-` for standard output. */
  readonly name: string;
  /** What its SHA-256 is to be, in lower-case hexadecimal digits; undefined for anything. */
  readonly sha256: string | undefined;
  /** What a listing says of it; undefined where none does. */
  readonly listed?: Listed | undefined;
}

/** What decides which files there are to download. */
export type JobOptions = Pick<
  ClientOptions,
  "output" | "directory" | "input" | "sha256" | "checksums" | "recursive"
>;

/**
 * What is to be downloaded. All mistakes are found before the first request.
 *
 * @param operands URLs as typed
 * @throws {UsageError} when they cannot be downloaded, or not so
 */
export async function planJobs(operands: readonly string[], options: JobOptions): Promise<Job[]> {
  const { output, directory, input, sha256, checksums, recursive } = options;
  const listed = input === undefined ? [] : parseUrlList(await readText("input", input));
  const typed = [...operands, ...listed].map(typedUri);
  // A URL that is listed twice is one file.
  const uris = [...new Map(typed.map((uri) => [uri.href, uri])).values()];
  if (uris.length === 0) throw new UsageError("no URL is given: name one, as http://host/file");
  const isOne = (name: string, value: string | undefined) => {
    if (value === undefined || uris.length === 1) return;
    throw new UsageError(`--${name}=${value} takes one URL, but ${uris.length} are given`);
  };
  isOne("output", output);
  isOne("sha256", sha256);
  if (recursive && uris.length > 1) {
    throw new UsageError(`--recursive takes one URL, but ${uris.length} are given`);
  }
  const lists = checksums === undefined ? undefined : await readChecksums(checksums);
  // Loading it takes 10 ms, and most downloads do not need it.
  const paths = directory ?? checksums ? await import("@std/path") : undefined;
  const names = new Set<string>();
  return uris.map((uri) => {
    const plain = output ?? fileName(uri);
    const name = directory && plain !== "-" ? paths!.join(directory, plain) : plain;
    if (names.has(name)) throw new UsageError(`two URLs would be saved as ${name}`);
    names.add(name);
    const listedDigest = lists && digestIn(lists, paths!.basename(plain), uri, checksums!);
    return { uri, name, sha256: sha256 ?? listedDigest };
  });
}

/** What a list says of a file, by its name here or else by that in its URL. */
function digestIn(checksums: Checksums, name: string, uri: TargetUri, file: string): string {
  const [path = ""] = uri.requestTarget.split("?", 1);
  const here = checksums.find(name, path);
  const [digest, ...others] = here.length > 0 ? here : checksums.find(fileName(uri), path);
  if (digest === undefined) throw new UsageError(`--checksums=${file} does not list ${name}`);
  if (others.length === 0) return digest;
  throw new UsageError(`--checksums=${file} lists different checksums for ${name}`);
}

function typedUri(url: string): TargetUri {
  try {
    return parseTypedUri(url);
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    throw new UsageError(error.message, { cause: error });
  }
}

async function readChecksums(file: string): Promise<Checksums> {
  const { Checksums } = await import("./checksums.ts");
  const checksums = new Checksums(await readText("checksums", file));
  if (checksums.count > 0) return checksums;
  throw new UsageError(`--checksums=${file} is no list as sha256sum writes it`);
}

/**
 * The text of a file that an option names; `-` is standard input.
 *
 * @throws {UsageError} when it cannot be read
 */
export async function readText(option: string, file: string): Promise<string> {
  try {
    if (file !== "-") return await Deno.readTextFile(file);
    const { toText } = await import("@std/streams/to-text");
    return await toText(Deno.stdin.readable);
  } catch (error) {
    const reason = error instanceof Deno.errors.NotFound
      ? "does not exist"
      : error instanceof Deno.errors.NotCapable
      ? `needs --allow-read=${file} as well`
      : "cannot be read";
    throw new UsageError(`--${option}=${file} ${reason}`, { cause: error });
  }
}

/**
 * The certificates that `--ca` names, as PEM.
 *
 * @throws {UsageError} when there are none
 */
export async function readCertificates(file: string): Promise<string> {
  const text = await readText("ca", file);
  if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
  throw new UsageError(`--ca=${file} holds no certificate in PEM`);
}

/**
 * Runs an action for each item, at most `most` at a time.
 *
 * @returns what came of them, in the order of the items
 */
export async function atOnce<Item, Result>(
  items: readonly Item[],
  most: number,
  act: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const rest = items.entries();
  const worker = async () => {
    for (const [index, item] of rest) results[index] = await act(item);
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, worker));
  return results;
}

/** Reads a list of URLs, one a line: blank lines and those that begin with `#` are passed over. */
export function parseUrlList(text: string): string[] {
  return text.split(/\r?\n/).map((line) => line.trim()).filter((line) =>
    line !== "" && !line.startsWith("#")
  );
}

/**
 * Makes the directory for the files, and those above it, where they are missing.
 *
 * @throws {CommandError} with the exit status of a file that cannot be written
 */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await fileErrors(path, () => Deno.mkdir(path, { recursive: true }));
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    throw new CommandError(error.message, exitStatusOf(error), { cause: error });
  }
}
