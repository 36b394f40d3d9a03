import { htmlReply, Redirect, type Reply, type Request } from "../net/handler.ts";
import { type FieldSection, isWritable } from "../http/fields.ts";
import { trimOws } from "../http/grammar.ts";
import { type Load, loadField } from "../http/load_report.ts";
import {
  choice,
  flag,
  option,
  optional,
  text,
  type ValueParser,
  type Values,
} from "../cli/option.ts";
import { type Cached, type CachedFile, FileCache } from "./file_cache.ts";
import { errorReply, errorReplyFor, filePath, isMissing } from "./file_path.ts";
import { FileResponder, type FileResponderOptions } from "./file_responder.ts";
import { ListingResponder } from "./listing_responder.ts";
import type { OpenFile } from "./open_file.ts";
import type { AskedHead } from "./representation.ts";
import type { FoundDirectory, Root } from "./root.ts";
import type { CacheStatus } from "./server_status.ts";
import { isTestFile, replyWithTestFile, TEST_PATH } from "./test_file.ts";

/** The value of Cache-Control. */
export const CACHE_CONTROL: ValueParser<string> = {
  placeholder: "VALUE",
  expected: "a value such as max-age=3600 or no-cache, in ASCII,",
  parse: (text) => isWritable("Cache-Control", text) ? trimOws(text) || undefined : undefined,
};

/** The options that say how files are served. */
export const FILE_OPTIONS = {
  listing: flag("list directories that have no index.html"),
  etag: option(
    choice(["time", "content"]),
    "time",
    "make the ETag of a file of its size and time, or of its SHA-256, sent as Repr-Digest as well",
  ),
  "cache-control": optional(CACHE_CONTROL, "the Cache-Control of files"),
  fallback: optional(
    text("FILE"),
    "the file below ROOT for paths that name nothing, with status 200",
  ),
};

/** The values of `FILE_OPTIONS`. */
export type FileValues = Values<typeof FILE_OPTIONS>;

/** The file that is sent for a directory. */
const INDEX = "index.html";

const FILE_BOUNDS = { bytes: 64 * 1024 * 1024, entries: 10_000 };

/** Of the paths to files in memory, in characters. */
const PATH_BOUNDS = { bytes: 4 * 1024 * 1024, entries: 10_000 };

/** For how long a file in memory is sent without a look at the disk. */
const FRESH_MS = 1000;

/** How the files below a root are served. */
export interface FileServerOptions extends FileResponderOptions {
  /** Whether directories without an index are listed. */
  readonly isListing: boolean;
  /** What answers to the test file say of the server, if anything. */
  readonly load?: (() => Load) | undefined;
  readonly monotonicMs: () => number;
}

/** A request for a file, or for a page of an error. */
export type FileRequest = Request & { readonly head: AskedHead };

/** A path that led to a file in memory. */
interface CachedPath extends Cached {
  /** From the root down. */
  readonly names: readonly string[];
  /** In the cache of files. */
  readonly key: string;
  checkedAtMs: number;
  /** The check that is running, which serves all requests. */
  check: Promise<boolean> | undefined;
}

/** Replies with the files below a root. */
export class FileServer {
  readonly #root: Root;
  readonly #options: FileServerOptions;
  readonly #files = new FileCache<CachedFile>(FILE_BOUNDS);
  readonly #paths = new FileCache<CachedPath>(PATH_BOUNDS);
  readonly #responder: FileResponder;
  readonly #listings: ListingResponder;
  #hits = 0;
  #misses = 0;

  constructor(root: Root, options: FileServerOptions) {
    this.#root = root;
    this.#options = options;
    this.#responder = new FileResponder(root, this.#files, options);
    this.#listings = new ListingResponder(root);
  }

  /** How the cache has done, and what it holds. */
  get cache(): CacheStatus {
    const { size: entries, bytes } = this.#files;
    return { hits: this.#hits, misses: this.#misses, entries, bytes };
  }

  /**
   * The reply to a GET or HEAD.
   *
   * @returns 200, 206, 304, 412 or 416 for a file; 200 for a listing; 301 from a directory's name to
   *     its slash; 400, 403, 404 or 503 with a page
   * @throws an error of the system that has no such status
   */
  reply(request: FileRequest): Reply | Promise<Reply> {
    const path = cachePath(request.target);
    const { load } = this.#options;
    if (load === undefined || path !== TEST_PATH) return this.#reply(path, request);
    const reply = this.#reply(path, request);
    return reply instanceof Promise
      ? reply.then((it) => withLoad(it, load()))
      : withLoad(reply, load());
  }

  #reply(path: string, request: FileRequest): Reply | Promise<Reply> {
    const known = this.#paths.get(path);
    // Without waiting, replies to pipelined requests leave in one write.
    if (known !== undefined && this.#options.monotonicMs() - known.checkedAtMs < FRESH_MS) {
      const file = this.#files.get(known.key);
      if (file !== undefined) return this.#replyFromMemory(file, request.head);
    }
    return this.#find(path, request, known);
  }

