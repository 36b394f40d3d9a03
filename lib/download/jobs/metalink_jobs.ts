/**
 * From Metalink documents to the files that they describe: where documents come from, which jobs
 * they mean, and where files may be written.
 *
 * @module
 */

import { fromFileUrl, join } from "@std/path";
import { UsageError } from "../../cli/command.ts";
import type { ClientOptions } from "../client_options.ts";
import type { DownloadContext } from "../context.ts";
import { download } from "../download.ts";
import { DownloadError } from "../download_error.ts";
import { type ExpectedContent, isStrong } from "../expected_content.ts";
import { fileErrors, ignoreNotFound } from "../output/file_error.ts";
import type { FinalAnswer } from "../follow_redirects.ts";
import { type DescribedFile, type FileUrl, MOST_BYTES, parseMetalink } from "./metalink.ts";
import { type Leftover, NOTHING, type Placed, SequentialOutput } from "../output/output.ts";
import type { TargetUri } from "../requests/target_uri.ts";

/** What a Metalink document says of a file. */
export interface Description {
  /** Where it is to be had, the best first; maybe nowhere. */
  readonly sources: readonly TargetUri[];
  readonly expected: ExpectedContent;
  /** The path below `root`, the directory that it has to stay in; undefined for a name as typed. */
  readonly place: { readonly root: string; readonly path: string } | undefined;
  /** What is to be told before it is downloaded. */
  readonly notice: string | undefined;
}

/** A job for a file that a document describes. */
export interface DescribedJob {
  /** That of the document. */
  readonly uri: TargetUri;
  readonly name: string;
  readonly sha256: string | undefined;
  readonly described: Description;
}

/** The options that decide how a document's files are had. */
export type MetalinkOptions = Pick<
  ClientOptions,
  "output" | "directory" | "sha256" | "allow-downgrade" | "metalink-location"
>;

/** What plans the jobs of a document. */
export interface MetalinkPlan {
  readonly options: MetalinkOptions;
  /** The SHA-256 that a list of the user's has for a file; undefined without one. */
  readonly listedDigest: (path: string, uri: TargetUri) => string | undefined;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/** What is to be done about a document. */
export interface PlannedDocument {
  /** For each of its files. */
  readonly jobs: readonly DescribedJob[];
  /** For its newer version; undefined if it names none that may be asked for. */
  readonly newer: DescribedJob | undefined;
}

/**
 * Plans the jobs of a document.
 *
 * @param uri where it came from
 * @throws {DownloadError} if it is none, or cannot be downloaded so
 */
export function planDescribed(
  document: Uint8Array,
  uri: TargetUri,
  plan: MetalinkPlan,
): PlannedDocument {
  const { output, directory, sha256 } = plan.options;
  const { files, origin } = parseMetalink(document);
  for (const [name, value] of Object.entries({ output, sha256 })) {
    if (value === undefined || files.length === 1) continue;
    const reason = `--${name}=${value} takes one file, but it describes ${files.length}`;
    throw new DownloadError("url", reason);
  }
  const jobs = files.map((file) => {
    const plain = output ?? file.path;
    const listed = plan.listedDigest(file.path, uri);
    return {
      uri,
      name: directory !== undefined && plain !== "-" ? join(directory, plain) : plain,
      sha256: sha256 ?? listed,
      described: {
        sources: sourcesOf(file, uri.isSecure, plan),
        expected: file.expected,
        place: output === undefined ? { root: directory ?? ".", path: file.path } : undefined,
        notice: file.hasUnfitPieces
          ? "the digests of its pieces do not suit its size: they are not used"
          : undefined,
      },
    };
  });
  const isSure = !uri.isSecure || origin?.isSecure || plan.options["allow-downgrade"];
  const isElsewhere = origin !== undefined && origin.href !== uri.href && isSure;
  return { jobs, newer: isElsewhere ? newerJob(uri, origin, jobs[0]!.name) : undefined };
}

/**
 * The job for the newer version of a document.
 *
 * @param name that of one of its files: it stands for all until they are known
 */
function newerJob(
  uri: TargetUri,
  origin: TargetUri,
  name: string,
): DescribedJob {
  const notice = `asking for a newer version of the Metalink document: ${origin.href}`;
  const expected = { bytes: undefined, digest: undefined, pieces: undefined, identity: undefined };
  const described = { sources: [origin], expected, place: undefined, notice };
  return { uri, name, sha256: undefined, described };
}

/**
 * The URLs of a file, the best first: those of a location that is preferred, then by priority; in any
 * order where that is equal, so that not all clients ask the same server.
 */
function sourcesOf(
  { urls, expected }: DescribedFile,
  isSecure: boolean,
  { options, random }: MetalinkPlan,
): TargetUri[] {
  const near = new Set(options["metalink-location"]?.split(","));
  // What came over https is to be as sure: by https, or by a digest in the document.
  const mustBeSecure = isSecure && !isStrong(expected) && !options["allow-downgrade"];
  const rank = ({ location = "", priority }: FileUrl) =>
    (near.has(location) ? 0 : 1_000_000) + priority;
  const ranked = urls
    .filter(({ uri }) => uri.isSecure || !mustBeSecure)
    .map((url) => ({ uri: url.uri, rank: rank(url), chance: random() }))
    .sort((a, b) => a.rank - b.rank || a.chance - b.chance);
  return [...new Map(ranked.map(({ uri }) => [uri.href, uri])).values()];
}

/**
 * A document of this machine, and what stands for it in place of a URI: no server has it.
 *
 * @param operand its path, or a `file:` URL
 * @throws {DownloadError} `url`, if it cannot be read
 */
export async function readLocal(operand: string): Promise<[Uint8Array, TargetUri]> {
  const nowhere = { hostname: "", port: 0, server: "", authority: "", requestTarget: "" };
  const uri = { isSecure: false, href: operand, ...nowhere };
  try {
    const path = /^file:/i.test(operand) ? fromFileUrl(operand) : operand;
    const { isFile, size } = await Deno.stat(path);
    if (!isFile || size > MOST_BYTES) {
      throw new DownloadError("url", isFile ? `it is longer than ${MOST_BYTES} bytes` : "no file");
    }
    return [await Deno.readFile(path), uri];
  } catch (error) {
    if (error instanceof DownloadError) throw error;
    const reason = error instanceof Deno.errors.NotFound
      ? "it is neither a file nor a URL"
      : error instanceof Deno.errors.NotCapable
      ? "Deno was not given --allow-read for it"
      : "it cannot be read";
    throw new DownloadError("url", reason, { cause: error });
  }
}

/**
 * Downloads a document into memory.
 *
 * @param uri where it is asked for
 * @param follow what makes jobs of it
 * @param first the answer that brings it, if it is there already
 * @throws {DownloadError} if it cannot be had, or not be downloaded by
 */
export async function fetchDocument<Jobs>(
  uri: TargetUri,
  follow: (document: Uint8Array) => Promise<Jobs>,
  context: DownloadContext,
  first: FinalAnswer | undefined,
): Promise<Jobs> {
  const document = new DocumentOutput(uri.href);
  const output = context.transport.codings === undefined
    ? document
    : new (await import("../output/decoded_output.ts")).DecodedOutput(document, undefined);
  const rules = { verification: undefined, finished: undefined, keepsTime: false };
  await download(context, output, { ...rules, nameFor: undefined }, first);
  try {
    return await follow(document.bytes);
  } catch (error) {
    const isFault = error instanceof DownloadError || error instanceof UsageError;
    if (!isFault) throw error;
    const failure = error instanceof DownloadError ? error.failure : "url";
    throw new DownloadError(failure, `${uri.href}: ${error.message}`, { cause: error });
  }
}

/** Takes a document into memory. */
export class DocumentOutput extends SequentialOutput {
  #pieces: Uint8Array[] = [];
  override readonly canBegin = true;

