import { CommandError, UsageError } from "../../cli/command.ts";
import type { ClientOptions } from "../client_options.ts";
import type { Checksums } from "./checksums.ts";
import { DownloadError, exitStatusOf } from "../download_error.ts";
import { fileErrors } from "../output/file_error.ts";
import { fileName } from "../output/file_name.ts";
import type { Listed } from "../output/finished_file.ts";
import type { Description, MetalinkOptions, MetalinkPlan } from "./metalink_jobs.ts";
import { readText } from "../../cli/option_file.ts";
import { parseTypedUri, type TargetUri } from "../requests/target_uri.ts";

/** One file to download. */
export interface Job {
  readonly uri: TargetUri;
  /** The path of the file; `-` for standard output. */
  readonly name: string;
  /** What its SHA-256 is to be, in lower-case hexadecimal digits; undefined for anything. */
  readonly sha256: string | undefined;
  /** What a Metalink document says of it, whose URI `uri` is then; undefined without one. */
  readonly described?: Description | undefined;
  /** What a listing says of it; undefined where none does. */
  readonly listed?: Listed | undefined;
  /** The jobs of a Metalink document, should the URI lead to one; undefined to save that as it is. */
  readonly follow?: ((document: Uint8Array) => Promise<readonly Job[]>) | undefined;
  /** The jobs of the Metalink document at hand, where this is for a newer version of it. */
  readonly atHand?: readonly Job[] | undefined;
}

/** What decides which files there are to download. */
export type JobOptions =
  & Pick<ClientOptions, "input" | "checksums" | "no-metalink" | "recursive">
  & MetalinkOptions;

/**
 * What is to be downloaded. All mistakes are found before the first request.
 *
 * @param operands URLs as typed
 * @throws {UsageError} when they cannot be downloaded, or not so
 */
export async function planJobs(operands: readonly string[], options: JobOptions): Promise<Job[]> {
  const { output, directory, input, sha256, checksums, recursive } = options;
  const listed = input === undefined ? [] : parseUrlList(await readText("input", input));
  const typed = [...new Set([...operands, ...listed])];
  const documents = typed.filter((text) => !options["no-metalink"] && isLocalDocument(text));
  const typedUris = typed.filter((text) => !documents.includes(text)).map(typedUri);
  // A URL that is listed twice is one file.
  const uris = [...new Map(typedUris.map((uri) => [uri.href, uri])).values()];
  const count = uris.length + documents.length;
  if (count === 0) throw new UsageError("no URL is given: name one, as http://host/file");
  const isOne = (name: string, value: string | undefined) => {
    if (value === undefined || count === 1) return;
    throw new UsageError(`--${name}=${value} takes one URL, but ${count} are given`);
  };
  isOne("output", output);
  isOne("sha256", sha256);
  if (recursive && count > 1) {
    throw new UsageError(`--recursive takes one URL, but ${count} are given`);
  }
  if (recursive && documents.length > 0) {
    throw new UsageError("--recursive takes the URL of a directory, not a Metalink document");
  }
  const lists = checksums === undefined ? undefined : await readChecksums(checksums);
  // Loading it takes 10 ms, and most downloads do not need it.
  const paths = directory ?? checksums ? await import("@std/path") : undefined;
  const listedDigest = (plain: string, uri: TargetUri) =>
    lists && digestIn(lists, paths!.basename(plain), uri, checksums!);
  const plan = { options, listedDigest, random: Math.random };
  const jobs: Job[] = uris.map((uri) => {
    const plain = output ?? fileName(uri);
    const name = directory && plain !== "-" ? paths!.join(directory, plain) : plain;
    const follow = options["no-metalink"] || recursive ? undefined : followWith(uri, plan);
    // What a document describes is listed, not the document.
    const isDocument = follow !== undefined && isMetalinkName(uri.requestTarget);
    const digest = sha256 ?? (isDocument ? undefined : listedDigest(plain, uri));
    return { uri, name, sha256: digest, follow };
  });
  for (const text of documents) jobs.push(...await readDocument(text, plan));
  const names = new Set<string>();
  for (const { name } of jobs) {
    if (names.has(name)) throw new UsageError(`two URLs would be saved as ${name}`);
    names.add(name);
  }
  return jobs;
}

/**
 * What makes the jobs of a document: for its files, or first for the newer version that it names.
 *
 * @param isNewer whether it is that: no other is asked for then
 */
function followWith(
  uri: TargetUri,
  plan: MetalinkPlan,
  isNewer = false,
): NonNullable<Job["follow"]> {
  return async (document) => {
    const { planDescribed } = await import("./metalink_jobs.ts");
    const { jobs, newer } = planDescribed(document, uri, plan);
    if (newer === undefined || isNewer) return jobs;
    return [{ ...newer, follow: followWith(uri, plan, true), atHand: jobs }];
  };
}

/** The jobs of a document of this machine: its mistakes are found before the first request. */
async function readDocument(operand: string, plan: MetalinkPlan): Promise<readonly Job[]> {
  const { readLocal } = await import("./metalink_jobs.ts");
  try {
    const [document, uri] = await readLocal(operand);
    return await followWith(uri, plan)(document);
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    throw new UsageError(`${operand}: ${error.message}`, { cause: error });
  }
}

/** Whether a target names a Metalink document. */
export function isMetalinkName(requestTarget: string): boolean {
  return /\.meta4(?:\?|$)/i.test(requestTarget);
}

/** Whether an operand is the path of a Metalink document, or a URL of a file of this machine. */
function isLocalDocument(text: string): boolean {
  return /^file:/i.test(text) || (/\.(?:meta4|metalink)$/i.test(text) && !/^[^/]*:/.test(text));
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
 * Runs an action for each item, at most `most` at a time.
 *
 * @param act may add items
 * @returns what came of them, in the order of the items
 */
export async function atOnce<Item, Result>(
  items: readonly Item[],
  most: number,
  act: (item: Item, add: (items: readonly Item[]) => void) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const queue = [...items];
  const running = new Set<Promise<void>>();
  for (let begun = 0; begun < queue.length || running.size > 0;) {
    if (begun < queue.length && running.size < most) {
      const index = begun++;
      const task = act(queue[index]!, (more) => queue.push(...more))
        .then((result) => void (results[index] = result))
        .finally(() => running.delete(task));
      running.add(task);
    } else await Promise.race(running);
  }
  return results;
}

/**
 * Reads a list of URLs, one a line, however lines end: blank lines and those that begin with `#` are
 * passed over.
 */
export function parseUrlList(text: string): string[] {
  return text.split(/\r\n|\n|\r/).map((line) => line.trim()).filter((line) =>
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