  async #find(path: string, request: FileRequest, known: CachedPath | undefined): Promise<Reply> {
    if (known !== undefined) {
      known.check ??= this.#isCurrent(known).finally(() => known.check = undefined);
      const file = await known.check ? this.#files.get(known.key) : undefined;
      if (file !== undefined) return this.#replyFromMemory(file, request.head);
      this.#paths.delete(path);
    }
    const reply = await this.#open(path, request).catch(errorReplyFor);
    const isBuiltIn = reply.statusCode === 404 && isTestFile(request.target);
    return isBuiltIn ? replyWithTestFile(request, this.#options.epochMs) : reply;
  }

  #replyFromMemory(file: CachedFile, head: AskedHead): Reply {
    this.#hits++;
    return file.reply(head, this.#options.epochMs);
  }

  async #isCurrent(known: CachedPath): Promise<boolean> {
    const checkedAtMs = this.#options.monotonicMs();
    if (!await this.#responder.isCurrent(known.names, known.key)) return false;
    known.checkedAtMs = checkedAtMs;
    return true;
  }

  async #open(path: string, request: FileRequest): Promise<Reply> {
    const { head, target } = request;
    const asked = filePath(target);
    if ("refusedWith" in asked) return errorReply(asked.refusedWith);
    const { names, isDirectory } = asked;
    const openedAtMs = this.#options.monotonicMs();
    const found = await this.#root.open(names);
    if (found === undefined) return errorReply(404);
    if (found.kind === "directory") {
      if (!isDirectory) return redirectToDirectory(target);
      return await this.#replyWithDirectory(path, found, names, request);
    }
    using file = found.file;
    if (isDirectory) return errorReply(404);
    return await this.#replyWithFile(path, file, names, head, openedAtMs);
  }

  async #replyWithFile(
    path: string,
    file: OpenFile,
    names: readonly string[],
    head: AskedHead,
    checkedAtMs: number,
  ): Promise<Reply> {
    this.#misses++;
    const { reply, key } = await this.#responder.reply(names, file, head);
    if (key !== undefined) {
      this.#paths.set(path, { names, key, checkedAtMs, check: undefined, bytes: path.length });
    }
    return reply;
  }

  async #replyWithDirectory(
    path: string,
    directory: FoundDirectory,
    names: readonly string[],
    { head, target }: FileRequest,
  ): Promise<Reply> {
    const openedAtMs = this.#options.monotonicMs();
    const index = await this.#root.open([...names, INDEX]).catch(undefinedIfMissing);
    if (index?.kind === "file") {
      using file = index.file;
      return await this.#replyWithFile(path, file, [...names, INDEX], head, openedAtMs);
    }
    if (this.#options.isListing) {
      return await this.#listings.reply(directory, names, target, head.fields);
    }
    const isEmptyRoot = names.length === 0 && await this.#listings.isEmpty(directory);
    return isEmptyRoot ? NOTHING_YET : errorReply(404);
  }
}

/** The path of a target's file in one spelling; empty, which no file has, if it means none. */
function cachePath(target: string): string {
  const query = target.indexOf("?");
  const path = query === -1 ? target : target.slice(0, query);
  if (!path.includes("%") && !path.includes("//")) {
    return path.endsWith("/") ? path + INDEX : path;
  }
  const asked = filePath(path);
  if ("refusedWith" in asked) return "";
  return ["", ...asked.names, ...(asked.isDirectory ? [INDEX] : [])].join("/");
}

function withLoad(reply: Reply, load: Load): Reply {
  return { ...reply, headerSection: reply.headerSection + loadField(load) as FieldSection };
}

/** For somebody who has just started the server. */
const NOTHING_YET = htmlReply(
  404,
  "The server is running, but there is nothing in its directory yet. Put files there, and they " +
    `are found under their names; one called ${INDEX} is shown here.`,
);

const TO_DIRECTORY = new Redirect(301, "This is a directory");

/** Relative, and never `//`, so that it cannot lead to another host (RFC 9110 §10.2.2). */
function redirectToDirectory(target: string): Reply {
  const [path = "", ...query] = target.split("?");
  const name = path.slice(path.lastIndexOf("/") + 1);
  return TO_DIRECTORY.to("", [`./${name}/`, ...query].join("?"));
}

function undefinedIfMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}