  /** The document; whole once the download is. */
  get bytes(): Uint8Array {
    const all = new Uint8Array(this.position);
    let at = 0;
    for (const piece of this.#pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    return all;
  }

  override begin(...representation: Parameters<SequentialOutput["begin"]>): void {
    this.#pieces = [];
    super.begin(...representation);
  }

  override write(bytes: Uint8Array): undefined {
    this.note(bytes);
    if (this.position > MOST_BYTES) {
      throw new DownloadError("protocol", `${this.name} is longer than ${MOST_BYTES} bytes`);
    }
    this.#pieces.push(bytes.slice());
  }

  override complete(): Promise<Placed> {
    return Promise.resolve("own");
  }

  override abandon(): Leftover {
    return NOTHING;
  }
}

/**
 * Makes the directories of a file that a document names.
 *
 * @param root the directory that nothing may be written outside of
 * @throws {DownloadError} `file`, if a symbolic link leads outside, or they cannot be made
 */
export async function makeWay(root: string, path: string): Promise<void> {
  const name = join(root, path);
  await fileErrors(name, async () => {
    const inside = await Deno.realPath(root);
    const steps = path.split("/").map((_, i, parts) => join(root, ...parts.slice(0, i + 1)));
    for (const step of steps.slice(0, -1)) {
      await Deno.mkdir(step).catch((error) => {
        if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      });
      await checkInside(step, inside, root);
    }
    const found = await Deno.lstat(name).catch(ignoreNotFound);
    if (found?.isSymlink) await checkInside(name, inside, root);
  });
}

async function checkInside(path: string, inside: string, root: string): Promise<void> {
  const there = await Deno.realPath(path).catch(ignoreNotFound);
  if (there !== undefined && there.startsWith(inside === "/" ? inside : `${inside}/`)) return;
  throw new DownloadError("file", `${path} leads outside of ${root}`);
}
